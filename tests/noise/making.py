"""Helpers of the noise tests: a frame corrupted by name, a table's levels, and an independent generator."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from lvzoo.geometry.sector import fit_sector
from lvzoo.noise.scene import Scene
from lvzoo.noise.suite import NOISE_V1, NoiseV1
from lvzoo.types import Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import Sector

SIZE_HW = (112, 112)
NAMES = [corruption.name for corruption in NOISE_V1]
SEVERITIES = (1, 2, 3, 4, 5)


def noisy(
    frame_HW: NDArray[np.uint8],
    corruption: str,
    severity: int,
    *,
    video: str = "0XA",
    frame: int = 4,
    sector: Sector | None = None,
) -> NDArray[np.uint8]:
    """Return the frame as noise-v1 makes it; the sector is fitted to the frame unless one is given."""
    condition = Condition(corruption=corruption, severity=severity)
    sector = sector or fit_sector(frame_HW[None])
    return NoiseV1().corrupt(frame_HW, condition, video=video, frame=frame, sector=sector)


def level(corruption: str, severity: int) -> Any:  # noqa: ANN401 - each corruption has a level of its own type
    """Return the level of the suite's table."""
    (line,) = (each for each in NOISE_V1 if each.name == corruption)
    return line.levels[severity - 1]


def scene(corruption: str, sector: Sector, size_HW: tuple[int, int] = SIZE_HW) -> Scene:
    """Return frame 4 of video 0XA, as `corruption` sees it."""
    return Scene(
        suite="noise-v1", corruption=corruption, video="0XA", frame=4, sector=sector, size_HW=size_HW
    )


def video_uniforms(corruption: str, video: str, count: int) -> list[float]:
    """Return the random numbers of a video, as docs/noise.md defines them."""
    return [(int(word >> 11) + 0.5) / 2**53 for word in video_words(corruption, video, count)]


def video_words(corruption: str, video: str, count: int) -> list[int]:
    """Return the first words of a video's stream."""
    digest = hashlib.sha256(f"noise-v1|{corruption}|{video}".encode()).digest()
    philox = np.random.Philox(key=int.from_bytes(digest[:16], "little"), counter=0)
    return [int(word) for word in philox.random_raw(count)]


def difference(one_HW: NDArray[np.uint8], other_HW: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the difference of two frames in grey levels, per pixel."""
    return np.abs(one_HW.astype(np.float64) - other_HW)
