"""What a corruption may know about the frame before it: which one it is, and where its sector lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from lvzoo.geometry.sector import scan_mask
from lvzoo.noise.rng import Draws

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from lvzoo.types import Sector


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One frame of one video, seen by one corruption of one suite; a key to all that is drawn for it."""

    suite: str
    corruption: str
    video: str
    frame: int
    sector: Sector
    size_HW: tuple[int, int]

    def frame_draws(self) -> Draws:
        """Return the stream of this frame, for what differs from pixel to pixel."""
        return Draws(suite=self.suite, corruption=self.corruption, unit=f"{self.video}#{self.frame}")

    def video_draws(self) -> Draws:
        """Return the stream of the whole video, for what a scanner holds over a loop."""
        return Draws(suite=self.suite, corruption=self.corruption, unit=self.video)


Corrupt: TypeAlias = "Callable[[NDArray[np.uint8], float, Scene], NDArray[np.uint8]]"
"""What a corruption is: (frame_HW, level, scene) -> frame_HW; the level is its parameter at one severity."""


@lru_cache(maxsize=8)
def scanned(sector: Sector, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the scan mask of a sector, made once for the frames and severities of a video."""
    mask_HW = scan_mask(sector, size_HW)
    mask_HW.setflags(write=False)
    return mask_HW
