"""The pictures of a clip's page: the shown part of each frame, as JPEG, small enough for the page as a whole.

Frames come one by one, and how many will come is at best known roughly. So each frame is encoded as it comes. As soon
as too many bytes are to be expected, all pictures so far are made a step smaller, and the next ones too. The memory
that this needs is that of the page.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lvzoo.types.answer import View

STEPS: Final = (
    *((640, 92), (640, 85), (560, 80), (480, 75), (400, 70), (360, 66)),
    *((320, 62), (288, 58), (256, 55), (224, 52), (192, 50)),
)
"""Longest side in px and JPEG quality, from the best pictures to the smallest. No picture is enlarged."""
FULL_FRAMES: Final = 200
LEAST_BYTES: Final = 1_150_000
"""All pictures of a clip of up to 200 frames have at most so many bytes. In base64 they are a third longer, and with
everything else the page stays below 2 MB."""
MOST_BYTES: Final = 6_000_000
"""Longer clips may have more bytes, in proportion to their frames, up to this."""
ENOUGH_FRAMES: Final = 8
"""From fewer pictures, the bytes of the others are not guessed."""
THUMBNAIL_SIDE: Final = 224


class Pictures:
    """Encodes the shown part of each frame of a clip.

    `jpegs` has one item per frame. It is None where the picture was left out, because the smallest pictures of all
    frames would still be too many bytes; then every `stride`-th frame has one.
    """

    def __init__(self, view: View, *, likely_frames: int | None = None) -> None:
        self.view, self.likely_frames = view, likely_frames or 0
        self.jpegs: list[bytes | None] = []
        self.step, self.stride, self.bytes = 0, 1, 0

    def add(self, frame_HW: NDArray[np.uint8]) -> None:
        """Encode the next frame."""
        if len(self.jpegs) % self.stride:
            self.jpegs.append(None)
            return
        self._append(encode(self.view.show(frame_HW), *STEPS[self.step]))
        while self._are_too_large() and self._shrink():
            pass

    def _append(self, jpeg: bytes | None) -> None:
        self.jpegs.append(jpeg)
        self.bytes += len(jpeg or b"")

    def _are_too_large(self) -> bool:
        frames = len(self.jpegs)
        expected = max(frames, self.likely_frames) if frames >= ENOUGH_FRAMES else frames
        allowed = min(MOST_BYTES, LEAST_BYTES * max(1.0, expected / FULL_FRAMES))
        return self.bytes / frames * expected > allowed

    def _shrink(self) -> bool:
        """Make all pictures a step smaller, or leave out every second one. Return whether that was possible."""
        jpegs, self.jpegs, self.bytes = self.jpegs, [], 0
        if self.step + 1 < len(STEPS):
            self.step += 1
            for jpeg in jpegs:
                self._append(None if jpeg is None else encode(decode(jpeg), *STEPS[self.step]))
            return True
        if len(jpegs) <= self.stride:  # one picture is left
            self.jpegs, self.bytes = jpegs, sum(len(jpeg or b"") for jpeg in jpegs)
            return False
        self.stride *= 2
        for index, jpeg in enumerate(jpegs):
            self._append(None if index % self.stride else jpeg)
        return True


def encode(picture_HW: NDArray[np.uint8], side: int, quality: int) -> bytes:
    """Return a picture as JPEG whose longer side is at most `side` px."""
    zoom = side / max(picture_HW.shape)
    if zoom < 1:
        rows, columns = (max(1, round(each * zoom)) for each in picture_HW.shape)
        picture_HW = np.asarray(
            cv2.resize(picture_HW, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return _write_jpeg(picture_HW, flags)


def decode(jpeg: bytes) -> NDArray[np.uint8]:
    """Return the grey picture (H, W) of a JPEG."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def draw_thumbnail(jpeg: bytes, view: View, outline_P2: NDArray[np.float32] | None) -> bytes:
    """Return a small JPEG of a picture of the view with an outline, (x, y) px of the clip, drawn on it."""
    picture_HW = decode(jpeg)
    zoom = THUMBNAIL_SIDE / max(picture_HW.shape)
    rows, columns = (max(1, round(each * zoom)) for each in picture_HW.shape)
    grey = cv2.resize(
        picture_HW, (columns, rows), interpolation=cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
    )
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    if outline_P2 is not None:
        moved_P2 = (outline_P2 - (view.left, view.top) + 0.5) * (columns / view.width, rows / view.height)
        points_P2 = np.rint(16 * (moved_P2 - 0.5)).astype(np.int32)  # `shift` of 4 bits: sixteenths of a px
        cv2.polylines(picture, [points_P2], True, (0, 163, 245), 2, cv2.LINE_AA, 4)
    return _write_jpeg(np.asarray(picture, dtype=np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])


def _write_jpeg(picture: NDArray[np.uint8], flags: Sequence[int]) -> bytes:
    done, jpeg = cv2.imencode(".jpg", picture, flags)
    if not done:
        raise AssertionError  # only a picture without pixels, or with more than 65,500 rows, cannot be encoded
    return bytes(jpeg)


def to_base64(jpegs: Sequence[bytes | None]) -> list[str | None]:
    """Return pictures as text."""
    return [None if jpeg is None else base64.b64encode(jpeg).decode() for jpeg in jpegs]
