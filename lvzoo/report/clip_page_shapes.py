"""The outlines of a clip's page, as SVG path commands that are drawn over its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types.answer import View

SCREEN_PX: Final = 640
"""The page shows the longer side of the view in about so many px of a screen."""
UNITS: Final = 4
"""Coordinates are whole numbers: quarters of a px of that screen."""
TOLERANCE: Final = 0.7
"""A point may be left out if the outline then moves by at most so many px of that screen."""
MOST_POINTS: Final = 200
SMOOTHING: Final = 0.8 / 112
"""Outlines are smoothed by a Gaussian along them, so that the steps of a mask's pixels do not show. Its standard
deviation is this share of the view's longer side, which is less than a px of the frames that models see."""


def shape_scale(view: View) -> float:
    """Return how many units of a path's coordinates one px of the clip has."""
    return UNITS * SCREEN_PX / max(view.width, view.height)


def make_path(outline_P2: NDArray[np.float32] | None, view: View) -> str:
    """Return SVG path commands for a closed outline in px of the clip; an empty text without an outline.

    The clip's pixel centres lie at whole numbers, and those of a picture in the page half a pixel further.
    """
    if outline_P2 is None or len(outline_P2) < 3 or not np.isfinite(outline_P2).all():
        return ""
    corner_2 = np.array([view.left, view.top]) - 0.5
    smooth_P2 = smooth_outline(outline_P2, SMOOTHING * max(view.width, view.height))
    points_P2 = ((smooth_P2 - corner_2) * shape_scale(view)).astype(np.float32)
    tolerance = UNITS * TOLERANCE
    while True:
        kept_P2 = np.rint(cv2.approxPolyDP(points_P2, tolerance, True)[:, 0]).astype(int)
        if len(kept_P2) <= MOST_POINTS:
            break
        tolerance *= 1.5
    steps = np.diff(kept_P2, axis=0).ravel().tolist()
    if not steps:
        return ""
    line = "".join(f"{step:d}" if step < 0 else f" {step:d}" for step in steps).removeprefix(" ")
    return f"M{kept_P2[0, 0]} {kept_P2[0, 1]}l{line}z"


def smooth_outline(outline_P2: NDArray[np.floating], sigma_px: float) -> NDArray[np.float64]:
    """Return a closed outline smoothed along itself, with points at steps of half a `sigma_px`."""
    closed_P2 = np.vstack([outline_P2, outline_P2[:1]]).astype(np.float64)
    arc_P = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed_P2, axis=0), axis=1))])
    count = int(2 * arc_P[-1] / sigma_px)
    if count < 16:  # so small that smoothing would shrink it
        return closed_P2[:-1]
    places = np.linspace(0, arc_P[-1], count, endpoint=False)
    even_P2 = np.stack([np.interp(places, arc_P, closed_P2[:, axis]) for axis in (0, 1)], axis=1)
    return np.asarray(gaussian_filter1d(even_P2, sigma_px * count / arc_P[-1], axis=0, mode="wrap"))
