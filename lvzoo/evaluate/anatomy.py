"""Finds masks that cannot be a ventricle: in several pieces, with holes, or beyond the mitral valve.

Pixels of a mask are connected if they touch, even at a corner (8-connected), because the rasteriser sometimes leaves
a tip that is attached only by a corner, also in references. Pixels of the background are connected if they share a
side (4-connected), as digital topology requires when the mask is 8-connected. A hole is background that a mask
encloses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import ndimage

from lvzoo.evaluate.dice import pack
from lvzoo.types import APEX_INDEX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.evaluate.boundary import Boundaries

TOUCHING: Final = np.stack([np.full((3, 3), each) for each in (False, True, False)])
"""The neighbours of a pixel (N, H, W): the eight around it in the same mask, none in other masks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topology:
    """The numbers of connected pieces and of holes of each mask. An empty mask has none."""

    components_N: NDArray[np.int64]
    holes_N: NDArray[np.int64]


def topology(masks_NHW: NDArray[np.bool_]) -> Topology:
    """Count the components (8-connected) and the holes (4-connected enclosed background) of each mask.

    Components are counted by labelling them. The holes follow from the Euler number, which is components minus holes.
    """
    masks_NHW = np.ascontiguousarray(masks_NHW)
    labels_NHW, _ = ndimage.label(masks_NHW, structure=TOUCHING)
    last_N = np.maximum.accumulate(labels_NHW.max(axis=(1, 2)))  # labels are numbered frame by frame
    components_N = np.diff(last_N, prepend=0).astype(np.int64)
    return Topology(components_N=components_N, holes_N=components_N - _euler_numbers(masks_NHW))


def _euler_numbers(masks_NHW: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the Euler number of each mask for 8-connected pixels, as a sum over local patterns.

    It is the number of horizontal runs of pixels, minus the number of runs that neighbouring rows have in common,
    minus the number of 2 x 2 squares in which two mask pixels touch only at a corner. Each common run or corner joins
    two pieces or closes a hole. Source: Gray 1971, doi 10.1109/T-C.1971.223289.
    """
    above, below = masks_NHW[:, :-1], masks_NHW[:, 1:]
    # In such a square the pixels differ in both rows and in the left column, so just one of its diagonals is set
    differ = masks_NHW[:, :, :-1] ^ masks_NHW[:, :, 1:]
    corners = differ[:, :-1] & differ[:, 1:] & (above ^ below)[:, :, :-1]
    return _count_runs(masks_NHW) - _count_runs(above & below) - pack(corners).areas_N


def _count_runs(masks_NHW: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the horizontal runs of pixels of each mask. A run begins where the pixel to the left is not set."""
    return pack(masks_NHW[:, :, :1]).areas_N + pack(masks_NHW[:, :, 1:] & ~masks_NHW[:, :, :-1]).areas_N


def apex_below_base(predicted: Boundaries, contours_NP2: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return for each mask whether its apex lies beyond the reference's mitral line: the model found the atrium.

    The mitral line joins the two ends of the reference contour. A mask's apex is its pixel farthest from the middle
    of this line, which is always a boundary pixel; if several are equally far, it is the first in reading order.
    Beyond the line is the side without the reference's apex. An empty mask has no apex, and the answer is False.
    """
    left_N2, right_N2 = contours_NP2[:, 0].astype(np.float64), contours_NP2[:, -1].astype(np.float64)
    middle_N2 = (left_N2 + right_N2) / 2
    # Vectors from the middle of each mitral line: to the reference's apex, and to the mask's boundary pixels
    along_N2, to_apex_N2 = right_N2 - left_N2, contours_NP2[:, APEX_INDEX] - middle_N2
    frame_Q = np.repeat(np.arange(len(predicted)), predicted.counts_N)
    from_middle_Q2 = predicted.points_Q2[: len(frame_Q)] - middle_N2[frame_Q]

    square_Q = np.square(from_middle_Q2).sum(axis=1)
    farthest_N = np.zeros(len(predicted))
    np.maximum.at(farthest_N, frame_Q, square_Q)
    # Several pixels of a mask may be equally far: in reversed order, the first one is written last and stays
    farthest_pixels = np.flatnonzero(square_Q == farthest_N[frame_Q])[::-1]
    found_N2 = to_apex_N2.copy()  # an empty mask keeps the reference's apex
    found_N2[frame_Q[farthest_pixels]] = from_middle_Q2[farthest_pixels]

    return np.asarray(_side(along_N2, found_N2) * _side(along_N2, to_apex_N2) < 0)


def _side(line_N2: NDArray[np.float64], point_N2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cross product of a line through the origin and a point. Its sign is the side of the point."""
    return np.asarray(line_N2[:, 0] * point_N2[:, 1] - line_N2[:, 1] * point_N2[:, 0])
