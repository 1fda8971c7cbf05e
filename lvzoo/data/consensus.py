"""Joins the masks of several readers of one frame into one mask, their consensus.

The pixels are put to the vote. That needs no point of one reader's contour to correspond to a point of another's, and
one careless reader moves the border little. docs/decisions/0048 compares this rule with others.

Letters in names: R readers, H rows, W columns.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.distance import measure_depth

FARTHEST_PX: Final = 8.0
"""Borders that are farther away than this count as being at this distance; only a tie of the votes needs them."""


def find_consensus(masks_RHW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the consensus (H, W) of the masks of one or more readers.

    A pixel is inside if more than half of the readers have it inside. Where exactly half of them have it inside, the
    border runs midway between the two borders in the middle. So an even number of readers favours neither large nor
    small masks.

    Both rules are one: the median over readers of a pixel's depth below the border is above 0.

    >>> row = np.array([[[False, True, True, True, True, False, False, False, False]]])
    >>> shifted = np.roll(row, 4, axis=2)
    >>> find_consensus(np.concatenate([row, row, shifted])).astype(int).tolist()
    [[0, 1, 1, 1, 1, 0, 0, 0, 0]]
    """
    return np.asarray(np.median(_measure_depths(masks_RHW), axis=0) > 0)


def find_consensus_of_others(masks_RHW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each of two or more readers the consensus of all the others, (R, H, W)."""
    others_RHW = np.zeros_like(masks_RHW)
    rows, columns = _find_window(masks_RHW)
    depths_RHW = _measure_depths(masks_RHW)[:, rows, columns]
    sorted_RHW = np.sort(depths_RHW, axis=0)

    def pick(place: int) -> NDArray[np.float32]:
        """Return the depth that has a place among those of the others: all without the reader's own."""
        own_is_lower = depths_RHW <= sorted_RHW[place]
        return np.asarray(np.where(own_is_lower, sorted_RHW[place + 1], sorted_RHW[place]))

    others = len(masks_RHW) - 1
    others_RHW[:, rows, columns] = pick((others - 1) // 2) + pick(others // 2) > 0
    return others_RHW


def _measure_depths(masks_RHW: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.stack(
        [measure_depth(mask_HW, deepest_px=FARTHEST_PX, farthest_px=FARTHEST_PX) for mask_HW in masks_RHW]
    )


def _find_window(masks_RHW: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns that hold every mask; a pixel outside is in nobody's mask."""
    inside_HW = np.logical_or.reduce(masks_RHW, axis=0)
    if not inside_HW.any():
        return slice(0, 0), slice(0, 0)
    spans = [np.flatnonzero(np.logical_or.reduce(inside_HW, axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(int(span[0]), int(span[-1]) + 1) for span in spans)
    return rows, columns
