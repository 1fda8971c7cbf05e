"""The times of a DICOM clip's frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lvzoo.data.clips.clip import TimeSource
from lvzoo.data.clips.dicom.elements import UNUSED, Elements

FRAME_TIME_VECTOR_TAG: Final = 0x00181065
MS_PER_S: Final = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameTimes:
    """When the frames of a clip were recorded, from the first frame on.

    Either each frame has its own time in `times_s`, or all have the same distance `1 / fps`. Nothing is known if both
    are None; then `source` is None too.
    """

    source: TimeSource | None = None
    fps: float | None = None
    """The nominal or mean rate."""
    times_s: tuple[float, ...] | None = None

    def at(self, index: int) -> float | None:
        """Return the time of a frame in seconds; None if it is not known."""
        if self.times_s is not None:
            return self.times_s[index] if index < len(self.times_s) else None
        return index / self.fps if self.fps else None


def read_times(
    elements: Elements, frames: int, *, fps: float | None = None, display_rate: bool = True
) -> FrameTimes:
    """Read the times of a clip from the first of these that is well formed.

    The frame rate of the user; `FrameTimeVector` and `FrameTime`, of which `FrameIncrementPointer` says which is
    first; `CineRate`; and `RecommendedDisplayFrameRate`, with a warning.

    Args:
        elements: the clip's elements, which note what is malformed.
        frames: the number of frames that the header states, or that the file holds if it states none.
        fps: the frame rate that the user gives.
        display_rate: whether the display rate is used at all.
    """
    if fps is not None:
        return FrameTimes(source="--fps", fps=fps)
    for read in (*_list_readers(elements), *([_read_display_rate] if display_rate else [])):
        times = read(elements, frames)
        if times is not None:
            return times
    return FrameTimes()


def _list_readers(elements: Elements) -> list[Callable[[Elements, int], FrameTimes | None]]:
    first = [_read_frame_time, _read_vector]
    if _points_at_vector(elements):
        first.reverse()
    return [*first, _read_cine_rate]


def _points_at_vector(elements: Elements) -> bool:
    if "FrameIncrementPointer" not in elements or "FrameTimeVector" not in elements:
        return False
    return FRAME_TIME_VECTOR_TAG in (int(each) for each in elements.read_numbers("FrameIncrementPointer"))


def _read_vector(elements: Elements, frames: int) -> FrameTimes | None:
    """Read the steps between frames in ms. The first step is that of the first frame and does not count."""
    steps_ms = elements.read_numbers("FrameTimeVector")
    if not steps_ms:
        return None
    if len(steps_ms) != frames:
        elements.warn(f"FrameTimeVector has {len(steps_ms)} values for {frames} frames, {UNUSED}")
        return None
    if any(step <= 0 for step in steps_ms[1:]):
        elements.warn(f"FrameTimeVector has steps that are not greater than 0 ms, {UNUSED}")
        return None
    times_s = tuple(ms / MS_PER_S for ms in itertools.accumulate((0.0, *steps_ms[1:])))
    fps = (frames - 1) / times_s[-1] if frames > 1 else None
    return FrameTimes(source="FrameTimeVector", fps=fps, times_s=times_s)


def _read_frame_time(elements: Elements, _: int) -> FrameTimes | None:
    step_ms = elements.read_positive("FrameTime")
    return None if step_ms is None else FrameTimes(source="FrameTime", fps=MS_PER_S / step_ms)


def _read_cine_rate(elements: Elements, _: int) -> FrameTimes | None:
    rate = elements.read_positive("CineRate")
    return None if rate is None else FrameTimes(source="CineRate", fps=rate)


def _read_display_rate(elements: Elements, _: int) -> FrameTimes | None:
    rate = elements.read_positive("RecommendedDisplayFrameRate")
    if rate is None:
        return None
    elements.warn(
        "RecommendedDisplayFrameRate is the rate to display the clip at, not the rate at which it was recorded; "
        "times may be wrong"
    )
    return FrameTimes(source="RecommendedDisplayFrameRate", fps=rate)
