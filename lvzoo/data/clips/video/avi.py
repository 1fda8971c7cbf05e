"""Opens AVI files with MJPG frames: each frame is a JPEG of its own, so only the wanted ones are read and decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import BROKEN, Clip, DamagedFrame, Frame
from lvzoo.data.clips.content import OpenFile
from lvzoo.data.clips.video.containers import is_avi
from lvzoo.data.clips.video.rate import check_rate
from lvzoo.data.clips.video.riff import Avi, parse_avi
from lvzoo.data.opencv import cv2, silence_opencv
from lvzoo.errors import is_out_of_memory

MOST_BYTES: Final = 16 << 20
"""Files up to this size are read as a whole to find their frames, which is faster than reading many small parts."""

END_OF_IMAGE: Final = b"\xff\xd9"


def read_layout(path: Path) -> Avi | None:
    """Find the frames of an AVI file of any size; return None if it is no AVI, or an AVI without video."""
    with path.open("rb", buffering=0) as file:
        content = OpenFile(file)
        if not is_avi(content[:12]):
            return None
        return parse_avi(content[: len(content)] if len(content) <= MOST_BYTES else content)


def open_mjpg(path: Path, avi: Avi, *, fps: float | None) -> Clip:
    """Return the clip for an AVI file whose frames were located before. No frame is decoded yet."""
    rate, warnings = check_rate(avi.fps) if fps is None else (fps, ())
    silence_opencv()

    def read_frames(indices: Sequence[int] | None) -> Iterator[Frame | DamagedFrame]:
        with path.open("rb", buffering=0) as file:
            content = OpenFile(file)
            count = len(avi.spans_N2)
            for index in range(count) if indices is None else indices:
                if index >= count:
                    return
                start, length = avi.spans_N2[index].tolist()
                jpeg = content[start : start + length] if start >= 0 else b""  # lost
                grey_HW = _decode_jpeg(jpeg, avi.size_HW)
                if isinstance(grey_HW, str):
                    yield DamagedFrame(index=index, reason=grey_HW)
                else:
                    yield Frame(index=index, time_s=None if rate is None else index / rate, grey_HW=grey_HW)

    return Clip(
        path=path,
        way="mjpg-index" if avi.indexed else "mjpg-scan",
        size_HW=avi.size_HW,
        stated_frames=avi.stated_frames,
        likely_frames=len(avi.spans_N2),
        times_from="--fps" if fps is not None else ("frame rate" if rate is not None else None),
        fps=rate,
        read_frames=read_frames,
        warnings=warnings,
    )


def _decode_jpeg(jpeg: bytes, size_HW: tuple[int, int]) -> NDArray[np.uint8] | str:
    """Decode a JPEG to grey; return a reason if it does not decode."""
    if (
        jpeg.rfind(END_OF_IMAGE) < 0
    ):  # some versions of OpenCV decode a JPEG that is cut off, and leave the rest grey
        return BROKEN
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        frame_HW3 = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), flags)
    except cv2.error as error:
        if is_out_of_memory(error):
            raise
        frame_HW3 = None
    if frame_HW3 is None:
        return BROKEN
    if frame_HW3.shape[:2] != size_HW:
        height, width = frame_HW3.shape[:2]
        return f"it is {width} x {height}, but the file's header says {size_HW[1]} x {size_HW[0]}"
    return np.asarray(cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
