"""Measures how far outside of the traced border a predicted one lies.

Letters in names: N frames, P contour points, H rows, W columns.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from lvzoo.geometry.distance import measure_depth

FAR_PX: Final = 16.0
"""No distance is larger. An empty mask lies so far inside."""


def measure_borders(
    predicted_NHW: NDArray[np.bool_], reference_NHW: NDArray[np.bool_], contours_NP2: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return how far outside of each frame's traced border the predicted one lies, in px; negative: inside.

    It is the mean over the points of the traced contour, so the mitral plane does not count. A point's distance to
    the border of the reference mask is subtracted, because filling a contour moves its border a little. The distance
    is that to the nearest border. Near the annulus this may be the mitral plane, so a contour that is moved by 1 px
    along its normal all around differs by about 0.85 px.
    """
    frames = zip(predicted_NHW, reference_NHW, contours_NP2, strict=True)
    return np.array([_depth(mask, points) - _depth(traced, points) for mask, traced, points in frames])


def _depth(mask_HW: NDArray[np.bool_], points_P2: NDArray[np.floating]) -> float:
    """Return the mean depth of points below the border of a mask, in px; negative outside of the mask."""
    depth_HW = measure_depth(mask_HW, deepest_px=FAR_PX, farthest_px=FAR_PX)
    return float(map_coordinates(depth_HW, points_P2.T[::-1], order=1, mode="nearest").mean())
