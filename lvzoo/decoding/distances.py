"""Signed distances to the border of a mask, and the mean of the masks of several models.

Letters in names: B frames of a batch, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

FAR_PX: Final = 10.0
"""The largest distance outside that is told apart. Without a bound, one stray mask would outweigh all others."""
DEEP_PX: Final = 9.0
"""The largest distance inside. It is smaller, so that what one of two models finds far from the other is left out."""
NEAR_PX: Final = 0.05
"""The smallest distance, so that its sign always says whether a pixel is inside."""
BLUR_PX: Final = 0.7
"""Standard deviation of the Gaussian after which the half-way level of a mask is a smooth border."""
FINE: Final = 4
"""Distances are measured on a grid that is so many times finer than the pixels."""


def measure_distances(masks_BHW: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the signed distance in px of each pixel to the border of its mask: positive inside, bounded.

    The border is the half-way level of the mask after a slight blur, which follows a smooth shape to a fraction of a
    pixel. All distances of an empty mask are -FAR_PX.
    """
    distances_BHW = np.full(masks_BHW.shape, -FAR_PX, dtype=np.float32)
    for distances_HW, mask_HW in zip(distances_BHW, masks_BHW, strict=True):
        if mask_HW.any():
            window = _find_window(mask_HW)
            distances_HW[window] = _measure(mask_HW[window])
    return distances_BHW


def average_masks(masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Return the mean (B, H, W) of the masks (B, H, W) of several models: the mean of their signed distances is >= 0.

    Where two borders run side by side, the mean runs midway between them. Pixels on which all masks agree stay as
    they are. A model that finds nothing in a frame is left out of that frame's mean.
    """
    if len(masks) == 1:
        return masks[0]
    mean_BHW = np.zeros(masks[0].shape, dtype=np.bool_)
    for frame, mean_HW in enumerate(mean_BHW):
        found = [each[frame] for each in masks if each[frame].any()]
        if found:
            mean_HW[:] = measure_distances(np.stack(found)).mean(axis=0) >= 0
    return mean_BHW


def _find_window(mask_HW: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns outside which every distance is -FAR_PX."""
    spans = [np.flatnonzero(mask_HW.any(axis=axis)) for axis in (1, 0)]
    margin = round(FAR_PX) + 1
    rows, columns = (slice(max(0, int(span[0]) - margin), int(span[-1]) + margin + 1) for span in spans)
    return rows, columns


def _measure(mask_HW: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the signed distances of one mask, which is not empty."""
    soft_HW = cv2.GaussianBlur(mask_HW.astype(np.float32), (0, 0), BLUR_PX, borderType=cv2.BORDER_REPLICATE)
    fine = cv2.resize(soft_HW, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_LINEAR) >= 0.5
    # On the fine grid, the border lies midway between the centres of two cells.
    signed = np.where(fine, _to_nearest(~fine) - 0.5, 0.5 - _to_nearest(fine)) / FINE
    signed = signed.clip(-FAR_PX, DEEP_PX).astype(np.float32)
    size = (mask_HW.shape[1], mask_HW.shape[0])
    distances_HW = cv2.resize(signed, size, interpolation=cv2.INTER_AREA)  # the mean over each pixel's cells
    inside_HW, outside_HW = np.maximum(distances_HW, NEAR_PX), np.minimum(distances_HW, -NEAR_PX)
    return np.where(mask_HW, inside_HW, outside_HW).astype(np.float32)


def _to_nearest(cells: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance of each cell to the nearest one of some cells; infinity if there are none."""
    if not cells.any():
        return np.full(cells.shape, np.inf, dtype=np.float32)
    others = (~cells).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(others, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), dtype=np.float32)
