"""The mean of the masks of several models, by the signed distances to their borders.

Letters in names: B frames of a batch, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.distance import measure_depth

FAR_PX: Final = 10.0
"""The largest distance outside that is told apart. Without a bound, one stray mask would outweigh all others."""
DEEP_PX: Final = 9.0
"""The largest distance inside. It is smaller, so that what one of two models finds far from the other is left out."""


def measure_distances(masks_BHW: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the signed distance in px of each pixel to the border of its mask: positive inside, bounded."""
    depths_BHW = np.empty(masks_BHW.shape, dtype=np.float32)
    for depth_HW, mask_HW in zip(depths_BHW, masks_BHW, strict=True):
        depth_HW[:] = measure_depth(mask_HW, deepest_px=DEEP_PX, farthest_px=FAR_PX)
    return depths_BHW


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
