"""The readers: how an expert would trace the true contour, and how the traced contour becomes the file's chords."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.geometry.contour import Tracing, find_normals
from lvzoo.geometry.ventricle import axis_length, disks_volume
from lvzoo.phantom.ranges import Ranges
from lvzoo.types import APEX_INDEX, CONTOUR_POINTS

CHORDS = 20
WALL_SD_MM = 1.0
AXIAL_SD_MM = 1.5
READER_SHARE = 0.6
"""Weight of what a reader does alike in all frames; the rest, 0.8, is drawn for each frame (squares add to 1)."""
WAVES = 9
"""Cosines of which the offset along the contour is made."""
APEX_WIDTH = 0.18
"""SD of the part of the contour that an axial shift of the apex moves, as a share of the contour."""
BASE_SHARE = 0.25
"""Share of the contour, at each end, that an axial shift of the base moves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """One reader's habits, which are alike in all frames."""

    offset_mm: float
    """How far outside of the true contour this reader traces."""
    habits: NDArray[np.float64]
    """Standard normal numbers: one for each wave along the wall, then one for the apex and one for the base."""


def draw_reader(rng: Generator, ranges: Ranges) -> Reader:
    """Draw one reader."""
    return Reader(offset_mm=ranges.reader_offset_mm.draw(rng), habits=_draw_habits(rng))


def _draw_habits(rng: Generator) -> NDArray[np.float64]:
    return rng.standard_normal(WAVES + 2)


def trace(
    contour_P2: NDArray[np.floating], reader: Reader, rng: Generator, *, mm_per_px: float
) -> NDArray[np.float64]:
    """Return the contour as a reader draws it on one frame.

    The contour is moved along its normal by the reader's offset and by smooth ones (RMS 1.0 mm; the waves leave the
    two annulus points independent of each other), and apex and base are shifted along the axis (SD 1.5 mm).
    """
    drawn = READER_SHARE * reader.habits + np.sqrt(1 - READER_SHARE**2) * _draw_habits(rng)
    along = np.linspace(0, 1, CONTOUR_POINTS)

    # Offset along the normal: sum of a_k cos(pi k u) / (1 + 0.3 k), scaled to the RMS; cos^2 averages 1/2.
    order = np.arange(WAVES)
    weight = 1 / (1 + 0.3 * order)
    rms = np.sqrt(weight[0] ** 2 + 0.5 * np.sum(weight[1:] ** 2))
    waves_mm = WALL_SD_MM / rms * np.cos(np.pi * np.outer(along, order)) @ (weight * drawn[:WAVES])

    # Shift along the axis: a Gaussian around the apex, and a ramp towards each end for the base.
    at_apex = np.exp(-((along - 0.5) ** 2) / (2 * APEX_WIDTH**2))
    at_base = np.clip(1 - np.minimum(along, 1 - along) / BASE_SHARE, 0, 1)
    axial_mm = AXIAL_SD_MM * (drawn[WAVES] * at_apex + drawn[WAVES + 1] * at_base)

    normal_mm = (reader.offset_mm + waves_mm)[:, None]
    offsets = np.outer(axial_mm, _direction(_long_axis(contour_P2))) + normal_mm * find_normals(contour_P2)
    return np.asarray(contour_P2 + offsets / mm_per_px)


def _long_axis(contour_P2: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the two ends of the long axis: the apex, and the middle between the annulus points."""
    return np.stack([contour_P2[APEX_INDEX], (contour_P2[0] + contour_P2[-1]) / 2]).astype(np.float64)


def _direction(axis_22: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit vector from apex to base."""
    return np.asarray((axis_22[1] - axis_22[0]) / axis_length(axis_22))


def make_tracing(contour_P2: NDArray[np.floating]) -> Tracing:
    """Turn an open contour into the file's form: the long axis and 20 chords perpendicular to it.

    The chords lie at (i - 1/2)/20 of the contour's extent along the axis, from apex to base, and each begins on the
    left wall. If the mitral plane is oblique, the last ones end on the mitral line.
    """
    axis_22 = _long_axis(contour_P2)
    down_2 = _direction(axis_22)
    across_2 = np.array([down_2[1], -down_2[0]])
    # Positions of the points along the axis (z) and across it (d), and the levels of the chords.
    z_P, d_P = (contour_P2 - axis_22[0]) @ down_2, (contour_P2 - axis_22[0]) @ across_2
    levels_R = z_P.min() + (np.arange(CHORDS) + 0.5) / CHORDS * np.ptp(z_P)
    # Every edge of the closed contour that crosses a level gives a point; a chord joins the two outermost points.
    z_next, d_next = np.roll(z_P, -1), np.roll(d_P, -1)
    crosses_RP = (z_P <= levels_R[:, None]) != (z_next <= levels_R[:, None])
    slope_P = (d_next - d_P) / np.where(z_next == z_P, 1.0, z_next - z_P)
    d_RP = d_P + (levels_R[:, None] - z_P) * slope_P
    left_R = np.where(crosses_RP, d_RP, np.inf).min(axis=1)
    right_R = np.where(crosses_RP, d_RP, -np.inf).max(axis=1)
    # Back to the frame's pixels.
    centres_R2 = axis_22[0] + np.outer(levels_R, down_2)
    ends = [centres_R2 + np.outer(d_R, across_2) for d_R in (left_R, right_R)]
    return Tracing(axis_22=axis_22, chords_R22=np.stack(ends, axis=1))


def disks_volume_px(contour_P2: NDArray[np.floating]) -> float:
    """Return the volume inside a contour by the method of disks, in px^3."""
    traced = make_tracing(contour_P2)
    diameters_R = np.linalg.norm(traced.chords_R22[:, 1] - traced.chords_R22[:, 0], axis=1)
    return disks_volume(diameters_R, axis_length(traced.axis_22))
