"""Separates the bright pixels of the probe's picture from the marks that a machine draws beside it.

The fit of the sector, and with it the bytes of the noise suites, depends on this. Therefore every step
is an exact comparison of whole or fixed numbers, with the same result on every machine.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lvzoo.types import FRAME_SIZE_HW

LEAST_SHARE: Final = 1 / 400
"""The smallest part of the picture, as a share of the frame; depth marks, letters and specks are smaller."""
LEAST_BLOCK_PX: Final = 3
"""A part of the picture holds a square of this size, on a frame of 112 x 112; letters and traces are thinner."""
APEX_PX: Final = (56.0, 4.0)
APEX_ROOM_PX: Final = 13.0
SLOPE: Final = 1.28
REACH_PX: Final = 114.0
"""Where the picture lies on a frame of 112 x 112: up to 13 px to the left and right of the usual apex, and below it
within a little more than the widest usual opening (a slope of 1.28 is 52 degrees) and depth. The frame's corners lie
outside."""


def scanned_region(bright_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest 4-connected region, and every other one that is large, thick and lies where a sector may be.

    The others are needed because dropouts, shadows and low gain split a picture into regions; its largest one may be
    a single wall. If two regions are equally large, the first in reading order counts as the largest.
    """
    labels_HW, regions = ndimage.label(bright_HW)
    if regions == 0:
        return bright_HW
    sizes = np.bincount(labels_HW.ravel())
    sizes[0] = 0
    joined = (sizes >= LEAST_SHARE * bright_HW.size) & _find_thick(labels_HW, regions)
    # A region that reaches outside the place of a sector is a mark; the largest region is always kept.
    joined[np.unique(labels_HW[~_possible_sector(bright_HW.shape)])] = False
    joined[int(np.argmax(sizes))] = True
    return np.asarray(joined[labels_HW])


def _find_thick(labels_HW: NDArray[np.signedinteger], regions: int) -> NDArray[np.bool_]:
    """Return for each label whether its region holds a square block; it is False for the background (label 0)."""
    side = max(1, round(LEAST_BLOCK_PX * labels_HW.shape[0] / FRAME_SIZE_HW[0]))
    # A column and then a row erode as a square does, but faster: the time for a square grows with its area.
    blocks_HW = labels_HW > 0
    for block in ((side, 1), (1, side)):
        blocks_HW = ndimage.binary_erosion(blocks_HW, np.ones(block, dtype=np.bool_), border_value=1)
    thick = np.zeros(regions + 1, dtype=np.bool_)
    thick[np.unique(labels_HW[blocks_HW])] = True
    thick[0] = False
    return thick


def _possible_sector(size_HW: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the pixels where the sector of an apical view may lie."""
    # Pixel coordinates on a frame of 112 x 112: y below the usual apex, x the distance from its column.
    (down, across) = (size / standard for size, standard in zip(size_HW, FRAME_SIZE_HW, strict=True))
    y_H1 = np.arange(size_HW[0])[:, None] / down - APEX_PX[1]
    x_1W = np.abs(np.arange(size_HW[1])[None, :] / across - APEX_PX[0])
    return np.asarray((x_1W <= APEX_ROOM_PX + SLOPE * y_H1) & (x_1W**2 + y_H1**2 <= REACH_PX**2))
