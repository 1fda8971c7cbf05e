"""Turns a curve of UnityLV-MultiX into a reference, and names what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.data.quirks import Quirk
from lvzoo.geometry.raster import rasterise
from lvzoo_datasets import unity_quirks as quirks
from lvzoo_datasets.unity_files import Curve

FEWEST_POINTS: Final = 5
MOST_LENGTH: Final = 1.5
"""A closed curve that is longer than this many times its convex hull runs to and fro."""
APEX_FROM: Final = 0.2
"""The apex lies at this share of the curve's length or more from either end."""
LEAST_VALVE: Final = 0.05
"""The valve's two ends are at least this share of the curve's length apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """A curve as a reference in its picture.

    `contour_P2` runs from the left end of the valve over the apex to the right end; it is None if no apex was found.
    """

    mask_HW: NDArray[np.bool_]
    contour_P2: NDArray[np.float64] | None
    quirks: tuple[Quirk, ...]


def read_outline(curve: Curve, size_HW: tuple[int, int]) -> Outline | Quirk:
    """Return the reference that a curve is in a picture of this size, or the quirk why it cannot be used."""
    if len(curve.x) != len(curve.y):
        return quirks.UNEQUAL
    points_P2 = np.stack([curve.x, curve.y], axis=1).astype(np.float64)
    if _is_broken(points_P2):
        return quirks.BROKEN
    mask_HW = rasterise(points_P2, size_HW)
    if not mask_HW.any():
        return quirks.EMPTY
    odd = [quirks.OUTSIDE] if _is_outside(points_P2, size_HW) else []
    if not _has_apex(points_P2):
        return Outline(mask_HW=mask_HW, contour_P2=None, quirks=(*odd, quirks.NO_APEX))
    if points_P2[0, 0] > points_P2[-1, 0]:
        points_P2 = points_P2[::-1]
        odd.append(quirks.REVERSED)
    return Outline(mask_HW=mask_HW, contour_P2=points_P2, quirks=tuple(odd))


def _is_broken(points_P2: NDArray[np.float64]) -> bool:
    """Return whether points are no outline: too few, not finite, or running to and fro."""
    if len(points_P2) < FEWEST_POINTS or not np.isfinite(points_P2).all():
        return True
    hull_P12 = cv2.convexHull(points_P2.astype(np.float32))
    around_px = float(cv2.arcLength(hull_P12, closed=True))
    length_px = _measure_length(np.vstack([points_P2, points_P2[:1]]))
    return around_px == 0 or length_px > MOST_LENGTH * around_px


def _is_outside(points_P2: NDArray[np.float64], size_HW: tuple[int, int]) -> bool:
    rounded_P2, (rows, columns) = np.rint(points_P2), size_HW
    return bool((rounded_P2 < 0).any() or (rounded_P2 >= (columns, rows)).any())


def _has_apex(points_P2: NDArray[np.float64]) -> bool:
    """Return whether the point farthest from the valve lies well between the ends, and the ends apart."""
    middle_2 = (points_P2[0] + points_P2[-1]) / 2
    apex = int(np.argmax(np.linalg.norm(points_P2 - middle_2, axis=1)))
    length_px = _measure_length(points_P2)
    valve_px = float(np.linalg.norm(points_P2[-1] - points_P2[0]))
    share = _measure_length(points_P2[: apex + 1]) / length_px
    return APEX_FROM <= share <= 1 - APEX_FROM and valve_px >= LEAST_VALVE * length_px


def _measure_length(points_P2: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(np.diff(points_P2, axis=0), axis=1).sum())
