"""Describes the frame that a corruption acts on: its video and number, and the geometry of its sector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lvzoo.geometry.sector import polar, scan_mask
from lvzoo.noise.rng import Draws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lvzoo.types import Sector


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One frame of one video under one corruption of one suite; the key of its random numbers and caches."""

    suite: str
    corruption: str
    video: str
    frame: int
    sector: Sector
    size_HW: tuple[int, int]

    def frame_draws(self) -> Draws:
        """Return the random stream of this frame, for draws per pixel."""
        return Draws(suite=self.suite, corruption=self.corruption, unit=f"{self.video}#{self.frame}")

    def video_draws(self) -> Draws:
        """Return the random stream of the video, for draws that hold for all of its frames."""
        return Draws(suite=self.suite, corruption=self.corruption, unit=self.video)


@lru_cache(maxsize=8)
def scan_area(sector: Sector, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the scan mask of a sector, cached for the frames and severities of a video."""
    mask_HW = scan_mask(sector, size_HW)
    mask_HW.setflags(write=False)
    return mask_HW


@lru_cache(maxsize=8)
def beam_coordinates(
    sector: Sector, size_HW: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each pixel's depth r/R (0 at the apex, 1 at the sector's far end) and angle (rad, right positive)."""
    radius_HW, angle_HW = polar(sector, size_HW)
    depth_HW = radius_HW / sector.radius_px
    for each in (depth_HW, angle_HW):
        each.setflags(write=False)
    return depth_HW, angle_HW
