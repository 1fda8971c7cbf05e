"""One stream of random numbers for each part of each video, independent of the order of drawing."""

from __future__ import annotations

import hashlib

from numpy.random import Generator, Philox

GENERATOR_VERSION = "phantom-v3"
"""The version of everything that decides a pixel. A change to the simulator's output needs another version."""


def stream(*, seed: int, split: str, index: int, part: str) -> Generator:
    """Return the stream of one part (anatomy, motion, ...) of the `index`-th video of a split.

    The key is a hash, so no two splits, seeds or parts share a stream.
    """
    return Generator(Philox(key=int.from_bytes(_digest(seed, split, index, part)[:16], "little")))


def branch(rng: Generator) -> Generator:
    """Return a separate stream: how much is drawn from it does not change what `rng` gives next."""
    return Generator(Philox(key=int.from_bytes(rng.bytes(16), "little")))


def video_name(*, seed: int, split: str, index: int) -> str:
    """Return the video's name in EchoNet-Dynamic's pattern: `0X` and 16 hexadecimal digits."""
    return "0X" + _digest(seed, split, index, "name").hex()[:16].upper()


def _digest(seed: int, split: str, index: int, part: str) -> bytes:
    return hashlib.sha256(f"{GENERATOR_VERSION}|{seed}|{split}|{index}|{part}".encode()).digest()
