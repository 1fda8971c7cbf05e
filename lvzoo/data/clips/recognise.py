"""Recognises the format of a clip by its content and its name, and opens it."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.clip import Clip, ClipFile, Frame, report_damage
from lvzoo.data.clips.dicom.reader import is_dicom, open_dicom
from lvzoo.data.clips.gif import is_gif, open_gif
from lvzoo.data.clips.images import is_image, open_images
from lvzoo.data.clips.nifti.reader import is_nifti, open_nifti
from lvzoo.data.clips.video.containers import is_video
from lvzoo.data.clips.video.reader import open_video
from lvzoo.errors import DataError

Format: TypeAlias = Literal["dicom", "nifti", "gif", "picture", "video"]

HEAD_BYTES = 348
"""The first bytes of a file, which show its format."""
CONTROLS = bytes({*range(32), 127} - set(b"\t\n\f\r\x1a\x1b"))
"""The control characters that no text contains."""
BINARY_MARKS = (b"YUV4MPEG2 ", b"RIFF")
"""The first bytes of formats of videos that begin with letters."""


def open_clip(clip: ClipFile | Path, *, fps: float | None = None) -> Clip:
    """Open a clip. The content decides what it is, then the name.

    Args:
        clip: a file, or the pictures of a sequence.
        fps: the frame rate to use instead of the file's times.

    Raises:
        DataError: the file is missing, is not a clip, or does not decode.
    """
    if isinstance(clip, Path):
        clip = ClipFile(path=clip)
    with report_damage(clip.path):
        return _open(clip, fps)


def _open(clip: ClipFile, fps: float | None) -> Clip:
    path = clip.path
    if clip.images:
        return open_images(path, clip.images, fps=fps)
    head = _read_head(path)
    _check_content(path, head)
    match find_format(head, path):
        case "dicom":
            return open_dicom(path, fps=fps)
        case "nifti":
            return open_nifti(path, fps=fps)
        case "gif":
            return open_gif(path, fps=fps)
        case "picture":
            return open_images(path, (path,), fps=fps)
        case _:  # OpenCV decodes more than is recognised
            return open_video(path, fps=fps)


def find_format(head: bytes, path: Path) -> Format | None:
    """Return the format of a clip: its content decides, then its name. Return None if neither shows a format.

    Args:
        head: the first bytes of the file.
        path: the file, whose suffix counts.
    """
    for name in (Path(), path):
        if is_dicom(head, name):
            return "dicom"
        if is_nifti(head, name):
            return "nifti"
        if is_gif(head):
            return "gif"
        if is_image(head):
            return "picture"
        if is_video(head):
            return "video"
    return None


def _check_content(path: Path, head: bytes) -> None:
    """Refuse what is no clip, whatever its name. FFmpeg would draw some texts as pictures.

    Raises:
        DataError: the file is a text, or a WebP picture.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        raise DataError(f"{path}: is a WebP picture, which lvzoo does not read; convert it to GIF or PNG")
    if is_text(head):
        raise DataError(f"{path}: is a text file, not a clip; name a video, a DICOM file or pictures")


def is_text(head: bytes) -> bool:
    r"""Return whether the first bytes of a file are those of a text in any encoding.

    >>> is_text(b"Notes\n"), is_text("Größe".encode("latin-1")), is_text("Notes".encode("utf-16"))
    (True, True, True)
    >>> is_text(b"RIFF\0\0\0\0AVI LIST"), is_text(b"YUV4MPEG2 W64 H48\nFRAME\n")
    (False, False)
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return not head.startswith(BINARY_MARKS) and len(head.translate(None, CONTROLS)) == len(head)


def _read_head(path: Path) -> bytes:
    """Return the first bytes of a file.

    Raises:
        DataError: the path is that of something else, or the file is empty.
        OSError: the file cannot be read.
    """
    if path.is_dir():
        raise DataError(f"{path}: is a folder without clips; name a clip, or a folder of numbered pictures")
    if path.exists() and not path.is_file():  # to open a pipe may take for ever
        raise DataError(f"{path}: is a pipe or a device; give a file")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise DataError(f"{path}: is empty; copy it again from its source")
    return head


def read_whole(clip: ClipFile | Path) -> NDArray[np.uint8]:
    """Return every frame of a short clip that decodes as (N, H, W).

    Raises:
        DataError: the file is missing, is not a clip, none of its frames decodes, or memory ran out.
    """
    return stack_frames(open_clip(clip))


def stack_frames(
    clip: Clip,
    *,
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None,
    most: int | None = None,
) -> NDArray[np.uint8]:
    """Return the frames of a clip that decode as (N, H, W).

    Args:
        clip: the open clip.
        change: changes each frame before it is kept, for example to a smaller size.
        most: stop after this many frames that decode.

    Raises:
        DataError: none of the frames decodes, or they need more memory than there is.
    """
    decoded = (frame.grey_HW for frame in clip.read() if isinstance(frame, Frame))
    frames = [change(grey_HW) if change else grey_HW for grey_HW in islice(decoded, most)]
    if not frames:
        raise DataError(f"{clip.path}: none of its frames decodes; check that the file is complete")
    with report_damage(clip.path):
        return np.stack(frames)
