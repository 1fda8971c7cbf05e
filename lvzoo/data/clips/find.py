"""Finds the clips that paths on the command line stand for: files, numbered pictures, folders and patterns."""

from __future__ import annotations

import glob
import logging
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.dicom.pictureless import lacks_picture
from lvzoo.data.clips.dicom.reader import is_dicom
from lvzoo.data.clips.numbering import Numbered, group_numbered, natural_key
from lvzoo.data.clips.recognise import HEAD_BYTES, find_format
from lvzoo.data.clips.suffixes import (
    CLIP_SUFFIXES,
    DICOM_SUFFIXES,
    NIFTI_SUFFIXES,
    OTHER_SUFFIXES,
    PICTURE_SUFFIXES,
    split_suffix,
)
from lvzoo.errors import DataError, show_name
from lvzoo.files import is_results_folder

__all__ = ["ClipFile", "find_clips"]

LOG = logging.getLogger("lvzoo.data")

DICOM_LIST: Final = "dicomdir"
"""The name, without a suffix, of a file that lists DICOM files and has no picture."""
DICOM_INDEX: Final = b"1.2.840.10008.1.3.10\0"
"""The class of such a file, whatever it is called."""
LABELS: Final = ("_gt",)
"""The ends of the names of NIfTI files and pictures that hold labels, as in CAMUS."""
PRINTF: Final = re.compile(r"%0?([0-9]*)d")
"""The number in a pattern such as `frame_%03d.png`, as FFmpeg and OpenCV write it."""


def find_clips(arguments: Sequence[Path]) -> list[ClipFile]:
    """Return the clips that files, folders and patterns stand for, each once.

    - A file is a clip, whatever it is called. It need not exist: its error is told when it is opened.
    - Pictures of one folder whose names differ only in the number at their end are one clip, in the order of their
      numbers. A line of the log says so.
    - A folder is searched with its subfolders, in natural order. Hidden files, files that are no clips, labels, and
      the results of lvzoo are left out. So are DICOM files without a picture, and a line of the log says so.
    - A pattern that the shell did not expand (`frames/*.png`, `frames/%03d.png`) stands for the files that match.

    Raises:
        DataError: nothing was found, neither in the folders nor by the patterns.
    """
    files: dict[str, Path] = {}
    failed: list[DataError] = []
    for argument in arguments:
        try:
            found = _expand(argument)
        except DataError as error:
            failed.append(error)
            found = [argument]  # opening it fails, and the other clips go on
        for file in found:
            files.setdefault(_identify(file), file)
    if failed and len(failed) == len(arguments):
        raise failed[0]
    return list(_group(list(files.values())))


def _holds_magic(path: Path) -> bool:
    """Return whether a path is a pattern for several files."""
    return glob.has_magic(str(path)) or PRINTF.search(path.name) is not None


def _expand(argument: Path) -> list[Path]:
    """Return the files that an argument stands for.

    Raises:
        DataError: a folder holds no clips, or nothing matches a pattern.
    """
    if os.path.lexists(argument) or not _holds_magic(argument):
        return _expand_path(argument)
    matches = sorted(_match(argument), key=lambda path: natural_key(str(path)))
    if not matches:
        raise DataError(f"{argument}: no file matches this pattern; check the folder and the pattern")
    return [file for match in matches for file in _expand_path(match)]


def _match(pattern: Path) -> list[Path]:
    if not PRINTF.search(pattern.name):
        return [Path(found) for found in glob.glob(str(pattern), recursive=True)]  # noqa: PTH207 - may be absolute
    texts = [re.escape(text) for text in PRINTF.split(pattern.name)[::2]]
    digits = [f"[0-9]{{{width or 1},}}" for width in PRINTF.findall(pattern.name)]
    expression = re.compile("".join(part for pair in zip(texts, [*digits, ""], strict=True) for part in pair))
    folder = pattern.parent
    return [file for file in folder.iterdir() if expression.fullmatch(file.name)] if folder.is_dir() else []


def _expand_path(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = list(_search(path))
    files = [file for file in found if not _is_dicom_without_picture(file)]
    if len(files) < len(found):
        _warn_of_reports(path, len(found) - len(files))
    if not files:
        raise DataError(f"{path}: holds no clips; give a clip, or a folder of clips or of numbered pictures")
    return files


def _search(root: Path) -> Iterator[Path]:
    """Yield the clips in a folder and its subfolders. Links are followed, but no folder is searched twice."""
    seen: set[str] = set()
    for name, folders, files in os.walk(root, followlinks=True, onerror=_warn_of_folder):
        real = os.path.realpath(name)
        if real in seen or is_results_folder(files):
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted((each for each in folders if not each.startswith(".")), key=natural_key)
        for file in sorted(files, key=natural_key):
            if _is_clip(Path(name, file)):
                yield Path(name, file)


def _warn_of_reports(folder: Path, count: int) -> None:
    if count == 1:
        LOG.warning("%s: 1 DICOM file without pictures is left out", show_name(folder))
    else:
        LOG.warning("%s: %s DICOM files without pictures are left out", show_name(folder), f"{count:,}")


def _warn_of_folder(error: OSError) -> None:
    LOG.warning("%s: is left out, because it cannot be read (%s)", error.filename, error.strerror)


def _is_clip(file: Path) -> bool:
    """Return whether a file of a folder is a clip: by its suffix, or by its content if the suffix tells nothing."""
    name = file.name.lower()
    if name.startswith(".") or Path(name).stem == DICOM_LIST:
        return False
    if name.endswith(CLIP_SUFFIXES):
        # A link to a missing file is a clip too, so that it is told.
        return (file.is_file() or file.is_symlink()) and not _is_labels(name)
    return file.is_file() and not name.endswith(OTHER_SUFFIXES) and _has_content(file)


def _is_labels(name: str) -> bool:
    stem, suffix = split_suffix(name)
    return suffix in (*NIFTI_SUFFIXES, *PICTURE_SUFFIXES) and stem.endswith(LABELS)


def _has_content(file: Path) -> bool:
    """Return whether a file has the content of a clip; a file that cannot be read is not taken for one."""
    try:
        with file.open("rb") as content:
            head = content.read(HEAD_BYTES)
        if DICOM_INDEX in head:
            return False
        return find_format(head, file) is not None
    except OSError:
        return False


def _is_dicom_without_picture(file: Path) -> bool:
    """Return whether a file of a folder is a DICOM file of a kind without pictures, such as a report."""
    suffix = file.suffix.lower()
    if not file.is_file() or (suffix in CLIP_SUFFIXES and suffix not in DICOM_SUFFIXES):
        return False
    try:
        with file.open("rb") as content:
            head = content.read(HEAD_BYTES)
        return is_dicom(head, file) and lacks_picture(head, file)
    except OSError:
        return False  # opening it tells why


def _identify(file: Path) -> str:
    """Return a text that is equal for two paths of one clip.

    Two links to one picture differ, because a sequence may show a picture twice.
    """
    if _is_picture(file):
        return str(Path(os.path.realpath(file.parent), file.name))
    return os.path.realpath(file)


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()


def _group(files: Sequence[Path]) -> Iterator[ClipFile]:
    """Yield the clips of the files; a sequence of pictures stands at the place of its first one."""
    pictures: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        if _is_picture(file):
            pictures[os.path.realpath(file.parent)].append(file)
    sequences: dict[Path, ClipFile] = {}
    later: set[Path] = set()
    for members in pictures.values():
        groups = group_numbered(members)
        alone = sum(len(group.files) > 1 for group in groups) == 1
        place = {file: index for index, file in enumerate(members)}
        for group in groups:
            first = min(group.files, key=place.__getitem__)
            sequences[first] = _make_clip(first.parent, group, alone=alone)
            later.update(file for file in group.files if file != first)
    yield from (sequences.get(file, ClipFile(path=file)) for file in files if file not in later)


def _make_clip(folder: Path, group: Numbered, *, alone: bool) -> ClipFile:
    """Return the clip of a sequence; its path is the folder if it is the only sequence there, else a pattern."""
    if len(group.files) == 1:
        return ClipFile(path=group.files[0])
    named = folder if folder.name not in ("", "..") else folder.resolve()
    path = named if alone else folder / group.pattern
    LOG.warning("%s: %s pictures are read as one clip", show_name(path), f"{len(group.files):,}")
    return ClipFile(path=path, images=group.files)
