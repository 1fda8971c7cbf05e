"""What no ventricle looks like: a mask in pieces, with holes, or on the atrium's side of the mitral valve.

Pixels of a mask belong together where they touch, be it at a corner: the rasteriser leaves a tip now and then that
hangs on by one, in references too. Pixels of the background belong together where they share a side, as digital
topology asks of the other of the two, so that a hole is what such a mask closes in.
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
"""Which neighbours of a pixel of N masks belong to it: the eight around it, none in another mask."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topology:
    """How many pieces each mask has, and how many holes; an empty mask has none of either."""

    components_N: NDArray[np.int64]
    holes_N: NDArray[np.int64]


def topology(masks_NHW: NDArray[np.bool_]) -> Topology:
    """Count each mask's components (8-connected) and its holes (4-connected background that it closes in).

    Components are labelled; holes follow from Euler's number, which is components less holes.
    """
    masks_NHW = np.ascontiguousarray(masks_NHW)
    labels_NHW, _ = ndimage.label(masks_NHW, structure=TOUCHING)
    last_N = np.maximum.accumulate(labels_NHW.max(axis=(1, 2)))  # labels are numbered frame after frame
    components_N = np.diff(last_N, prepend=0).astype(np.int64)
    return Topology(components_N=components_N, holes_N=components_N - _euler_numbers(masks_NHW))


def _euler_numbers(masks_NHW: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return each mask's Euler number for 8-connected pixels, a sum over local patterns.

    Runs of pixels along the rows, less the overlaps of runs in neighbouring rows (their own runs), less the 2 x 2
    squares whose two pixels of the mask touch at a corner only. Source: Gray 1971, doi 10.1109/T-C.1971.223289.
    """
    above, below = masks_NHW[:, :-1], masks_NHW[:, 1:]
    unlike = masks_NHW[:, :, :-1] ^ masks_NHW[:, :, 1:]
    corners = unlike[:, :-1] & unlike[:, 1:] & (above ^ below)[:, :, :-1]
    return _runs(masks_NHW) - _runs(above & below) - pack(corners).areas_N


def _runs(masks_NHW: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count each mask's runs of pixels along the rows: one begins wherever the pixel before is not in the mask."""
    return pack(masks_NHW[:, :, :1]).areas_N + pack(masks_NHW[:, :, 1:] & ~masks_NHW[:, :, :-1]).areas_N


def apex_below_base(predicted: Boundaries, contours_NP2: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell of each mask whether what it has for an apex lies beyond the mitral line: the model found the atrium.

    Its apex is the pixel farthest from the middle of the reference's mitral line (the ends of the contour), and so
    one of its boundary; of equally far ones the first in reading order. Beyond is where the reference's own apex is
    not. An empty mask has no apex.
    """
    left_N2, right_N2 = contours_NP2[:, 0].astype(np.float64), contours_NP2[:, -1].astype(np.float64)
    middle_N2 = (left_N2 + right_N2) / 2
    along_N2, to_apex_N2 = right_N2 - left_N2, contours_NP2[:, APEX_INDEX] - middle_N2
    frame_Q = np.repeat(np.arange(len(predicted)), predicted.counts_N)
    from_middle_Q2 = predicted.points_Q2[: len(frame_Q)] - middle_N2[frame_Q]
    square_Q = np.square(from_middle_Q2).sum(axis=1)
    farthest_N = np.zeros(len(predicted))
    np.maximum.at(farthest_N, frame_Q, square_Q)
    apexes = np.flatnonzero(square_Q == farthest_N[frame_Q])[::-1]  # the first is written last
    found_N2 = to_apex_N2.copy()
    found_N2[frame_Q[apexes]] = from_middle_Q2[apexes]
    return np.asarray(_side(along_N2, found_N2) * _side(along_N2, to_apex_N2) < 0)


def _side(line_N2: NDArray[np.float64], point_N2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return on which side of a line through the origin a point lies: the sign of the cross product."""
    return np.asarray(line_N2[:, 0] * point_N2[:, 1] - line_N2[:, 1] * point_N2[:, 0])
