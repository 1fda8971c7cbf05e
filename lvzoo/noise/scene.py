"""Describes the frame that a corruption acts on: its video and number, its random numbers, and its sector's geometry.

The random numbers depend only on the frame, not on batch, worker, machine or NumPy version. The key of a stream is
the first 16 bytes, little-endian, of the SHA-256 of `suite|corruption|unit`. The unit is `video#frame` for draws per
pixel, and `video` for draws that hold for a whole video. The severity is not part of the key: a higher severity
scales the same field.

NumPy keeps the raw streams of its bit generators stable, but not the distributions of its `Generator` (NEP 19,
https://numpy.org/neps/nep-0019-rng-policy.html). So only `random_raw` is used here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.sector import polar, scan_mask
from lvzoo.noise.display import amplitude, display, from_db
from lvzoo.types import Sector

MANTISSA_BITS: Final = 53
"""Random bits in a uniform float64."""
Field: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The in-phase and quadrature components of a complex field."""


class Draws:
    """One stream of Philox 4x64 that starts at counter 0; the order of draws is part of a suite's definition."""

    def __init__(self, *, suite: str, corruption: str, unit: str) -> None:
        digest = hashlib.sha256(f"{suite}|{corruption}|{unit}".encode()).digest()
        self._philox = np.random.Philox(key=np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64))

    def raw(self, count: int) -> NDArray[np.uint64]:
        """Return the next `count` words of the stream."""
        return self._philox.random_raw(count)

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Return `count` numbers above 0 and at most 1, one word each: `(top 53 bits + 1/2) / 2^53`."""
        top_bits = self.raw(count) >> np.uint64(64 - MANTISSA_BITS)
        return (top_bits.astype(np.float64) + 0.5) * 2.0**-MANTISSA_BITS

    def normal_pairs(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return `count` pairs of independent standard normal numbers by Box and Muller (1958).

        All `count` radii are drawn first, then all angles; the pair is (cosine, sine).
        """
        radius = np.sqrt(-2.0 * np.log(self.uniform(count)))
        angle = 2.0 * np.pi * self.uniform(count)
        return radius * np.cos(angle), radius * np.sin(angle)

    def normal(self, count: int) -> NDArray[np.float64]:
        """Return `count` standard normal numbers: the cosines of the pairs, then their sines."""
        return np.concatenate(self.normal_pairs(-(-count // 2)))[:count]


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


def add_in_sector(
    frame_HW: NDArray[np.uint8], unit_field: Field, level_db: float, scene: Scene
) -> NDArray[np.uint8]:
    """Add a complex field, which is given at 0 dB, to the echo inside the scan mask."""
    strength = float(from_db(level_db))
    in_phase_HW, quadrature_HW = unit_field
    along_HW = amplitude(frame_HW) + strength * in_phase_HW
    across_HW = strength * quadrature_HW
    noisy_HW = display(np.sqrt(along_HW * along_HW + across_HW * across_HW))
    return np.where(scan_area(scene.sector, scene.size_HW), noisy_HW, frame_HW)


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
