"""Fits the ultrasound sector of a video: where the beams start, how wide they open, and which pixels they scan.

Noise along the beams needs polar coordinates, noise of the receiver needs the scan mask, and a clip from another
machine is cropped to its sector. The sector is fitted to the pixels, because no file states it.

The noise suites depend on the fit, and their bytes must not change with the version of a library. Therefore the fit
uses integers, exact comparisons and `math.fsum`, and rounds its result to a thousandth of a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.region import scanned_region
from lvzoo.types import FRAME_SIZE_HW, Sector

Point: TypeAlias = tuple[float, float]
Edge: TypeAlias = tuple[Point, Point]

MOST_FRAMES: Final = 8
"""The number of frames of a video that its sector is fitted to."""
DARK_LEVEL: Final = 8
"""Grey levels up to this one (of 255) count as no signal: compression leaves them outside the sector too."""

STANDARD_APEX_PX: Final = (56.0, 4.0)
STANDARD_HALF_ANGLE_DEG: Final = 45.0
STANDARD_RADIUS_PX: Final = 110.0
"""The sector that is used if none can be fitted, on a frame of 112 x 112."""

LEAST_HULL_SHARE: Final = 0.1
"""A hull that covers a smaller share of the frame is a marker or a few specks, not a scan."""
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
ON_THE_EDGE_PX2: Final = 1e-6
"""If the cross product of an edge and a pixel is below 0 by at most this, the pixel still counts as on the edge."""


def evenly_spaced(count: int, most: int = MOST_FRAMES) -> list[int]:
    """Return at most `most` indices out of `count`, evenly spaced from the first to the last.

    >>> evenly_spaced(100, 5), evenly_spaced(3), evenly_spaced(9, 1)
    ([0, 25, 49, 74, 99], [0, 1, 2], [0])
    """
    if count <= most:
        return list(range(count))
    if most == 1:
        return [0]
    gaps = most - 1
    return [(2 * index * (count - 1) + gaps - 1) // (2 * gaps) for index in range(most)]


def fit_sector(frames_NHW: NDArray[np.uint8]) -> Sector:
    """Return the sector that frames of one video show; 8 evenly spaced frames are enough.

    The scan mask is the convex hull of the pixels that are brighter than 8 of 255 in any of the frames and belong to
    the picture (`lvzoo.geometry.region`). The apex is the point where the lines through the hull's straight left and
    right edges meet. If these edges make no plausible sector, the standard sector is returned, scaled to the frame,
    and `fitted` is False. Its scan mask is still the hull, unless the hull covers less than a tenth of the frame.

    The noise suites are defined on this sector (`docs/noise.md`).
    """
    size_HW = (frames_NHW.shape[1], frames_NHW.shape[2])
    hull = _convex_hull(scanned_region(frames_NHW.max(axis=0) > DARK_LEVEL)) if len(frames_NHW) else []
    if abs(_signed_area(hull)) < LEAST_HULL_SHARE * size_HW[0] * size_HW[1]:
        return standard_sector(size_HW)
    return _fit_edges(hull, size_HW) or standard_sector(size_HW, hull_px=tuple(hull))


def standard_sector(size_HW: tuple[int, int], *, hull_px: tuple[Point, ...] | None = None) -> Sector:
    """Return the sector that is used if none can be fitted, scaled from 112 x 112 to a frame's size.

    `hull_px` replaces its outline.
    """
    down, across = (size / standard for size, standard in zip(size_HW, FRAME_SIZE_HW, strict=True))
    apex_px = (STANDARD_APEX_PX[0] * across, STANDARD_APEX_PX[1] * down)
    radius_px = STANDARD_RADIUS_PX * down
    arc = [math.radians(angle) for angle in range(-int(STANDARD_HALF_ANGLE_DEG), 46, 3)]
    outline = [
        apex_px,
        *(
            (apex_px[0] + radius_px * math.sin(angle), apex_px[1] + radius_px * math.cos(angle))
            for angle in arc
        ),
    ]
    return Sector(
        apex_px=_round(apex_px),
        half_angle_deg=STANDARD_HALF_ANGLE_DEG,
        radius_px=round(radius_px, PLACES),
        hull_px=hull_px or tuple(_round(point) for point in outline),
        fitted=False,
    )


def polar(sector: Sector, size_HW: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each pixel's distance from the apex (px) and angle off the vertical (rad, right positive)."""
    rows_H1, columns_1W = np.arange(size_HW[0])[:, None], np.arange(size_HW[1])[None, :]
    across_HW, down_HW = np.broadcast_arrays(columns_1W - sector.apex_px[0], rows_H1 - sector.apex_px[1])
    return np.sqrt(across_HW**2 + down_HW**2), np.arctan2(across_HW, down_HW)


def scan_mask(sector: Sector, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels the sector scans: the pixels whose centre lies inside or on its hull."""
    rows_H1, columns_1W = np.arange(size_HW[0])[:, None], np.arange(size_HW[1])[None, :]
    # A point lies inside if it is on the same side of all edges; the sign of the cross product tells the side.
    orientation = math.copysign(1.0, _signed_area(sector.hull_px))
    mask_HW = np.ones(size_HW, dtype=np.bool_)
    for (x0, y0), (x1, y1) in _edges(sector.hull_px):
        turn_HW = (x1 - x0) * (rows_H1 - y0) - (y1 - y0) * (columns_1W - x0)
        mask_HW &= orientation * turn_HW >= -ON_THE_EDGE_PX2
    return mask_HW


def _convex_hull(region_HW: NDArray[np.bool_]) -> list[Point]:
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


def _fit_edges(hull: Sequence[Point], size_HW: tuple[int, int]) -> Sector | None:
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
        apex_px=_round(apex_px),
        half_angle_deg=round((right_deg - left_deg) / 2, PLACES),
        radius_px=round(max(math.dist(apex_px, point) for point in hull), PLACES),
        hull_px=tuple(hull),
    )
    return sector if _is_plausible(sector, size_HW, tilt_deg=abs(left_deg + right_deg) / 2) else None


def _find_straight_edge(hull: Sequence[Point], side: int, *, least_px: float) -> tuple[float, float] | None:
    """Return (x at y = 0, slope dx/dy) of the line through one side's straight edge; side -1 is the left one.

    It is the most inclined group of edges that is long enough. More inclined edges are the short ones at the rounded
    top of a curved probe. Less inclined ones are at the flanks, where dark corners are missing from the hull. The
    frame's border and the arc at the bottom do not lean outwards at all.
    """
    leaning: list[tuple[float, float, Edge]] = []
    for (x0, y0), (x1, y1) in _edges(hull):
        down, outwards = side * (y0 - y1), x0 - x1
        inclination = math.degrees(math.atan2(outwards, down))
        if down > 0 and EDGE_INCLINATIONS_DEG[0] <= inclination <= EDGE_INCLINATIONS_DEG[1]:
            leaning.append((inclination, math.hypot(x1 - x0, y1 - y0), ((x0, y0), (x1, y1))))
    for outermost, _, _ in sorted(leaning, reverse=True):
        straight = [each for each in leaning if abs(each[0] - outermost) <= EDGE_SPREAD_DEG]
        if math.fsum(length for _, length, _ in straight) >= least_px:
            return _fit_line([edge for _, _, edge in straight])
    return None


def _fit_line(edges: Sequence[Edge]) -> tuple[float, float]:
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


def _edges(hull: Sequence[Point]) -> list[Edge]:
    """Return the edges of a closed polygon."""
    return list(zip(hull, [*hull[1:], *hull[:1]], strict=True))


def _signed_area(hull: Sequence[Point]) -> float:
    """Return the area of a polygon; its sign is the sense of rotation."""
    return math.fsum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in _edges(hull)) / 2


def _round(point: Point) -> Point:
    return (round(point[0], PLACES), round(point[1], PLACES))
