"""Reads a video with OpenCV from the first frame to the last, one frame at a time, with the time of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import BROKEN, DamagedFrame, Frame
from lvzoo.data.opencv import cv2
from lvzoo.errors import DataError

MOST_LOST: Final = 500
"""A file has ended if so many attempts in a row give no frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """How the times of frames follow: from a rate alone (`given_fps`), or from their time stamps.

    A frame without a stamp, or with one that does not come after the frame before it, follows that frame by one
    interval of `nominal_fps`. MPEG streams and AVI files leave out some stamps; their rate is constant.
    """

    given_fps: float | None
    nominal_fps: float | None

    def time_frames(self, stamps: Iterable[float | None]) -> Iterator[tuple[bool, float | None]]:
        """Yield whether each frame decodes, and its time in seconds from the first one's.

        A stamp in seconds is None if the frame is lost.
        """
        interval_s = 1 / self.nominal_fps if self.nominal_fps else None
        first_s, last_s, last_index = None, 0.0, 0
        for index, stamp_s in enumerate(stamps):
            if stamp_s is None or self.given_fps:
                yield stamp_s is not None, index / self.given_fps if self.given_fps else None
                continue
            if first_s is None:  # the frames that are lost before it count too
                last_s = index * interval_s if interval_s else 0.0
                first_s = stamp_s - last_s
            elif stamp_s - first_s > last_s:
                last_s = stamp_s - first_s
            elif interval_s:
                last_s += (index - last_index) * interval_s
            else:
                yield True, None
                continue
            last_index = index
            yield True, last_s


@contextmanager
def open_capture(path: Path) -> Iterator[cv2.VideoCapture]:
    """Open a video with OpenCV, and close it at the end. The capture may not be open: the caller checks it.

    Raises:
        DataError: the name of the file is not UTF-8.
    """
    # FFmpeg takes a relative name with a colon for a URL. OpenCV crashes on a name that is not UTF-8.
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{path}: OpenCV cannot open a name that is not UTF-8; rename the file") from error
    capture = cv2.VideoCapture(name, _choose_backend())
    try:
        yield capture
    finally:
        capture.release()


def _choose_backend() -> int:
    """Return FFmpeg if this OpenCV has it. The other backends take some names for those of picture sequences."""
    has_ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends()
    return int(cv2.CAP_FFMPEG if has_ffmpeg else cv2.CAP_ANY)


def grab_stamps(capture: cv2.VideoCapture) -> Iterator[float | None]:
    """Go from frame to frame; yield the time stamp of each in seconds, or None for a frame that is lost.

    OpenCV fails in the same way on a frame that does not decode and at the end of the file; only further attempts
    show which of them it was.
    """
    lost = 0
    while lost < MOST_LOST:
        if not capture.grab():
            lost += 1
            continue
        yield from itertools.repeat(None, lost)
        lost = 0
        yield float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1e3  # the time of the frame that was just grabbed


def count_frames(path: Path) -> int:
    """Return the number of frames of a video, by decoding all of them."""
    with open_capture(path) as capture:
        return sum(1 for _ in grab_stamps(capture))


def read_stream(
    path: Path, clock: Clock, size_HW: tuple[int, int], indices: Sequence[int] | None
) -> Iterator[Frame | DamagedFrame]:
    """Yield the frames at ascending numbers, or all; the frames between them are decoded, but not converted."""
    wanted = None if indices is None else frozenset(indices)
    if wanted is not None and not wanted:
        return
    with open_capture(path) as capture:
        for index, (decodes, time_s) in enumerate(clock.time_frames(grab_stamps(capture))):
            if wanted is None or index in wanted:
                if decodes:
                    yield retrieve(capture, index, time_s, size_HW)
                else:
                    yield DamagedFrame(index=index, reason=BROKEN)
            if wanted is not None and index == max(wanted):
                return


def retrieve(
    capture: cv2.VideoCapture, index: int, time_s: float | None, size_HW: tuple[int, int]
) -> Frame | DamagedFrame:
    """Return the frame that was grabbed, in grey."""
    decoded, frame_HW3 = capture.retrieve()
    if not decoded or frame_HW3 is None:
        return DamagedFrame(index=index, reason=BROKEN)
    grey_HW = convert_to_grey(frame_HW3)
    if grey_HW.shape != size_HW:
        height, width = grey_HW.shape
        return DamagedFrame(
            index=index,
            reason=f"it is {width} x {height}, but the first frame is {size_HW[1]} x {size_HW[0]}",
        )
    return Frame(index=index, time_s=time_s, grey_HW=grey_HW)


def convert_to_grey(frame: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert what OpenCV gives to 8-bit grey (H, W): BGR as a rule, grey or BGRA or 16 bits for some backends."""
    if frame.dtype == np.uint16:
        frame = (frame >> 8).astype(np.uint8)
    if frame.ndim == 2 or frame.shape[2] == 1:
        return np.asarray(frame, dtype=np.uint8).reshape(frame.shape[:2])
    code = cv2.COLOR_BGRA2GRAY if frame.shape[2] == 4 else cv2.COLOR_BGR2GRAY
    return np.asarray(cv2.cvtColor(frame, code), dtype=np.uint8)


def seek_frames(path: Path, indices: Sequence[int], size_HW: tuple[int, int]) -> list[Frame]:
    """Return the frames near ascending numbers without decoding all those between; end at the first one not reached.

    The numbers may be off by some frames, because a seek counts by times. The frames have no times.
    """
    found = []
    with open_capture(path) as capture:
        for index in indices:
            if not (capture.set(cv2.CAP_PROP_POS_FRAMES, index) and capture.grab()):
                break
            frame = retrieve(capture, index, None, size_HW)
            found += [frame] if isinstance(frame, Frame) else []
    return found
