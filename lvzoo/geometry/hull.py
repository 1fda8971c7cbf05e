"""Finds the convex hull of a sector's pixels, and the straight edges and the apex of the hull.

The noise suites depend on the fit, and their bytes must not change with the version of a library. Therefore it uses
integers, exact comparisons and `math.fsum`, and rounds its result to a thousandth of a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.types import Sector

Point: TypeAlias = tuple[float, float]
Edge: TypeAlias = tuple[Point, Point]
Line: TypeAlias = tuple[float, float]
"""(x at y = 0, slope dx/dy)."""

EDGE_INCLINATIONS_DEG: Final = (10.0, 70.0)
"""The least and the greatest angle between a straight edge and the vertical; the frame's own border is at 0."""
EDGE_SPREAD_DEG: Final = 5.0
"""Hull edges whose inclinations differ by at most this may form one straight edge."""
LEAST_EDGE_SHARE: Final = 0.2
"""The least length of a straight edge, as a share of the frame's height."""
HALF_ANGLES_DEG: Final = (15.0, 65.0)
"""The least and the greatest half opening angle of a plausible sector."""
MOST_TILT_DEG: Final = 20.0
"""The most by which the middle of a plausible sector leans from the vertical."""
PLACES: Final = 3
"""Decimal places of the results: a thousandth of a pixel or degree."""


def find_hull(region_HW: NDArray[np.bool_]) -> list[Point]:
    """Return the hull of a region's pixel centres by Andrew's monotone chain, in exact integers.

    Only the first and the last pixel of each row can be a corner. The hull starts at the top, runs down its left side
    and then up its right side (anticlockwise on the screen).
    """
    corners: list[tuple[int, int]] = []
    for row in np.flatnonzero(region_HW.any(axis=1)).tolist():
        columns = np.flatnonzero(region_HW[row])
        corners += sorted({(int(columns[0]), row), (int(columns[-1]), row)})
    left, right = _hull_side(corners), _hull_side(corners[::-1])
    return [(float(x), float(y)) for x, y in left[:-1] + right[:-1]]


def _hull_side(corners: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return one side of the hull: without the corners at which it would not be convex."""
    chain: list[tuple[int, int]] = []
    for x, y in corners:
        while len(chain) > 1:
            (x0, y0), (x1, y1) = chain[-2:]
            if (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) < 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain


def fit_edges(hull: Sequence[Point], size_HW: tuple[int, int]) -> Sector | None:
    """Return the sector between the hull's straight edges, or None if they make no plausible one."""
    left, right = (
        _find_straight_edge(hull, side, least_px=LEAST_EDGE_SHARE * size_HW[0]) for side in (-1, 1)
    )
    if left is None or right is None:
        return None
    (left_start, left_slope), (right_start, right_slope) = left, right
    if right_slope <= left_slope:
        return None
    # The lines x = start + slope y of both edges meet at the apex.
    apex_y = (left_start - right_start) / (right_slope - left_slope)
    apex_px = (left_start + left_slope * apex_y, apex_y)
    left_deg, right_deg = math.degrees(math.atan(left_slope)), math.degrees(math.atan(right_slope))
    sector = Sector(
        apex_px=round_point(apex_px),
        half_angle_deg=round((right_deg - left_deg) / 2, PLACES),
        radius_px=round(max(math.dist(apex_px, point) for point in hull), PLACES),
        hull_px=tuple(hull),
    )
    return sector if _is_plausible(sector, size_HW, tilt_deg=abs(left_deg + right_deg) / 2) else None


def _find_straight_edge(hull: Sequence[Point], side: int, *, least_px: float) -> Line | None:
    """Return (x at y = 0, slope dx/dy) of the line through one side's straight edge; side -1 is the left one.

    It is the most inclined group of edges that is long enough. More inclined edges are the short ones at the rounded
    top of a curved probe. Less inclined ones are at the flanks, where dark corners are missing from the hull. The
    frame's border and the arc at the bottom do not lean outwards at all.
    """
    leaning: list[tuple[float, float, Edge]] = []
    for (x0, y0), (x1, y1) in edges_of(hull):
        down, outwards = side * (y0 - y1), x0 - x1
        inclination = math.degrees(math.atan2(outwards, down))
        if down > 0 and EDGE_INCLINATIONS_DEG[0] <= inclination <= EDGE_INCLINATIONS_DEG[1]:
            leaning.append((inclination, math.hypot(x1 - x0, y1 - y0), ((x0, y0), (x1, y1))))
    for outermost, _, _ in sorted(leaning, reverse=True):
        straight = [each for each in leaning if abs(each[0] - outermost) <= EDGE_SPREAD_DEG]
        if math.fsum(length for _, length, _ in straight) >= least_px:
            return _fit_line([edge for _, _, edge in straight])
    return None


def _fit_line(edges: Sequence[Edge]) -> Line:
    """Fit x = start + slope y by least squares to points about a pixel apart along the edges."""
    points: list[Point] = []
    for (x0, y0), (x1, y1) in edges:
        count = max(2, math.ceil(math.hypot(x1 - x0, y1 - y0)))
        shares = ((index + 0.5) / count for index in range(count))
        points += [(x0 + share * (x1 - x0), y0 + share * (y1 - y0)) for share in shares]
    mean_x = math.fsum(x for x, _ in points) / len(points)
    mean_y = math.fsum(y for _, y in points) / len(points)
    spread = math.fsum((y - mean_y) ** 2 for _, y in points)
    slope = math.fsum((y - mean_y) * (x - mean_x) for x, y in points) / spread
    return mean_x - slope * mean_y, slope


def _is_plausible(sector: Sector, size_HW: tuple[int, int], *, tilt_deg: float) -> bool:
    """Return whether the apex, the opening and the tilt are those of a real sector."""
    height, width = size_HW
    apex_x, apex_y = sector.apex_px
    return (
        0.1 * width <= apex_x <= 0.9 * width
        and -0.5 * height <= apex_y <= 0.4 * height
        and HALF_ANGLES_DEG[0] <= sector.half_angle_deg <= HALF_ANGLES_DEG[1]
        and tilt_deg <= MOST_TILT_DEG
    )


def edges_of(hull: Sequence[Point]) -> list[Edge]:
    """Return the edges of a closed polygon."""
    return list(zip(hull, [*hull[1:], *hull[:1]], strict=True))


def signed_area(hull: Sequence[Point]) -> float:
    """Return the area of a polygon; its sign is the sense of rotation."""
    return math.fsum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in edges_of(hull)) / 2


def round_point(point: Point) -> Point:
    """Return a point rounded to a thousandth of a pixel."""
    return (round(point[0], PLACES), round(point[1], PLACES))
