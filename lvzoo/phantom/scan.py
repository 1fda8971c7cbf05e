"""The sector on the display, its polar grid of beams, and the part of it that the clip shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.phantom.fields import Map
from lvzoo.phantom.ranges import Ranges
from lvzoo.types import FRAME_SIZE_HW

RANGES = 192
BEAMS = 144
POLAR = (RANGES, BEAMS)
"""Shape of the polar grid: one row per range, one column per beam."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """The sector on the display; turns samples of its beams into pixels of the frame, and back."""

    apex_px: tuple[float, float]
    half_angle_rad: float
    steer_rad: float
    """The middle beam's angle from the vertical, positive to the right."""
    first_px: float
    last_px: float
    """Distance of the first and of the last sample of a beam from the sector's apex."""
    columns_px: tuple[float, float]
    """Left and right end of what is shown."""
    mirrored: bool = False
    """Whether the display mirrors the picture. Everything is simulated as it is before that."""

    @cached_property
    def depth(self) -> Map:
        """Range of each row as a share of the last one, (R, 1)."""
        return (self.ranges_px / self.last_px)[:, None]

    @cached_property
    def ranges_px(self) -> Map:
        """Range of each row of the polar grid: its distance from the sector's apex, px."""
        return np.linspace(self.first_px, self.last_px, RANGES, dtype=np.float32)

    @property
    def row_px(self) -> float:
        """Distance of two rows, px."""
        return (self.last_px - self.first_px) / (RANGES - 1)

    @property
    def visible_px(self) -> float:
        """How far down from the sector's apex the frame shows tissue, px."""
        return min(self.last_px, FRAME_SIZE_HW[0] - 1 - self.apex_px[1])

    @property
    def beam_rad(self) -> float:
        """Angle between two beams."""
        return 2 * self.half_angle_rad / (BEAMS - 1)

    @cached_property
    def angle(self) -> Map:
        """Angle of each beam as a share of the half angle, -1 (left) .. 1 (right), (1, B)."""
        return np.linspace(-1, 1, BEAMS, dtype=np.float32)[None]

    @cached_property
    def grid_px(self) -> tuple[Map, Map]:
        """Position of each sample in the frame, as x and y."""
        radians = self.angle * np.float32(self.half_angle_rad) + np.float32(self.steer_rad)
        ranges = self.ranges_px[:, None]
        return (
            np.float32(self.apex_px[0]) + ranges * np.sin(radians),
            np.float32(self.apex_px[1]) + ranges * np.cos(radians),
        )

    def beams_at(
        self, x: NDArray[np.floating], y: NDArray[np.floating]
    ) -> tuple[Map, Map, NDArray[np.bool_]]:
        """Return (fractional) beam and range index of points of the frame (px), and which of them are not shown."""
        right, down = x - self.apex_px[0], y - self.apex_px[1]
        angle = (np.arctan2(right, down) - self.steer_rad) / self.half_angle_rad
        depth = (np.hypot(right, down) - self.first_px) / (self.last_px - self.first_px)
        outside = (np.abs(angle) > 1) | (depth < 0) | (depth > 1)
        outside |= (x < self.columns_px[0]) | (x > self.columns_px[1])
        beam = ((angle + 1) / 2 * (BEAMS - 1)).astype(np.float32)
        return beam, (depth * (RANGES - 1)).astype(np.float32), outside

    def as_displayed(self) -> Scan:
        """Return the sector as the frame shows it: the same one, unless the display is mirrored."""
        if not self.mirrored:
            return self
        last = FRAME_SIZE_HW[1] - 1
        left, right = self.columns_px
        return replace(
            self,
            apex_px=(last - self.apex_px[0], self.apex_px[1]),
            steer_rad=-self.steer_rad,
            columns_px=(last - right, last - left),
            mirrored=False,
        )

    def mirror_points(self, points_NP2: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return open contours (N, P, 2) as the display shows them; they still run from left to right."""
        if not self.mirrored:
            return points_NP2
        mirrored_NP2 = points_NP2[:, ::-1].copy()
        mirrored_NP2[..., 0] = FRAME_SIZE_HW[1] - 1 - mirrored_NP2[..., 0]
        return mirrored_NP2

    def shows(self, points_P2: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return which points (px) lie in the sector and on the display."""
        x, y = points_P2.T
        *_, outside = self.beams_at(x, y)
        return np.asarray(~outside & (x >= 1) & (x <= FRAME_SIZE_HW[1] - 2) & (y <= FRAME_SIZE_HW[0] - 2))


def draw_scan(rng: Generator, ranges: Ranges) -> Scan:
    """Draw a sector."""
    apex_px = (ranges.sector_x_px.draw(rng), ranges.sector_y_px.draw(rng))
    half_angle, steer = ranges.half_angle_deg.draw(rng), ranges.steer_deg.draw(rng)
    cut, width_px = ranges.side_cut.draw(rng), ranges.side_cut_px.draw(rng)
    left = ranges.cut_left.draw(rng)
    return Scan(
        apex_px=apex_px,
        half_angle_rad=float(np.deg2rad(half_angle)),
        steer_rad=float(np.deg2rad(steer)),
        first_px=ranges.first_px.draw(rng),
        last_px=ranges.last_px.draw(rng),
        columns_px=(
            width_px if cut and left else -1,
            FRAME_SIZE_HW[1] - (width_px if cut and not left else 0),
        ),
        mirrored=ranges.mirrored.draw(rng),
    )
