"""Traces the open contour of a mask, for data sets that come with masks alone.

A mask shows neither the apex nor where the mitral valve is attached. Both are guessed from its outline: the valve
ends at the two corners of the lower end, and the apex is the point of the outline that is farthest from the middle
between them. docs/data.md says how far this is from tracings that are known.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from lvzoo.geometry.contour import join_walls
from lvzoo.geometry.shape import find_axis

SIGMA_SHARE: Final = 0.025
"""The mask is smoothed by this share of the square root of its area: about 1 px of a usual ventricle on 112 x 112."""
LEAST_POINTS: Final = 8
"""An outline of fewer points has no walls."""


def trace_mask(
    mask_HW: NDArray[np.bool_], annulus_22: NDArray[np.floating] | None = None
) -> NDArray[np.float32] | None:
    """Return the contour (121, 2) of the largest piece of a mask, from left annulus over apex to right annulus.

    Points are (x, y) px. Holes are filled. `annulus_22` holds the two ends of the mitral valve, left first, if they
    are known; the contour then begins and ends there.

    Returns None if the mask is too small to have a long axis.
    """
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    if not len(rows):
        return None
    # Only the box around the mask is searched: the pictures of some data sets are large.
    box_HW = mask_HW[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    piece_HW = keep_largest_piece(box_HW)
    axis = find_axis(piece_HW)
    outline_P2 = None if axis is None else _find_outline(piece_HW)
    if axis is None or outline_P2 is None:
        return None
    outline_P2 += (columns[0], rows[0])
    if annulus_22 is None:
        wall_P2 = _cut_at(outline_P2, *_find_corners(outline_P2, axis.direction_2), axis.direction_2)
    else:
        left_2, right_2 = np.asarray(annulus_22, dtype=np.float64)
        places = _nearest(outline_P2, left_2), _nearest(outline_P2, right_2)
        wall_P2 = np.vstack([left_2, _cut_at(outline_P2, *places, axis.direction_2), right_2])
    return open_wall(wall_P2)


def keep_largest_piece(mask_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest piece of a mask with its holes filled; pixels that touch at a corner belong together."""
    labels_HW, pieces = ndimage.label(mask_HW, structure=np.ones((3, 3)))
    if pieces > 1:
        sizes = np.bincount(labels_HW.ravel())
        sizes[0] = 0
        mask_HW = labels_HW == int(np.argmax(sizes))
    return np.asarray(ndimage.binary_fill_holes(mask_HW), dtype=np.bool_)


def count_pieces(mask_HW: NDArray[np.bool_]) -> int:
    """Return how many pieces a mask has; pixels that touch at a corner belong together."""
    return int(ndimage.label(mask_HW, structure=np.ones((3, 3)))[1])


def _find_outline(piece_HW: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Return the outline of the smoothed mask as a closed polygon (P, 2), without its repeated last point."""
    sigma_px = SIGMA_SHARE * float(np.sqrt(piece_HW.sum()))
    room = int(np.ceil(4 * sigma_px)) + 1
    soft_HW = ndimage.gaussian_filter(np.pad(piece_HW.astype(np.float64), room), sigma_px)
    found = find_contours(soft_HW, 0.5)  # type: ignore[no-untyped-call] # untyped there
    outline_P2 = max((each[:-1, ::-1] for each in found), key=len, default=None)
    return None if outline_P2 is None or len(outline_P2) < LEAST_POINTS else outline_P2 - room


def _find_corners(outline_P2: NDArray[np.float64], down_2: NDArray[np.float64]) -> tuple[int, int]:
    """Return the places of the lower end's corners: the outermost points in the two directions halfway down."""
    across_2 = np.array([down_2[1], -down_2[0]])
    left_2, right_2 = down_2 - across_2, down_2 + across_2
    return int(np.argmax(outline_P2 @ left_2)), int(np.argmax(outline_P2 @ right_2))


def _nearest(outline_P2: NDArray[np.float64], point_2: NDArray[np.float64]) -> int:
    return int(np.argmin(np.linalg.norm(outline_P2 - point_2, axis=1)))


def _cut_at(
    outline_P2: NDArray[np.float64], left: int, right: int, down_2: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the part of the outline that runs from one place over the apex to the other."""
    one_P2 = np.roll(outline_P2, -left, axis=0)[: (right - left) % len(outline_P2) + 1]
    other_P2 = np.roll(outline_P2, -right, axis=0)[: (left - right) % len(outline_P2) + 1][::-1]
    # The wall is the part that reaches higher up along the axis; the other part is the valve.
    return min((one_P2, other_P2), key=lambda part_P2: float((part_P2 @ down_2).min()))


def open_wall(contour_P2: NDArray[np.floating]) -> NDArray[np.float32] | None:
    """Return an open contour of any number of points as 121 points, with the apex in the middle.

    The apex is the point that is farthest from the middle between the two ends. The contour is turned round if it
    begins at the right annulus. Returns None if there are fewer than three points, or the apex is one of the ends.
    """
    points_P2 = np.asarray(contour_P2, dtype=np.float64)
    if len(points_P2) < 3:
        return None
    middle_2 = (points_P2[0] + points_P2[-1]) / 2
    apex = int(np.argmax(np.linalg.norm(points_P2 - middle_2, axis=1)))
    if apex in (0, len(points_P2) - 1):
        return None
    walls = (points_P2[: apex + 1], points_P2[apex:])
    if walls[0][:, 0].mean() > walls[1][:, 0].mean():
        walls = (walls[1][::-1], walls[0][::-1])
    return join_walls(*walls)
