"""Reads a video with OpenCV from the first frame to the last, one frame at a time, with the time of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lvzoo.data.clips.clip import BROKEN, DamagedFrame, Frame
from lvzoo.data.clips.grey import convert_to_grey
from lvzoo.data.clips.video.numbers import MOST_LOST, number_frames
from lvzoo.data.opencv import cv2, silence_opencv
from lvzoo.errors import DataError
from lvzoo.geometry.sector import evenly_spaced


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """How the times of frames are found: from their time stamps, or from the rate alone. Both may be missing.

    A frame without a stamp, or with one that does not come after the frame before it, follows that frame by one
    interval of the rate. MPEG streams and AVI files leave out some stamps; their rate is constant.
    """

    use_stamps: bool
    fps: float | None

    def time_frames(
        self, frames: Iterable[tuple[int | None, float | None]]
    ) -> Iterator[tuple[int | None, bool, float | None]]:
        """Yield each frame's number, whether it decodes, and its time in seconds from the first one's.

        Args:
            frames: numbers and stamps in seconds, as `number_frames` yields them.
        """
        interval_s = None if self.fps is None else 1 / self.fps
        first_s, last_s, last_index = None, 0.0, 0
        for index, stamp_s in frames:
            if index is None or stamp_s is None:
                yield index, False, None
                continue
            if not self.use_stamps:
                yield index, True, None if self.fps is None else index / self.fps
                continue
            if first_s is None:  # the frames that are lost before it count too
                last_s = 0.0 if interval_s is None else index * interval_s
                first_s = stamp_s - last_s
            elif stamp_s - first_s > last_s:
                last_s = stamp_s - first_s
            elif interval_s is not None:
                last_s += (index - last_index) * interval_s
            else:
                yield index, True, None
                continue
            last_index = index
            yield index, True, last_s


@contextmanager
def open_capture(path: Path) -> Iterator[cv2.VideoCapture]:
    """Open a video with OpenCV, and close it at the end. The capture may not be open: the caller checks it.

    Raises:
        DataError: the name of the file is not UTF-8.
    """
    silence_opencv()
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


def sample_stream(path: Path, size_HW: tuple[int, int], most: int) -> list[Frame]:
    """Return at most `most` frames that decode, spread over a video of any length, in one pass.

    At first, every frame is kept. Whenever there are twice as many as wanted, every second one is dropped, and from
    then on only frames at twice the distance are kept. The frames have no times.
    """
    kept: list[Frame] = []
    distance, decoded = 1, 0
    with open_capture(path) as capture:
        for index, stamp_s in enumerate(grab_stamps(capture)):
            if stamp_s is None:
                continue
            frame = retrieve(capture, index, None, size_HW) if decoded % distance == 0 else None
            decoded += 1
            if isinstance(frame, Frame):
                kept.append(frame)
            if len(kept) == 2 * most:
                kept, distance = kept[::2], 2 * distance
    return [kept[place] for place in evenly_spaced(len(kept), most)]


def count_frames(path: Path) -> int:
    """Return the number of frames of a video, by decoding all of them."""
    with open_capture(path) as capture:
        return sum(1 for _ in grab_stamps(capture))


def read_stream(
    path: Path, clock: Clock, size_HW: tuple[int, int], indices: Sequence[int] | None
) -> Iterator[Frame | DamagedFrame]:
    """Yield the frames at ascending numbers, or all; the frames between them are decoded, but not converted.

    Lost frames whose numbers are not known are yielded only if all frames are wanted.
    """
    wanted = None if indices is None else frozenset(indices)
    if wanted is not None and not wanted:
        return
    last = None if wanted is None else max(wanted)
    with open_capture(path) as capture:
        for index, decodes, time_s in clock.time_frames(number_frames(grab_stamps(capture))):
            if wanted is None or index in wanted:
                if decodes and index is not None:
                    yield retrieve(capture, index, time_s, size_HW)
                else:
                    yield DamagedFrame(index=index, reason=BROKEN)
            if last is not None and index is not None and index >= last:
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
