"""Measures the signed distance of pixels to the border of a mask.

Letters in names: H rows, W columns.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

NEAR_PX: Final = 0.05
"""The smallest distance, so that its sign always says whether a pixel is inside."""
BLUR_PX: Final = 0.7
"""Standard deviation of the Gaussian after which the half-way level of a mask is a smooth border."""
FINE: Final = 4
"""Distances are measured on a grid that is so many times finer than the pixels."""


def measure_depth(
    mask_HW: NDArray[np.bool_], *, deepest_px: float, farthest_px: float
) -> NDArray[np.float32]:
    """Return how deep each pixel lies below the border of a mask, in px; negative outside of the mask.

    The border is the half-way level of the mask after a slight blur, which follows a smooth shape to a fraction of a
    pixel. The depth is at most `deepest_px` inside and `-farthest_px` outside. All pixels of an empty mask are at the
    latter.
    """
    depth_HW = np.full(mask_HW.shape, -farthest_px, dtype=np.float32)
    if mask_HW.any():
        window = _find_window(mask_HW, margin_px=round(farthest_px) + 1)
        depth_HW[window] = _measure(mask_HW[window], deepest_px, farthest_px)
    return depth_HW


def _find_window(mask_HW: NDArray[np.bool_], *, margin_px: int) -> tuple[slice, slice]:
    """Return the rows and columns of a mask with a margin around it."""
    spans = [np.flatnonzero(mask_HW.any(axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(max(0, int(span[0]) - margin_px), int(span[-1]) + margin_px + 1) for span in spans)
    return rows, columns


def _measure(mask_HW: NDArray[np.bool_], deepest_px: float, farthest_px: float) -> NDArray[np.float32]:
    """Return the depths of one mask, which is not empty."""
    soft_HW = cv2.GaussianBlur(mask_HW.astype(np.float32), (0, 0), BLUR_PX, borderType=cv2.BORDER_REPLICATE)
    fine = cv2.resize(soft_HW, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_LINEAR) >= 0.5
    # On the fine grid, the border lies midway between the centres of two cells.
    depth = np.where(fine, _to_nearest(~fine) - 0.5, 0.5 - _to_nearest(fine)) / FINE
    depth = depth.clip(-farthest_px, deepest_px).astype(np.float32)
    size = (mask_HW.shape[1], mask_HW.shape[0])
    depth_HW = cv2.resize(depth, size, interpolation=cv2.INTER_AREA)  # the mean over each pixel's cells
    inside_HW, outside_HW = np.maximum(depth_HW, NEAR_PX), np.minimum(depth_HW, -NEAR_PX)
    return np.where(mask_HW, inside_HW, outside_HW).astype(np.float32)


def _to_nearest(cells: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance of each cell to the nearest one of some cells; infinity if there are none."""
    if not cells.any():
        return np.full(cells.shape, np.inf, dtype=np.float32)
    others = (~cells).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(others, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), dtype=np.float32)
