"""The times of a DICOM clip's frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from lvzoo.data.clips.clip import TimeSource, is_usable_rate
from lvzoo.data.clips.dicom.elements import UNUSED, Elements

FRAME_TIME_TAG: Final = 0x00181063
FRAME_TIME_VECTOR_TAG: Final = 0x00181065
MS_PER_S: Final = 1000.0

RateElement: TypeAlias = Literal["FrameTime", "CineRate", "RecommendedDisplayFrameRate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameTimes:
    """When the frames of a clip were recorded, from the first frame on.

    Either each frame has its own time in `times_s`, or the frames follow each other at `1 / fps` seconds. If both are
    None, the times are not known, and `source` is None too.
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
    """Read the times of a clip from the first of these that is well formed and gives a rate that a clip can have.

    1. The frame rate of the user.
    2. `FrameTimeVector`, because it gives each frame its own time.
    3. `FrameTime`. It comes before `FrameTimeVector` if `FrameIncrementPointer` names it.
    4. `CineRate`.
    5. `RecommendedDisplayFrameRate`, with a warning.

    Args:
        elements: the clip's elements. Warnings about malformed ones are added to them.
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
    first = [_read_vector, _read_frame_time]
    if _points_at_frame_time(elements):
        first.reverse()
    return [*first, _read_cine_rate]


def _points_at_frame_time(elements: Elements) -> bool:
    """Return whether `FrameIncrementPointer` names `FrameTime`, but not `FrameTimeVector`."""
    if "FrameTime" not in elements or "FrameTimeVector" not in elements:
        return False
    tags = elements.read_numbers("FrameIncrementPointer")
    return FRAME_TIME_TAG in tags and FRAME_TIME_VECTOR_TAG not in tags


def _read_vector(elements: Elements, frames: int) -> FrameTimes | None:
    """Read the steps between frames in ms. The first value belongs to the first frame and does not count."""
    steps_ms = elements.read_numbers("FrameTimeVector")
    if not steps_ms:
        return None
    fault = _find_fault(steps_ms, frames)
    if fault:
        elements.warn(f"FrameTimeVector has {fault}, {UNUSED}")
        return None
    times_s = tuple(ms / MS_PER_S for ms in itertools.accumulate((0.0, *steps_ms[1:])))
    fps = (frames - 1) / times_s[-1] if frames > 1 else None
    return FrameTimes(source="FrameTimeVector", fps=fps, times_s=times_s)


def _find_fault(steps_ms: Sequence[float], frames: int) -> str:
    """Return why the steps between frames cannot be used, or an empty text."""
    if len(steps_ms) != frames:
        return f"{len(steps_ms)} values for {frames} frames"
    for step_ms in steps_ms[1:]:
        if step_ms <= 0:
            return "steps that are not greater than 0 ms"
        if not is_usable_rate(MS_PER_S / step_ms):
            return f"a step of {step_ms:g} ms, which no clip has"
    return ""


def _read_frame_time(elements: Elements, _: int) -> FrameTimes | None:
    step_ms = elements.read_positive("FrameTime")
    return None if step_ms is None else _check_rate(elements, "FrameTime", MS_PER_S / step_ms)


def _read_cine_rate(elements: Elements, _: int) -> FrameTimes | None:
    rate = elements.read_positive("CineRate")
    return None if rate is None else _check_rate(elements, "CineRate", rate)


def _read_display_rate(elements: Elements, _: int) -> FrameTimes | None:
    rate = elements.read_positive("RecommendedDisplayFrameRate")
    times = None if rate is None else _check_rate(elements, "RecommendedDisplayFrameRate", rate)
    if times is not None:
        elements.warn(
            "RecommendedDisplayFrameRate is the rate to display the clip at, not the rate at which it was recorded; "
            "times may be wrong"
        )
    return times


def _check_rate(elements: Elements, source: RateElement, fps: float) -> FrameTimes | None:
    """Return the times that follow from a rate; None, with a warning, if no clip can have this rate."""
    if is_usable_rate(fps):
        return FrameTimes(source=source, fps=fps)
    elements.warn(f"{source} gives {fps:g} frames per second, which no clip has, {UNUSED}")
    return None
