"""Draws random numbers that depend only on the frame, not on batch, worker, machine or NumPy version.

The key of a stream is the first 16 bytes, little-endian, of the SHA-256 of `suite|corruption|unit`. The unit is
`video#frame` for draws per pixel, and `video` for draws that hold for a whole video. The severity is not part of
the key: a higher severity scales the same field.

NumPy keeps the raw streams of its bit generators stable, but not the distributions of its `Generator` (NEP 19,
https://numpy.org/neps/nep-0019-rng-policy.html). So only `random_raw` is used here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANTISSA_BITS: Final = 53
"""Random bits in a uniform float64."""


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
