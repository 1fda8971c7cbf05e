"""Writes the overlay video of a clip: the shown part of each frame, with the contours of the answer and the check.

It is H.264 in an MP4 file, which browsers play, where an encoder is installed: that of PyAV, or one that OpenCV finds
in the system. Otherwise it is Motion JPEG in an AVI file, which every OpenCV writes, but no browser plays. VP9, which
OpenCV could write too, takes 70 times as long.
"""

from __future__ import annotations

import functools
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import cv2
import numpy as np

from lvzoo.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types.answer import View

FALLBACK_FPS: Final = 30.0
"""The frame rate of the video if that of the clip is not known."""
RATES_FPS: Final = (1.0, 1000.0)
"""The frame rates that the video can have. A slower clip plays at the first, a faster one at the second."""
LEAST_SIDE: Final = 448
"""The least height and width of the video in pixels. Small clips are enlarged."""
MOST_SIDE: Final = 4096
"""No clip is enlarged beyond this height or width in pixels."""
THINNEST: Final = 1 / 500
"""Thickness of a contour, as a share of the video's shorter side, so that it is seen in large clips too."""
CONTOUR_BGR: Final = (80, 220, 80)
CHECK_BGR: Final = (230, 160, 60)
SHIFT_BITS: Final = 4
"""OpenCV draws points in 1/16 px."""
H264: Final = "avc1"
"""OpenCV's name of H.264 in MP4."""
X264: Final = "libx264"
X264_OPTIONS: Final = {"preset": "veryfast", "crf": "20"}
NO_H264: Final = (
    "overlay videos are Motion JPEG in AVI files, which browsers do not play: no H.264 encoder was found; "
    "pip install av adds one"
)


class Encoder(Protocol):
    """Writes pictures of one size to a video file."""

    path: Path

    def write(self, picture_HWC: NDArray[np.uint8]) -> None:
        """Write the next picture (H, W, BGR)."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class OverlayVideo:
    """Draws and writes `overlay.mp4`, or `overlay.avi` if there is no H.264 encoder, one frame at a time."""

    def __init__(self, folder: Path, view: View, *, fps: float | None) -> None:
        """Open the file.

        Raises:
            DataError: no video can be written there.
        """
        self.view = view
        shorter, longer = sorted((view.height, view.width))
        self.zoom = max(1, min(-(-LEAST_SIDE // shorter), MOST_SIDE // longer))
        # H.264 needs even sides
        self.size = tuple(side * self.zoom + side * self.zoom % 2 for side in (view.width, view.height))
        rate_fps = FALLBACK_FPS if fps is None else min(max(fps, RATES_FPS[0]), RATES_FPS[1])
        self.encoder = _open_encoder(folder, (self.size[0], self.size[1]), rate_fps)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.encoder.path.name

    @property
    def plays_in_browsers(self) -> bool:
        """Whether the file is H.264 in MP4."""
        return self.encoder.path.suffix == ".mp4"

    def add(
        self,
        frame_HW: NDArray[np.uint8],
        outline_P2: NDArray[np.floating] | None,
        check_P2: NDArray[np.floating] | None,
    ) -> None:
        """Write the next frame of the clip with its outlines, which are (x, y) px of the clip."""
        picture = draw_overlay(frame_HW, self.view, outline_P2, check_P2, zoom=self.zoom)
        width, height = self.size
        below, right = height - picture.shape[0], width - picture.shape[1]
        if below or right:
            picture = np.pad(picture, ((0, below), (0, right), (0, 0)))
        self.encoder.write(picture)

    def close(self) -> None:
        """Finish the file."""
        self.encoder.close()


def draw_overlay(
    frame_HW: NDArray[np.uint8],
    view: View,
    outline_P2: NDArray[np.floating] | None,
    check_P2: NDArray[np.floating] | None,
    *,
    zoom: int = 1,
) -> NDArray[np.uint8]:
    """Return the shown part of a frame (H zoom, W zoom, BGR) with the answer's outline over that of the check."""
    size = (view.width * zoom, view.height * zoom)
    picture = cv2.cvtColor(
        cv2.resize(view.show(frame_HW), size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR
    )
    thickness = max(1, zoom // 2, round(THINNEST * min(size)))
    for points_P2, colour, width in (
        (check_P2, CHECK_BGR, max(1, thickness // 2)),
        (outline_P2, CONTOUR_BGR, thickness),
    ):
        if points_P2 is not None:
            # pixel centres lie half a pixel from the edges, and only the edges stay where they are
            enlarged_P2 = (points_P2 - (view.left, view.top) + 0.5) * zoom - 0.5
            fixed_P2 = np.rint(enlarged_P2 * 2**SHIFT_BITS).astype(np.int32)
            cv2.polylines(picture, [fixed_P2], True, colour, width, cv2.LINE_AA, SHIFT_BITS)
    return np.asarray(picture, dtype=np.uint8)


def _open_encoder(folder: Path, size: tuple[int, int], rate_fps: float) -> Encoder:
    """Return the first encoder that can be opened.

    Raises:
        DataError: there is none.
    """
    encoder: Encoder | None = _open_pyav(folder / "overlay.mp4", size, rate_fps)
    if encoder is None and _opencv_writes_h264():
        encoder = _OpenCV.open(folder / "overlay.mp4", H264, size, rate_fps)
    encoder = encoder or _OpenCV.open(folder / "overlay.avi", "MJPG", size, rate_fps)
    if encoder is None:
        raise DataError(
            f"{folder.parent}: an overlay video of {size[0]} x {size[1]} cannot be written here; check that the "
            "disk is not full"
        )
    return encoder


@functools.cache
def _opencv_writes_h264() -> bool:
    """Return whether OpenCV finds an H.264 encoder. The search may print messages, so it is done once."""
    with tempfile.TemporaryDirectory() as folder:
        encoder = _OpenCV.open(Path(folder, "a.mp4"), H264, (64, 64), FALLBACK_FPS)
        if encoder is not None:
            encoder.close()
        return encoder is not None


class _OpenCV:
    """A `cv2.VideoWriter`."""

    def __init__(self, path: Path, video: cv2.VideoWriter) -> None:
        self.path, self.video = path, video

    @classmethod
    def open(cls, path: Path, codec: str, size: tuple[int, int], rate_fps: float) -> _OpenCV | None:
        """Open a file; None if this OpenCV has no such encoder."""
        video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate_fps, size)
        if video.isOpened():
            return cls(path, video)
        path.unlink(missing_ok=True)
        return None

    def write(self, picture_HWC: NDArray[np.uint8]) -> None:
        """Write the next picture."""
        self.video.write(picture_HWC)

    def close(self) -> None:
        """Finish the file."""
        self.video.release()


class _PyAV:
    """A container of PyAV with one stream of H.264."""

    def __init__(self, path: Path, make_frame: Any, container: Any, stream: Any) -> None:  # noqa: ANN401 - optional
        self.path, self.make_frame, self.container, self.stream = path, make_frame, container, stream

    def write(self, picture_HWC: NDArray[np.uint8]) -> None:
        """Write the next picture."""
        self.container.mux(self.stream.encode(self.make_frame(picture_HWC, format="bgr24")))

    def close(self) -> None:
        """Finish the file."""
        self.container.mux(self.stream.encode(None))
        self.container.close()


def _open_pyav(path: Path, size: tuple[int, int], rate_fps: float) -> Encoder | None:
    """Open a file with PyAV; None if it is not installed, or has no H.264 encoder."""
    try:
        from av import VideoFrame
        from av import open as open_container
        from av.codec import Codec
        from av.error import FFmpegError
    except ImportError:
        return None
    try:
        Codec(X264, "w")
    except (FFmpegError, ValueError):  # a PyAV that was built without x264
        return None
    container: Any = open_container(str(path), "w", options={"movflags": "+faststart"})
    stream = container.add_stream(X264, rate=Fraction(rate_fps).limit_denominator(10_000))
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"  # browsers play no other
    stream.options = dict(X264_OPTIONS)
    return _PyAV(path, VideoFrame.from_ndarray, container, stream)
