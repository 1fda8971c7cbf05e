"""A row of the matrix of formats: how a file is made from known frames, and what must happen when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import ClipFile, TimeSource, Way

COUNT: Final = 8
SIZE_HW: Final = (64, 80)
FPS: Final = 50.0
EVEN_S: Final = tuple(index / FPS for index in range(COUNT))
DURATIONS_S: Final = (0.02, 0.02, 0.02, 0.02, 0.07, 0.07, 0.07, 0.07)
UNEVEN_S: Final = tuple(sum(DURATIONS_S[:index]) for index in range(COUNT))
"""The times of a clip whose rate drops in the middle."""


def _make_grey() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    return np.stack([rows + columns + 12 * number + 16 for number in range(COUNT)]).astype(np.uint8)


def colour(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return colours (..., RGB) for grey levels: one for each level, so that a palette holds them all."""
    return np.stack([grey, grey // 2, 255 - grey], axis=-1)


GREY_NHW: Final = _make_grey()
"""Slopes, each brighter than the one before. No level wraps round, so that lossy codecs keep them well."""
RGB_NHW3: Final = colour(GREY_NHW)
BGR_NHW3: Final = np.ascontiguousarray(RGB_NHW3[..., ::-1])
PALETTE_256x3: Final = colour(np.arange(256, dtype=np.uint8))


def expect_grey(kind: str) -> NDArray[np.uint8]:
    """Return the frames in grey (N, H, W) that a clip of a kind of colour must give."""
    if "grey" in kind:
        return GREY_NHW
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in RGB_NHW3]).astype(np.uint8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """The clip is read. `warned` is a part of the only warning; it is empty if there must be none."""

    way: Way
    times_from: TimeSource | None
    states_count: bool
    exact: bool = False
    """Whether the grey levels are those of the frames that were written; else, they are nearly so."""
    whole: bool = True
    """Whether all frames are read; else, some at the end are missing."""
    warned: str = ""

    def __str__(self) -> str:
        read = f"read{' exactly' * self.exact}{'' if self.whole else ' up to the cut'}"
        times = f"times: {self.times_from}" if self.times_from else "no times"
        count = "count stated" if self.states_count else "no count"
        warning = [f"warning: {self.warned} ..."] if self.warned else []
        return "; ".join([read, times, count, *warning])


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The clip is refused with an error of which `message` is a part."""

    message: str

    def __str__(self) -> str:
        return f"refused: {self.message} ..."


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A kind of file, and what happens to it."""

    format: str
    codec: str = ""
    colour: str = ""
    make: Callable[[Path], Path | ClipFile]
    """Writes the file into an empty folder, and returns it."""
    expected: Read | Refused
    fps: float | None = None
    """The rate that the user states."""
    times_s: Sequence[float] | None = EVEN_S
    """The times of the frames, if there are any; None if they are a guess."""
    needs: str = ""
    """A module that must be installed to write the file."""

    @property
    def name(self) -> str:
        """The name of the test of this row."""
        return ", ".join(each for each in (self.format, self.codec, self.colour) if each)
