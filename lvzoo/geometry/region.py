"""Which bright pixels of a frame belong to the picture that the probe made, and which are marks beside it.

Exact comparisons of whole and fixed numbers alone: the sector's fit, and with it the noise suites, rests on this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import ndimage

from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SHARE: Final = 1 / 400
"""Of the frame: what is smaller is a depth mark, the probe's marker, a letter or a speck."""
LEAST_BLOCK_PX: Final = 3
"""A part of the picture is somewhere this thick, on a frame of 112 x 112; letters and traces are thin lines."""
APEX_PX: Final = (56.0, 4.0)
APEX_ROOM_PX: Final = 13.0
SLOPE: Final = 1.28
REACH_PX: Final = 114.0
"""Where a picture lies on a frame of 112 x 112: within 13 px to the side of the usual apex, and below that within a
little more than the widest usual opening (a slope of 1.28 is 52 degrees) and depth. Corners lie outside."""


def scanned_region(bright_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest 4-connected region, and every other that is large, thick and where a sector would be.

    Dropouts, shadows and low gain tear a picture apart: its largest piece may be a single wall. Of equally large
    regions the first in reading order counts as the largest.
    """
    labels_HW, regions = ndimage.label(bright_HW)
    if regions == 0:
        return bright_HW
    sizes = np.bincount(labels_HW.ravel())
    sizes[0] = 0
    joined = (sizes >= LEAST_SHARE * bright_HW.size) & _thick(labels_HW, regions)
    joined[np.unique(labels_HW[~_where_sectors_are(bright_HW.shape)])] = False
    joined[int(np.argmax(sizes))] = True
    return np.asarray(joined[labels_HW])


def _thick(labels_HW: NDArray[np.signedinteger], regions: int) -> NDArray[np.bool_]:
    """Return for each label whether its region holds a square block; the background (label 0) is no region."""
    side = max(1, round(LEAST_BLOCK_PX * labels_HW.shape[0] / FRAME_SIZE_HW[0]))
    blocks_HW = ndimage.binary_erosion(labels_HW > 0, np.ones((side, side), dtype=np.bool_), border_value=1)
    thick = np.zeros(regions + 1, dtype=np.bool_)
    thick[np.unique(labels_HW[blocks_HW])] = True
    thick[0] = False
    return thick


def _where_sectors_are(size_HW: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the pixels where the sector of an apical view may lie."""
    (down, across) = (size / standard for size, standard in zip(size_HW, FRAME_SIZE_HW, strict=True))
    y_H1 = np.arange(size_HW[0])[:, None] / down - APEX_PX[1]
    x_1W = np.abs(np.arange(size_HW[1])[None, :] / across - APEX_PX[0])
    return np.asarray((x_1W <= APEX_ROOM_PX + SLOPE * y_H1) & (x_1W**2 + y_H1**2 <= REACH_PX**2))
