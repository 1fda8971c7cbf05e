"""Fits the ultrasound sector of a video: where the beams start, how wide they open, and which pixels they scan.

Noise along the beams needs polar coordinates, noise of the receiver needs the scan mask, and a clip from another
machine is cropped to its sector. The sector is fitted to the pixels, because no file states it.

The noise suites depend on the fit to frames of 112 x 112, and their bytes must not change with the version of a
library. Therefore this fit uses integers, exact comparisons and `math.fsum`, and rounds its result to a thousandth of
a pixel.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.hull import PLACES, Point, edges_of, find_hull, fit_edges, round_point, signed_area
from lvzoo.geometry.region import scanned_region
from lvzoo.geometry.search import search_sector
from lvzoo.types import FRAME_SIZE_HW, Sector

MOST_FRAMES: Final = 8
"""The number of frames of a video that its sector is fitted to."""
DARK_LEVEL: Final = 8
"""Grey levels up to this one (of 255) count as no signal: compression leaves them outside the sector too."""

STANDARD_APEX_PX: Final = (56.0, 4.0)
STANDARD_HALF_ANGLE_DEG: Final = 45.0
STANDARD_RADIUS_PX: Final = 110.0
"""The sector that is used if none can be fitted, on a frame of 112 x 112."""

CORNER_PX: Final = 8
BRIGHT_CORNER_SHARE: Final = 0.5
"""A corner of the frame is bright if half of its 8 x 8 pixels are brighter than the dark level."""
LEAST_HULL_SHARE: Final = 0.1
"""A hull that covers a smaller share of the frame is a marker or a few specks, not a scan."""
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

    On frames of 112 x 112 with a black background, the scan mask is the convex hull of the pixels that are brighter
    than 8 of 255 in any of the frames and belong to the picture (`lvzoo.geometry.region`). The apex is the point
    where the lines through the hull's straight left and right edges meet. The noise suites are defined on this sector
    (`docs/noise.md`).

    On other frames the sector is searched for (`lvzoo.geometry.search`), on any background and beside text, traces
    and bars.

    If there is no plausible sector, the standard sector is returned, scaled to the frame, and `fitted` is False. Its
    scan mask is still the hull of the bright pixels, unless that covers less than a tenth of the frame.
    """
    size_HW = (frames_NHW.shape[1], frames_NHW.shape[2])
    if not len(frames_NHW):
        return standard_sector(size_HW)
    if size_HW == FRAME_SIZE_HW:
        hull = _find_bright_hull(frames_NHW)
        sector = fit_edges(hull, size_HW) if hull else None
        if sector or _has_black_corners(frames_NHW):
            return sector or standard_sector(size_HW, hull_px=hull)
    return search_sector(frames_NHW) or standard_sector(size_HW, hull_px=_find_bright_hull(frames_NHW))


def _find_bright_hull(frames_NHW: NDArray[np.uint8]) -> tuple[Point, ...]:
    """Return the hull of the bright pixels; it is empty if it covers less than a tenth of the frame."""
    hull = find_hull(scanned_region(frames_NHW.max(axis=0) > DARK_LEVEL))
    return tuple(hull) if abs(signed_area(hull)) >= LEAST_HULL_SHARE * frames_NHW[0].size else ()


def _has_black_corners(frames_NHW: NDArray[np.uint8]) -> bool:
    """Return whether at least two of the frame's corners are dark: a sector covers the lower two at most."""
    bright_HW = frames_NHW.max(axis=0) > DARK_LEVEL
    ends = (slice(None, CORNER_PX), slice(-CORNER_PX, None))
    shares = [float(bright_HW[rows, columns].mean()) for rows in ends for columns in ends]
    return sum(share <= BRIGHT_CORNER_SHARE for share in shares) > 1


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
        apex_px=round_point(apex_px),
        half_angle_deg=STANDARD_HALF_ANGLE_DEG,
        radius_px=round(radius_px, PLACES),
        hull_px=hull_px or tuple(round_point(point) for point in outline),
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
    orientation = math.copysign(1.0, signed_area(sector.hull_px))
    mask_HW = np.ones(size_HW, dtype=np.bool_)
    for (x0, y0), (x1, y1) in edges_of(sector.hull_px):
        turn_HW = (x1 - x0) * (rows_H1 - y0) - (y1 - y0) * (columns_1W - x0)
        mask_HW &= orientation * turn_HW >= -ON_THE_EDGE_PX2
    return mask_HW
