"""Reads numbered pictures (PNG, JPEG or BMP) as the frames of a clip; a single picture is a clip of one frame.

OpenCV decodes one picture at a time, without turning it by its EXIF orientation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import BROKEN, Clip, DamagedFrame, Frame
from lvzoo.data.clips.grey import convert_to_grey
from lvzoo.data.clips.numbering import Numbered, group_numbered
from lvzoo.data.opencv import cv2, silence_opencv
from lvzoo.errors import DataError, is_out_of_memory

PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
BMP: Final = b"BM"
BMP_HEADERS: Final = (12, 16, 40, 52, 56, 64, 108, 124)
"""The sizes of the header that stands at byte 14 of a BMP file, one per version of the format."""
ANIMATION: Final = b"acTL"
ANIMATION_WITHIN: Final = 1024
"""The chunk that makes a PNG an animation, and the first bytes of the file, where it usually stands."""
FEW_BITS: Final = 4096
"""A 16-bit picture whose brightest value is below this probably has at most 12 bits, and looks black."""


def is_image(head: bytes) -> bool:
    """Return whether a file with these first bytes is a PNG, JPEG or BMP picture."""
    is_bmp = head.startswith(BMP) and int.from_bytes(head[14:18], "little") in BMP_HEADERS
    return head.startswith((PNG, JPEG)) or is_bmp


def open_images(path: Path, images: tuple[Path, ...], *, fps: float | None) -> Clip:
    """Open pictures that are the frames of a clip, in the given order.

    Colours become grey by OpenCV's BGR2GRAY, transparent pixels become black, and of 16 bits the upper 8 are kept.
    The size of the clip is that of the first picture that decodes; pictures of another size are damaged frames.
    Pictures state no times, so a frame has one only if `fps` is given. The times follow the numbers in the names.

    Args:
        path: the name of the sequence in messages: its folder, its pattern or its only file.
        images: the pictures.
        fps: frames per second.

    Raises:
        DataError: none of the pictures decodes.
        OSError: the only picture cannot be read.
    """
    size_HW, warnings = _look_at_first(path, images)
    groups = group_numbered(images)
    sequence = groups[0] if len(groups) == 1 and groups[0].files == images else Numbered(files=images)
    times_s = None if fps is None else _list_times(sequence, fps)

    def read_frames(indices: Sequence[int] | None) -> Iterator[Frame | DamagedFrame]:
        for index in range(len(images)) if indices is None else indices:
            if index < len(images):
                yield _read_frame(images[index], index, size_HW, times_s)

    return Clip(
        path=path,
        way="images",
        size_HW=size_HW,
        stated_frames=len(images),
        likely_frames=len(images),
        times_from=None if fps is None else "--fps",
        fps=fps,
        read_frames=read_frames,
        warnings=(*_describe_gaps(sequence, fps), *warnings),
    )


def _look_at_first(path: Path, images: Sequence[Path]) -> tuple[tuple[int, int], list[str]]:
    """Return the size of the first picture that decodes, and what is odd about it."""
    reasons = []
    for image in images:
        picture = _decode(image)
        if isinstance(picture, str):
            reasons.append(picture)
            continue
        return (picture.shape[0], picture.shape[1]), _find_oddities(image, picture)
    what = "does not decode" if len(images) == 1 else f"none of its {len(images):,} pictures decodes"
    raise DataError(f"{path}: {what} ({reasons[0]}); check that the file is complete")


def _list_times(sequence: Numbered, fps: float) -> list[float]:
    """Return the time of each picture. Missing numbers take time too, so that a gap stays a gap."""
    numbers = sequence.numbers
    if len(set(numbers)) < len(
        sequence.files
    ):  # a single picture, or a number that stands twice: 1.png, 01.png
        numbers = tuple(range(len(sequence.files)))
    return [(number - numbers[0]) / fps for number in numbers]


def _describe_gaps(sequence: Numbered, fps: float | None) -> list[str]:
    """Return a warning if numbers of the sequence are missing."""
    gaps = sequence.describe_gaps()
    times = "" if fps is None else ", but the times leave a gap for them"
    return [f"{gaps}; the frames are counted without them{times}"] if gaps else []


def _find_oddities(image: Path, picture: NDArray[Any]) -> list[str]:
    warnings = []
    brightest = int(picture.max())
    if picture.dtype == np.uint16 and 0 < brightest < FEW_BITS:
        warnings.append(
            f"its brightest value is {brightest:,} of 65,535, so it looks black; export it in 8 bits"
        )
    with image.open("rb") as file:
        if ANIMATION in file.read(ANIMATION_WITHIN):
            warnings.append(
                "is an animated PNG, of which only the first frame is read; export a GIF or a video"
            )
    return warnings


def _read_frame(
    image: Path, index: int, size_HW: tuple[int, int], times_s: Sequence[float] | None
) -> Frame | DamagedFrame:
    picture = _decode(image)
    if isinstance(picture, str):
        return DamagedFrame(index=index, reason=f"{image.name}: {picture}")
    if picture.shape[:2] != size_HW:
        (height, width), (first_height, first_width) = picture.shape[:2], size_HW
        reason = (
            f"{image.name}: is {width} x {height}, but the first picture is {first_width} x {first_height}"
        )
        return DamagedFrame(index=index, reason=reason)
    return Frame(
        index=index, time_s=None if times_s is None else times_s[index], grey_HW=convert_to_grey(picture)
    )


def _decode(image: Path) -> NDArray[Any] | str:
    """Return a picture as it is stored, or the reason why it does not decode.

    Bytes are decoded instead of a named file, because OpenCV reads some names as patterns and not every name at all.
    """
    try:
        data = image.read_bytes()
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    if not data:
        return "is empty"
    if _is_cut(data):
        return "is cut short"
    silence_opencv()
    try:
        picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if is_out_of_memory(error):
            raise
        picture = None
    if picture is None:
        return BROKEN if is_image(data) else "is no PNG, JPEG or BMP picture"
    return np.asarray(picture)


def _is_cut(data: bytes) -> bool:
    """Return whether the end of a picture is missing; decoders fill the rest of such a picture with grey."""
    if data.startswith(PNG):
        return b"IEND" not in data
    return data.startswith(JPEG) and b"\xff\xd9" not in data[data.rfind(b"\xff\xda") :]
