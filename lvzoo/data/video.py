"""Reads frames from video files, in grey.

The JPEGs of an MJPG AVI are independent of each other, so only the wanted frames are decoded, straight from their
places in the file. OpenCV decodes any other codec or container from the first frame to the last. In both cases the
frames are decoded to BGR and converted with OpenCV's BGR2GRAY.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.data.riff import Avi, is_avi, parse_avi
from lvzoo.errors import DataError

Way: TypeAlias = Literal["mjpg-index", "mjpg-scan", "opencv"]
"""How a clip's frames are found: by its index, by scanning its chunks, or by OpenCV from first to last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """An open clip; frames are uint8 grey and numbered from 0."""

    path: Path
    count: int
    fps: float | None
    size_HW: tuple[int, int]
    way: Way
    frame_at: Callable[[int], NDArray[np.uint8]] = field(repr=False)

    def read(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """Return the frames at `indices` as (N, H, W).

        Raises:
            IndexError: an index is not in 0..count - 1.
            DataError: a frame does not decode.
        """
        outside = [index for index in indices if not 0 <= index < self.count]
        if outside:
            raise IndexError(f"{self.path}: no frame {outside[0]}; the clip has {self.count} frames")
        # Decode first, and stack afterwards: allocating by the header's size could fail if the header is damaged.
        frames = [self.frame_at(index) for index in indices]
        return np.stack(frames) if frames else np.empty((0, *self.size_HW), dtype=np.uint8)

    def read_all(self) -> NDArray[np.uint8]:
        """Return every frame as (N, H, W)."""
        return self.read(range(self.count))


def open_clip(path: Path) -> Clip:
    """Open a video file. No frame of an MJPG AVI is decoded yet.

    Raises:
        DataError: the file is missing, or none of its frames decodes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    avi = parse_avi(data) if is_avi(data) else None
    if avi is not None and avi.codec == "MJPG":
        return _open_mjpg(path, data, avi)
    return _open_sequentially(path)


def _open_mjpg(path: Path, data: bytes, avi: Avi) -> Clip:
    bytes_of_file = np.frombuffer(data, dtype=np.uint8)

    def frame_at(index: int) -> NDArray[np.uint8]:
        start, length = avi.spans[index]
        return _decode_jpeg(bytes_of_file[start : start + length], avi.size_HW, f"{path}: frame {index}")

    return Clip(
        path=path,
        count=len(avi.spans),
        fps=avi.fps,
        size_HW=avi.size_HW,
        way="mjpg-index" if avi.indexed else "mjpg-scan",
        frame_at=frame_at,
    )


def _decode_jpeg(jpeg: NDArray[np.uint8], size_HW: tuple[int, int], name: str) -> NDArray[np.uint8]:
    """Decode a JPEG to grey; an error names it by `name`."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        frame_HW3 = cv2.imdecode(jpeg, flags) if len(jpeg) else None
    except cv2.error:
        frame_HW3 = None
    if frame_HW3 is None:
        raise DataError(f"{name} does not decode; the file is damaged, so copy it again from its source")
    if frame_HW3.shape[:2] != size_HW:
        height, width = frame_HW3.shape[:2]
        raise DataError(
            f"{name} is {width} x {height}, but the file's header says {size_HW[1]} x {size_HW[0]}"
        )
    return _convert_to_grey(frame_HW3)


def _convert_to_grey(frame_HW3: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _open_sequentially(path: Path) -> Clip:
    """Decode all frames, because frames of this codec or container may depend on each other."""
    capture = cv2.VideoCapture(str(path))
    frames: list[NDArray[np.uint8]] = []
    try:
        fps = float(capture.get(cv2.CAP_PROP_FPS)) if capture.isOpened() else 0.0
        while True:
            decoded, frame_HW3 = capture.read()
            if not decoded:
                break
            frames.append(_convert_to_grey(frame_HW3))
    finally:
        capture.release()
    if not frames:
        raise DataError(f"{path}: does not decode as a video; check that the file is complete")
    return Clip(
        path=path,
        count=len(frames),
        fps=fps if fps > 0 else None,
        size_HW=(frames[0].shape[0], frames[0].shape[1]),
        way="opencv",
        frame_at=frames.__getitem__,
    )
