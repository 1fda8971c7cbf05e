"""Reads a single clip: DICOM, AVI, MP4, or another video that OpenCV decodes.

A DICOM file is recognised by its content or its suffix. Any other file is opened as a video.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.dicom import is_dicom, read_dicom
from lvzoo.data.video import Way, open_clip
from lvzoo.errors import DataError

HEAD_BYTES = 132
"""The first bytes of a file, which show whether it is a DICOM file."""
DICOM_SUFFIXES = (".dcm", ".dicom")
VIDEO_SUFFIXES = (".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv")
"""The suffixes of the clips in a folder. A single file may have any name."""

PHANTOM_NOTE = "SYNTHETIC.json"
"""The file in a phantom's folder that says that its videos are synthetic."""

ClipWay: TypeAlias = Way | Literal["dicom"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFrames:
    """All frames of a clip in grey; `fps` is None if the file does not state it."""

    frames_NHW: NDArray[np.uint8]
    fps: float | None
    way: ClipWay


def read_clip(path: Path) -> ClipFrames:
    """Read every frame of a clip.

    Raises:
        DataError: the file is missing, is not a clip, or does not decode.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    if is_dicom(head) or path.suffix.lower() in DICOM_SUFFIXES:
        frames_NHW, fps = read_dicom(path)
        return ClipFrames(frames_NHW=frames_NHW, fps=fps, way="dicom")
    clip = open_clip(path)
    return ClipFrames(frames_NHW=clip.read_all(), fps=clip.fps, way=clip.way)


def list_clips(folder: Path) -> list[Path]:
    """Return the clips in a folder, sorted by name.

    A clip has the suffix of a video or of a DICOM file, or the content of a DICOM file.
    """
    return sorted(file for file in folder.iterdir() if not file.name.startswith(".") and _is_clip(file))


def _is_clip(file: Path) -> bool:
    if not file.is_file():
        return False
    if file.suffix.lower() in (*VIDEO_SUFFIXES, *DICOM_SUFFIXES):
        return True
    try:
        with file.open("rb") as content:
            return is_dicom(content.read(HEAD_BYTES))
    except OSError:  # a file that cannot be read and has no clip's suffix is not taken for a clip
        return False


def is_synthetic(clip: Path) -> bool:
    """Return whether a clip belongs to a phantom: whether the phantom's note lies beside the folder of the clip.

    For a link, the folder of the file that it points to is checked too.
    """
    paths = (Path(os.path.normpath(clip.absolute())), clip.resolve())
    return any((path.parent.parent / PHANTOM_NOTE).is_file() for path in paths)
