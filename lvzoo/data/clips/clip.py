"""What every format gives: a clip, its frames with their times, and the calibrated regions of the picture."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import DataError, LvzooError, explain_exception, is_out_of_memory, one_line
from lvzoo.geometry.sector import MOST_FRAMES, evenly_spaced

MOST_LETTERS: Final = 160
"""The longest message of another library that an error quotes."""

RATES_FPS: Final = (0.01, 10_000.0)
"""The frame rates that are believed. Others, in damaged headers, would make times and videos of no use."""

BROKEN: Final = "its data is damaged"
"""The reason why a frame does not decode, if the decoder gives none."""

Way: TypeAlias = Literal[
    "mjpg-index", "mjpg-scan", "opencv", "dicom", "dicom-video", "nifti", "images", "gif"
]
"""How a clip's frames are found and decoded; `mjpg-scan` is an AVI whose index cannot be used."""

TimeSource: TypeAlias = Literal[
    "FrameTimeVector",
    "FrameTime",
    "CineRate",
    "RecommendedDisplayFrameRate",
    "time stamps",
    "frame rate",
    "frame durations",
    "time step",
    "--fps",
]
"""Where the times of a clip's frames come from.

The first four are elements of a DICOM file. `time stamps` are those of each frame in a container such as MP4 or WebM,
`frame rate` is that of a file's header, `frame durations` are a GIF's, and `time step` is a NIfTI file's.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFile:
    """A clip on the disk: one file, or numbered pictures. For pictures, `path` is their folder or pattern."""

    path: Path
    images: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One frame in grey.

    `index` is its number in the file, from 0. `time_s` counts from the first frame; it is None if the file states no
    times.
    """

    index: int
    time_s: float | None
    grey_HW: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class DamagedFrame:
    """A frame of the file that does not decode, and the reason in a few words.

    `index` is None if a video does not show which of its frames is lost.
    """

    index: int | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A rectangle of the picture for which the file states the size of a pixel.

    `right` and `bottom` are the last column and row inside. `refused` says why the spacing cannot be used, or is
    empty.
    """

    left: int
    top: int
    right: int
    bottom: int
    spacing_mm: tuple[float, float] | None
    """Height and width of a pixel."""
    source: str
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """An open clip. It holds no frames: each `read` decodes them again."""

    path: Path
    way: Way
    size_HW: tuple[int, int]
    stated_frames: int | None
    """The number of frames that the file's header promises; None if it promises none."""
    likely_frames: int
    """The number of frames to expect: what the header promises, or an estimate."""
    times_from: TimeSource | None
    fps: float | None
    """The nominal or mean frame rate; None if it is not known."""
    read_frames: Callable[[Sequence[int] | None], Iterator[Frame | DamagedFrame]] = field(repr=False)
    """Yields the frames at the given numbers, which ascend, or all frames. Ends where the file ends."""
    sample_frames: Callable[[int], Iterator[Frame | DamagedFrame]] | None = field(default=None, repr=False)
    """Yields at most so many frames spread over the clip, faster than `read_frames` does. Their times are not known,
    and their numbers may be off by a few. None if `read_frames` is fast enough."""
    regions: tuple[Region, ...] = ()
    stated_s: float | None = None
    """The time at which the last frame ends, as the file's header states it; None if it states none."""
    warnings: tuple[str, ...] = ()
    """What is odd about the file, each in one line without the file's name."""

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Frame | DamagedFrame]:
        """Yield the frames at ascending numbers, or every frame, in order.

        Frames that do not decode are yielded as damaged ones. A number beyond the last frame yields nothing.

        Raises:
            DataError: the file cannot be read.
        """
        with report_damage(self.path):
            yield from self.read_frames(indices)

    def sample(self, most: int = MOST_FRAMES) -> NDArray[np.uint8]:
        """Return at most `most` frames that decode, spread over the clip, as (N, H, W).

        Raises:
            DataError: the file cannot be read.
        """
        with report_damage(self.path):
            found = (
                self.sample_frames(most)
                if self.sample_frames
                else self.read_frames(evenly_spaced(self.likely_frames, most))
            )
            frames = [frame.grey_HW for frame in found if isinstance(frame, Frame)]
            return np.stack(frames) if frames else np.empty((0, *self.size_HW), dtype=np.uint8)


def is_usable_rate(fps: float) -> bool:
    """Return whether a frame rate can be that of a clip; infinity and NaN cannot.

    >>> is_usable_rate(50.0), is_usable_rate(0.0), is_usable_rate(float("inf")), is_usable_rate(float("nan"))
    (True, False, False, False)
    """
    return RATES_FPS[0] <= fps <= RATES_FPS[1]


@contextmanager
def report_damage(path: Path) -> Iterator[None]:
    """Turn whatever a library raises on a file into an error that names the file and the reason.

    Decoders raise exceptions of any class on damaged files. Errors of lvzoo pass unchanged.

    Raises:
        DataError: something was raised.
    """
    try:
        yield
    except LvzooError:
        raise
    except Exception as error:
        raise DataError(f"{path}: {_describe_damage(error)}") from error


def _describe_damage(error: Exception) -> str:
    if is_out_of_memory(error):
        return "does not fit into memory; close other programs, or shrink the clip"
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or shorten(error)}); check the path and the file"
    return f"does not decode ({shorten(error)}); check that the file is complete"


def shorten(error: BaseException) -> str:
    """Return an exception's class and message on one line; some libraries quote damaged bytes at length.

    Python replaces a `StopIteration` that leaves a generator by a `RuntimeError`; the former is named.
    """
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        error = error.__cause__
    return textwrap.shorten(one_line(explain_exception(error)), MOST_LETTERS, placeholder=" ...")
