"""One clip of one's own, whatever it comes in: AVI, MP4 (or what else OpenCV decodes) and DICOM, told by content."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from lvzoo.data.dicom import is_dicom, read_dicom
from lvzoo.data.video import Way, open_clip
from lvzoo.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEAD_BYTES = 132
DICOM_SUFFIXES = (".dcm", ".dicom")
VIDEO_SUFFIXES = (".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv")
"""By which a folder's clips are told; a clip of another name is read all the same where it is given by itself."""

PHANTOM_NOTE = "SYNTHETIC.json"
"""The file that a phantom's folder holds beside its videos: it says that they are synthetic."""

ClipWay: TypeAlias = Way | Literal["dicom"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFrames:
    """All frames of a clip, grey; `fps` is None where the file does not say it."""

    frames_NHW: NDArray[np.uint8]
    fps: float | None
    way: ClipWay


def read_clip(path: Path) -> ClipFrames:
    """Read every frame of a clip.

    Raises:
        DataError: the file is missing, is no clip, or does not decode.
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


def clips_in(folder: Path) -> list[Path]:
    """Return the clips among a folder's files, sorted by name: told by their suffixes, and DICOM by content too."""
    return sorted(file for file in folder.iterdir() if not file.name.startswith(".") and _is_clip(file))


def _is_clip(file: Path) -> bool:
    if not file.is_file():
        return False
    if file.suffix.lower() in (*VIDEO_SUFFIXES, *DICOM_SUFFIXES):
        return True
    try:
        with file.open("rb") as content:
            return is_dicom(content.read(HEAD_BYTES))
    except OSError:  # without a clip's name nothing says that it is one
        return False


def is_synthetic(clip: Path) -> bool:
    """Tell whether a phantom's note lies beside the folder of a clip, or of the file that the clip links to."""
    paths = (Path(os.path.normpath(clip.absolute())), clip.resolve())
    return any((path.parent.parent / PHANTOM_NOTE).is_file() for path in paths)
