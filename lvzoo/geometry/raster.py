"""Turns polygons into masks, by the same rule for references and for landmark predictions.

It is EchoNet-Dynamic's own rule (Ouyang et al. 2020, doi 10.1038/s41586-020-2145-8): vertices are rounded to whole
pixels, half to even, and the polygon is filled as `skimage.draw.polygon` fills it. Another rasteriser would make
other labels: filling with OpenCV instead changes masks by about one percent of Dice.

`skimage.draw.polygon` asks for every pixel of the bounding box whether it lies in the polygon, edge by edge. Here the
question is asked row by row: only the edges that cross a row decide about its pixels. The masks are the same, bit for
bit, because all coordinates are whole numbers; a test holds this.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

FARTHEST_PX: Final = 2**24
"""Vertices farther out than this are moved to this distance, so that products of coordinates stay exact."""

Integers: TypeAlias = NDArray[np.int64]


def rasterise(vertices_P2: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of a polygon given by (x, y) vertices in pixels; parts outside the frame are cut off.

    A pixel belongs to the mask if its centre lies inside the polygon (an odd number of edges to its right), on an
    edge, or on a vertex. The mask is empty if there are fewer than three vertices, or if a vertex is not finite.

    >>> rasterise(np.array([[1.0, 0.0], [3.0, 0.0], [3.0, 1.0], [1.0, 1.0]]), (2, 5)).astype(int)
    array([[0, 1, 1, 1, 0],
           [0, 1, 1, 1, 0]])
    """
    rows, columns = size_HW
    if len(vertices_P2) < 3 or not np.isfinite(vertices_P2).all():
        return np.zeros(size_HW, dtype=np.bool_)
    near_P2 = np.clip(np.rint(vertices_P2), -FARTHEST_PX, FARTHEST_PX)
    x_P, y_P = near_P2.T.astype(np.int64)
    crossed_E, upper_E, x_upper_E, dx_E, dy_E = _cross_rows(x_P, y_P, rows)
    # The edge crosses the row at x = x_upper + share, a fraction with the denominator dy.
    share_E = (crossed_E - upper_E) * dx_E
    floor_E = x_upper_E + share_E // dy_E
    ceil_E = x_upper_E - (-share_E // dy_E)
    # For a pixel to the left of the crossing, an end that lies on the row counts as above it; for one to the right,
    # as below it. So two edges that meet on a row are counted as one crossing of it.
    below_E, above_E = crossed_E < upper_E + dy_E, crossed_E > upper_E
    to_right_HW = _count_odd(crossed_E[below_E], ceil_E[below_E], (rows, columns), from_left=False)
    to_left_HW = _count_odd(crossed_E[above_E], floor_E[above_E] + 1, (rows, columns), from_left=True)
    mask_HW = to_right_HW | to_left_HW
    inside_P = (x_P >= 0) & (x_P < columns) & (y_P >= 0) & (y_P < rows)
    mask_HW[y_P[inside_P], x_P[inside_P]] = True
    return mask_HW


def _cross_rows(
    x_P: Integers, y_P: Integers, rows: int
) -> tuple[Integers, Integers, Integers, Integers, Integers]:
    """Return one entry for each row that an edge reaches: the row, and the edge's upper end (y, x), dx and dy.

    Horizontal edges are left out. dy is above 0, since the upper end has the smaller y.
    """
    from_P, to_P = np.stack([x_P, y_P]), np.stack([np.roll(x_P, 1), np.roll(y_P, 1)])
    upper_2P = np.where(from_P[1] < to_P[1], from_P, to_P)
    lower_2P = np.where(from_P[1] < to_P[1], to_P, from_P)
    first_P = np.maximum(upper_2P[1], 0)
    count_P = np.minimum(lower_2P[1], rows - 1) - first_P + 1
    count_P[(lower_2P[1] == upper_2P[1]) | (count_P < 0)] = 0
    edge_E = np.repeat(np.arange(len(x_P)), count_P)
    within_E = np.arange(len(edge_E)) - np.repeat(np.cumsum(count_P) - count_P, count_P)
    x_upper_P, y_upper_P = upper_2P
    dx_P, dy_P = lower_2P - upper_2P
    return (first_P[edge_E] + within_E, y_upper_P[edge_E], x_upper_P[edge_E], dx_P[edge_E], dy_P[edge_E])


def _count_odd(
    rows_E: Integers, columns_E: Integers, size_HW: tuple[int, int], *, from_left: bool
) -> NDArray[np.bool_]:
    """Return the pixels that an odd number of crossings counts for.

    A crossing counts for the pixels of its row from its column on, or if not `from_left`, for those before it.
    """
    rows, columns = size_HW
    places_E = rows_E * (columns + 1) + np.clip(columns_E, 0, columns)
    changes = np.bincount(places_E, minlength=rows * (columns + 1)).reshape(rows, columns + 1)
    counts = np.cumsum(changes, axis=1)
    if not from_left:
        counts = counts[:, -1:] - counts
    return np.asarray(counts[:, :columns] & 1, dtype=np.bool_)
