"""Finds the two straight edges of a sector in a region whose sides are ragged.

The hull of a region moves with every letter that touches the region. Here each side's edge is the line on which most
of the rows end, so that a few rows with a letter and a dark flank do not move it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.hull import (
    EDGE_INCLINATIONS_DEG,
    HALF_ANGLES_DEG,
    LEAST_EDGE_SHARE,
    MOST_TILT_DEG,
    PLACES,
    Line,
    Point,
    round_point,
)
from lvzoo.types import Sector

LEAST_ROWS: Final = 10
"""A region of fewer rows has no edges."""
ON_EDGE_PX: Final = 1.5
"""A row ends on the edge if its last pixel is at most this far from the line."""
BESIDE_EDGE_PX: Final = 3.0
"""A row ends beyond the edge if its last pixel is farther out than this."""
LEAST_ARC_SHARE: Final = 0.25
ARC_SAMPLES: Final = 64
"""The sector ends where its region fills less than this share of the arc. Only the part of the arc inside the frame
counts, which is measured at 64 angles."""
APEX_ABOVE: Final = 0.5
APEX_BELOW: Final = 0.4
"""How far above and below the region's first row the apex may lie, as a share of the region's height."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wedge:
    """The part of a sector between its two straight edges, its apex and its arc."""

    left: Line
    right: Line
    apex_px: Point
    radius_px: float
    top_px: float
    """The first row; a curved probe begins below the apex."""
    support: int
    """The number of rows that end on either edge, less the number of those that end beyond it."""

    def covers(
        self,
        size_HW: tuple[int, int],
        *,
        margin_px: float = 0.0,
        tip_px: float = 0.0,
        below_px: float = 0.0,
    ) -> NDArray[np.bool_]:
        """Return the pixels of the wedge, widened at its edges and its arc.

        `tip_px`: above the first row, the part of the wedge that is narrower than this is returned too.
        """
        rows_H1, columns_1W = np.arange(size_HW[0])[:, None], np.arange(size_HW[1])[None, :]
        (left, left_slope), (right, right_slope) = self.left, self.right
        covered_HW = columns_1W >= left + left_slope * rows_H1 - margin_px
        covered_HW &= columns_1W <= right + right_slope * rows_H1 + margin_px
        distances2_HW = (rows_H1 - self.apex_px[1]) ** 2 + (columns_1W - self.apex_px[0]) ** 2
        covered_HW &= distances2_HW <= (self.radius_px + below_px) ** 2
        width_H1 = right - left + (right_slope - left_slope) * rows_H1
        return np.asarray(covered_HW & ((rows_H1 >= self.top_px) | (width_H1 < tip_px)))

    def enlarge(self, step: int) -> Wedge:
        """Return the wedge in a frame that has `step` x `step` pixels for each of this one."""
        # The centre of a large pixel lies between the centres of its small ones.
        shift = (step - 1) / 2
        left, right = (
            (step * start + shift - slope * shift, slope) for start, slope in (self.left, self.right)
        )
        return replace(
            self,
            left=left,
            right=right,
            apex_px=(step * self.apex_px[0] + shift, step * self.apex_px[1] + shift),
            radius_px=step * self.radius_px,
            top_px=step * self.top_px,
        )

    def make_sector(self, hull: Sequence[Point]) -> Sector:
        """Return the sector with these edges and the given scan mask."""
        left_deg, right_deg = (math.degrees(math.atan(slope)) for _, slope in (self.left, self.right))
        return Sector(
            apex_px=round_point(self.apex_px),
            half_angle_deg=round((right_deg - left_deg) / 2, PLACES),
            radius_px=round(max(math.dist(self.apex_px, point) for point in hull), PLACES),
            hull_px=tuple(hull),
        )


def find_wedge(
    region_HW: NDArray[np.bool_], *, step_deg: float, window_px: int, least_support: float
) -> Wedge | None:
    """Return the wedge on whose edges most rows of a region end, or None if it is no plausible sector.

    `step_deg` is the step of the search over inclinations, and `window_px` the width within which rows end on one
    line during the search. `least_support` is the least support of both edges together, as a share of the region's
    height.
    """
    rows = np.flatnonzero(region_HW.any(axis=1))
    if len(rows) < LEAST_ROWS:
        return None
    first = region_HW[rows].argmax(axis=1)
    last = region_HW.shape[1] - 1 - region_HW[rows, ::-1].argmax(axis=1)
    mirrored, right = (_find_edge(rows, ends, step_deg, window_px) for ends in (-first, last))
    if mirrored is None or right is None:
        return None
    ((left_start, left_slope), left_support), (right_line, right_support) = mirrored, right
    span = (int(first.min()), int(last.max()), int(rows[0]), int(rows[-1]))
    wedge = _join_edges((-left_start, -left_slope), right_line, region_HW, span)
    if wedge is None or left_support + right_support < least_support * (rows[-1] - rows[0] + 1):
        return None
    return replace(wedge, support=left_support + right_support)


def _find_edge(
    rows: NDArray[np.intp], ends: NDArray[np.intp], step_deg: float, window_px: int
) -> tuple[Line, int] | None:
    """Return the line on which most rows end and beyond which few do, and its support; larger ends are farther out.

    Every inclination and place is tried (the idea of the Hough transform). A row beyond the line counts half against
    it. A row that ends before it does not count, because its flank may be dark.
    """
    low, high = (round(bound / step_deg) for bound in EDGE_INCLINATIONS_DEG)
    slopes_S = np.tan(np.radians(step_deg * np.arange(low, high + 1)))
    starts_SR = np.floor(ends - slopes_S[:, None] * rows).astype(np.int64)
    lowest = int(starts_SR.min())
    bins = int(starts_SR.max()) - lowest + 1
    places_SR = starts_SR - lowest + bins * np.arange(len(slopes_S))[:, None]
    counts_SB = np.bincount(places_SR.ravel(), minlength=bins * len(slopes_S)).reshape(len(slopes_S), bins)
    until_SB = np.cumsum(counts_SB, axis=1)
    before_SB = np.pad(until_SB, ((0, 0), (window_px, 0)))[:, :bins]
    scores_SB = until_SB - before_SB - (len(rows) - until_SB) // 2
    steepness, place = divmod(int(np.argmax(scores_SB)), bins)
    if scores_SB[steepness, place] < LEAST_EDGE_SHARE * (rows[-1] - rows[0] + 1):
        return None
    line = (lowest + place + 1 - window_px / 2, float(slopes_S[steepness]))
    return _fit_ends(rows, ends, line, window_px)


def _fit_ends(
    rows: NDArray[np.intp], ends: NDArray[np.intp], line: Line, window_px: int
) -> tuple[Line, int] | None:
    """Fit the line by least squares to the rows that end on it, and return it with its support."""
    start, slope = line
    for reach_px in (window_px / 2, window_px / 2, ON_EDGE_PX, ON_EDGE_PX):
        on = np.abs(ends - slope * rows - start) <= reach_px
        if on.sum() < LEAST_ROWS // 2:
            return None
        y, x = rows[on].astype(np.float64), ends[on].astype(np.float64)
        mean_y, mean_x = math.fsum(y) / len(y), math.fsum(x) / len(x)
        slope = math.fsum((y - mean_y) * (x - mean_x)) / math.fsum((y - mean_y) ** 2)
        start = mean_x - slope * mean_y
    beyond = ends - slope * rows - start > BESIDE_EDGE_PX
    # The last pixel's centre lies up to a pixel inside the edge, half a pixel in the mean.
    return (start + 0.5, slope), int(on.sum()) - int(beyond.sum())


def _join_edges(
    left: Line, right: Line, region_HW: NDArray[np.bool_], span: tuple[int, int, int, int]
) -> Wedge | None:
    """Return the wedge between two lines, or None if the apex, the opening or the tilt is not that of a sector."""
    (left_start, left_slope), (right_start, right_slope) = left, right
    left_deg, right_deg = math.degrees(math.atan(left_slope)), math.degrees(math.atan(right_slope))
    half_angle_deg, tilt_deg = (right_deg - left_deg) / 2, abs(left_deg + right_deg) / 2
    if not HALF_ANGLES_DEG[0] <= half_angle_deg <= HALF_ANGLES_DEG[1] or tilt_deg > MOST_TILT_DEG:
        return None
    apex_y = (left_start - right_start) / (right_slope - left_slope)
    apex_x = left_start + left_slope * apex_y
    leftmost, rightmost, top, bottom = span
    height = bottom - top + 1
    room_px = 0.1 * (rightmost - leftmost)
    if not leftmost + room_px <= apex_x <= rightmost - room_px:
        return None
    if not top - APEX_ABOVE * height <= apex_y <= top + APEX_BELOW * height:
        return None
    apex_px = (apex_x, apex_y)
    radius_px = _find_radius(region_HW, apex_px, (math.radians(left_deg), math.radians(right_deg)))
    return Wedge(left=left, right=right, apex_px=apex_px, radius_px=radius_px, top_px=float(top), support=0)


def _find_radius(region_HW: NDArray[np.bool_], apex_px: Point, angles_rad: tuple[float, float]) -> float:
    """Return the largest distance from the apex at which the region still fills a part of the arc.

    A trace that crosses the arc fills only a small part of it, and so does not count.
    """
    rows, columns = np.nonzero(region_HW)
    down, across = rows - apex_px[1], columns - apex_px[0]
    within = (
        (down > 0) & (across >= down * math.tan(angles_rad[0])) & (across <= down * math.tan(angles_rad[1]))
    )
    filled_R = np.bincount(np.sqrt(across[within] ** 2 + down[within] ** 2).astype(np.int64), minlength=1)
    radii_R1, angles_A = np.arange(len(filled_R))[:, None] + 0.5, np.linspace(*angles_rad, ARC_SAMPLES)
    x_RA, y_RA = apex_px[0] + radii_R1 * np.sin(angles_A), apex_px[1] + radii_R1 * np.cos(angles_A)
    height, width = region_HW.shape
    in_frame_R = ((x_RA >= 0) & (x_RA <= width - 1) & (y_RA >= 0) & (y_RA <= height - 1)).mean(axis=1)
    arcs_R = in_frame_R * radii_R1[:, 0] * (angles_rad[1] - angles_rad[0])
    deep = np.flatnonzero((filled_R >= LEAST_ARC_SHARE * arcs_R) & (filled_R > 0))
    return float(deep[-1] + 1) if len(deep) else 0.0
