"""Reads animated GIFs by Pillow, frame by frame as a viewer shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from lvzoo.data.clips.clip import Clip, Frame, is_usable_rate, shorten
from lvzoo.data.clips.grey import convert_to_grey
from lvzoo.errors import is_out_of_memory, name_option

MS: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Animation:
    """What a first pass through a GIF finds. A duration of 0 is not known."""

    size_HW: tuple[int, int]
    durations_ms: list[float]
    warnings: list[str]


def is_gif(head: bytes) -> bool:
    """Return whether a file with these first bytes is a GIF."""
    return head.startswith((b"GIF87a", b"GIF89a"))


def open_gif(path: Path, *, fps: float | None) -> Clip:
    """Open a GIF.

    Each frame is composed with the frames before it, as a viewer does. Transparent pixels become black, and colours
    become grey like those of pictures. Times come from the durations of the frames, which a GIF stores in hundredths
    of a second. If a duration is missing or 0, viewers show the frame for a time of their own choice. Then no frame
    has a time, and a warning says so. The same holds if their mean frame rate is not one that a clip can have.

    A GIF does not state its number of frames. If it is cut short, the frames before the cut are read.

    Raises:
        Exception: the file is missing, or no frame decodes. Pillow raises various classes.
    """
    found = _look_through(path)
    count = len(found.durations_ms)
    rate, warning = (fps, "") if fps is not None else _find_rate(found.durations_ms)
    times_s = None
    if rate is not None:
        times_s = _list_times(found.durations_ms) if fps is None else [index / rate for index in range(count)]

    def read_frames(indices: Sequence[int] | None) -> Iterator[Frame]:
        with Image.open(path) as image:
            for index in range(count) if indices is None else indices:
                if index >= count:
                    return
                image.seek(index)
                picture = np.asarray(image.convert("RGBA"))[..., [2, 1, 0, 3]]
                time_s = None if times_s is None else times_s[index]
                yield Frame(index=index, time_s=time_s, grey_HW=convert_to_grey(picture))

    return Clip(
        path=path,
        way="gif",
        size_HW=found.size_HW,
        stated_frames=None,
        likely_frames=count,
        times_from="--fps" if fps is not None else ("frame durations" if times_s is not None else None),
        fps=rate,
        read_frames=read_frames,
        warnings=(*found.warnings, *([warning] if warning else [])),
    )


def _find_rate(durations_ms: Sequence[float]) -> tuple[float | None, str]:
    """Return the mean frame rate, or None and the reason. The duration of the last frame does not count.

    The reason is empty if there is one frame only.
    """
    shown_ms = durations_ms[:-1]
    if not shown_ms:
        return None, ""
    if min(shown_ms) <= 0:
        return None, f"states no duration for some frames, so no frame has a time; give {name_option('fps')}"
    fps = MS * len(shown_ms) / sum(shown_ms)
    if not is_usable_rate(fps):
        return None, (
            f"its durations give {fps:.2g} frames per second, which cannot be true, so no frame has a time; "
            f"give {name_option('fps')}"
        )
    return fps, ""


def _list_times(durations_ms: Sequence[float]) -> list[float]:
    """Return the time of each frame in seconds."""
    return [time_ms / MS for time_ms in accumulate(durations_ms[:-1], initial=0.0)]


def _look_through(path: Path) -> _Animation:
    """Decode all frames once, because only then it is known how many there are.

    Raises:
        Exception: the first frame does not decode.
    """
    durations_ms: list[float] = []
    warnings: list[str] = []
    with Image.open(path) as image:
        while True:
            try:
                image.seek(len(durations_ms))
                image.load()
            except EOFError:
                break
            except Exception as error:  # Pillow raises various classes on damaged files
                if not durations_ms or is_out_of_memory(error):
                    raise
                warnings.append(
                    f"frame {len(durations_ms)} does not decode ({shorten(error)}), so the clip ends before it; "
                    "check that the file is complete"
                )
                break
            durations_ms.append(float(image.info.get("duration", 0)))
        return _Animation(size_HW=(image.height, image.width), durations_ms=durations_ms, warnings=warnings)
