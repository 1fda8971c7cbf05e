"""Looks at the first frames of a video: their size, their time stamps, and the frame rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from lvzoo.data.clips.video.capture import grab_stamps, open_capture
from lvzoo.data.opencv import cv2

PROBED_FRAMES: Final = 4
"""The number of frames of which the time stamps are compared."""
GUESSED_FPS: Final = 1000.0
"""FFmpeg gives such rates, or higher ones, for containers that state none."""
MOST_FRAMES: Final = 1 << 31
"""FFmpeg gives absurd counts for streams without a container."""
HEAD_BYTES: Final = 16
STAMPED: Final = (
    (0, b"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    *(
        (4, name) for name in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp")
    ),  # MP4, MOV
    (0, b"\x47"),  # MPEG transport stream
    (4, b"\x47"),  # the same, of cameras
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"\x30\x26\xb2\x75"),  # ASF, WMV
    (0, b"OggS"),
    (0, b"FLV"),
)
"""The bytes, and where they stand, that show a container with time stamps. For other streams, FFmpeg makes up stamps
from a rate that it may have guessed."""
AVI: Final = (8, b"AVI ")
LEAST_MARK: Final = 4
"""The length of a mark that is hardly there by chance."""


def is_video(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of a video. Not every format of videos has such bytes.

    >>> is_video(b"RIFF....AVI LIST"), is_video(bytes(128) + b"DICM")
    (True, False)
    """
    return any(head[at:].startswith(mark) for at, mark in (AVI, *STAMPED) if len(mark) >= LEAST_MARK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """What the first frames of a video show, and what OpenCV says of the file."""

    size_HW: tuple[int, int]
    fps: float | None
    """The rate that the file states, or that of its first frames; None if neither is known."""
    has_stamps: bool
    """Whether the file has time stamps, and those of the first frames increase."""
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
    return Probe(
        size_HW=size_HW,
        fps=_choose_rate(fps, stamps if rises else []),
        has_stamps=rises and _is_stamped(path),
        likely_frames=int(count) if 0 < count < MOST_FRAMES else None,
    )


def _choose_rate(stated_fps: float, stamps_s: list[float]) -> float | None:
    stated = stated_fps if math.isfinite(stated_fps) and stated_fps > 0 else None
    if len(stamps_s) < 2 or (stated and stated < GUESSED_FPS):
        return stated
    measured = (len(stamps_s) - 1) / (stamps_s[-1] - stamps_s[0])
    return stated if stated and stated < 2 * measured else measured


def _is_stamped(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return any(head[at:].startswith(mark) for at, mark in STAMPED)
