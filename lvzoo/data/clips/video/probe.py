"""Looks at the first frames of a video: their size, their time stamps, and the frame rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from lvzoo.data.clips.clip import is_usable_rate
from lvzoo.data.clips.video.capture import grab_stamps, open_capture
from lvzoo.data.clips.video.containers import HEAD_BYTES, has_time_stamps
from lvzoo.data.opencv import cv2

PROBED_FRAMES: Final = 4
"""The number of frames of which the time stamps are compared."""
GUESSED_FPS: Final = 1000.0
"""FFmpeg gives such rates, or higher ones, for containers that state none."""
MOST_FRAMES: Final = 1 << 31
"""FFmpeg gives absurd counts for streams without a container."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """What the first frames of a video show, and what OpenCV says of the file."""

    size_HW: tuple[int, int]
    fps: float | None
    """The rate that the file states, which may be damaged, or that of its first frames; None if neither is known."""
    has_stamps: bool
    """Whether the file has time stamps, and those of the first frames increase at a rate that a clip can have."""
    likely_frames: int | None
    """An estimate of the number of frames."""


def probe_video(path: Path) -> Probe | None:
    """Decode the first frames of a video; return None if there are none."""
    with open_capture(path) as capture:
        if not capture.isOpened():
            return None
        stamps, size_HW = [], None
        for stamp_s in grab_stamps(capture):
            if stamp_s is None:
                continue
            if size_HW is None:
                decodes, frame = capture.retrieve()
                size_HW = (frame.shape[0], frame.shape[1]) if decodes else None
            stamps.append(stamp_s)
            if size_HW is not None and len(stamps) >= PROBED_FRAMES:
                break
        if size_HW is None:
            return None
        fps, count = (float(capture.get(each)) for each in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT))
    rises = all(later > earlier for earlier, later in pairwise(stamps))
    measured_fps = (len(stamps) - 1) / (stamps[-1] - stamps[0]) if rises and len(stamps) > 1 else None
    is_likely = rises and (measured_fps is None or is_usable_rate(measured_fps))
    return Probe(
        size_HW=size_HW,
        fps=_choose_rate(fps, measured_fps if is_likely else None),
        has_stamps=is_likely and _is_stamped(path),
        likely_frames=int(count) if 0 < count < MOST_FRAMES else None,
    )


def _choose_rate(stated_fps: float, measured_fps: float | None) -> float | None:
    """Return the rate that the file states. If that is unlikely, return the measured one, if there is one."""
    stated = stated_fps if math.isfinite(stated_fps) and stated_fps > 0 else None
    if stated is None or measured_fps is None:
        return stated or measured_fps
    is_guess = stated >= GUESSED_FPS and stated >= 2 * measured_fps
    return measured_fps if is_guess or not is_usable_rate(stated) else stated


def _is_stamped(path: Path) -> bool:
    with path.open("rb") as file:
        return has_time_stamps(file.read(HEAD_BYTES))
