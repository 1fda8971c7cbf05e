"""Finds which pictures and masks of a folder belong together, and decodes them. Findings name the files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lvzoo.data.clips.clip import Frame, report_damage
from lvzoo.data.clips.images import open_images
from lvzoo.data.clips.nifti.labels import read_labels
from lvzoo.data.clips.nifti.reader import open_nifti
from lvzoo.errors import DataError
from lvzoo.types import Finding
from lvzoo_datasets import masks_quirks as quirks
from lvzoo_datasets.masks_checks import is_picture

IMAGES: Final = "images"
MASKS: Final = "masks"
NIFTI: Final = (".nii.gz", ".nii")
JPEG: Final = (".jpg", ".jpeg")
SUFFIXES: Final = (*NIFTI, ".png", *JPEG, ".bmp")
ENDINGS: Final = ("", "_gt", "_mask", "_masks", "_seg", "_label", "_labels")
"""What the name of a mask may have after the name of its picture, the preferred ending first."""
NUMBERS: Final = ("1", "L", "P", "I", "I;16")
"""The modes of Pillow in which a pixel is one number; that of a palette is the place in it."""
JPEG_INSIDE: Final = 128
MOST_VALUES: Final = 5
"""How many values of a mask a finding lists."""


def name_set(folder: Path, label: int) -> str:
    """Return the name of the data set in a folder, by which reports tell it from others: that of the folder.

    Characters that a folder of results should not have become "-". A chosen label is part of the name.

    >>> name_set(Path("/data/My clips"), 0), name_set(Path("/data/mine"), 2), name_set(Path("/"), 0)
    ('My-clips', 'mine-label2', 'masks')
    """
    name = re.sub(r"[^\w.-]+", "-", folder.resolve().name).strip(".-") or "masks"
    return f"{name}-label{label}" if label else name


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A picture and its mask; `name` is the picture's name without its suffix."""

    name: str
    picture: Path
    mask: Path

    @property
    def files(self) -> tuple[str, str]:
        """The picture and the mask as findings name them: images/p1.png, masks/p1.png."""
        return name_file(self.picture), name_file(self.mask)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """The frames of a pair; a picture is one frame. Masks are True inside."""

    pictures: Sequence[NDArray[np.uint8]]
    masks: Sequence[NDArray[np.bool_]]
    values: frozenset[int]
    """The values of the mask file, if one of them is chosen; otherwise empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Inside:
    """What is inside in each frame of a mask file, and the file's values, if one of them was chosen."""

    inside: Sequence[NDArray[np.bool_]]
    values: frozenset[int] = frozenset()


def stem_of(name: str) -> str:
    """Return the name of a file without a suffix that is read.

    >>> stem_of("p1_ED.nii.gz"), stem_of("p1.ED")
    ('p1_ED', 'p1.ED')
    """
    lower = name.lower()
    return next((name[: -len(suffix)] for suffix in SUFFIXES if lower.endswith(suffix)), name)


def name_file(path: Path) -> str:
    """Return a file of the data set as findings name it: without the folder of the data set.

    >>> name_file(Path("mine/images/p1.png"))
    'images/p1.png'
    """
    return f"{path.parent.name}/{path.name}"


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Return a key that sorts names by the numbers in them: p2 before p10."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", name) if part]


def find_pairs(folder: Path, findings: list[Finding]) -> list[Pair]:
    """Return the pictures that have a mask, in the order of their names.

    Raises:
        DataError: a folder cannot be read, or holds no picture.
    """
    pictures = _list_files(folder / IMAGES, findings)
    masks = _list_files(folder / MASKS, findings)
    pairs = []
    for name in sorted(pictures, key=natural_key):
        found = [name + ending for ending in ENDINGS if name + ending in masks]
        if not found:
            findings.append(quirks.NO_MASK_FILE.finding(name_file(pictures[name])))
            continue
        if len(found) > 1:
            findings.append(_note_same_name([masks[each] for each in found]))
        pairs.append(Pair(name=name, picture=pictures[name], mask=masks[found[0]]))
    wanted = {name + ending for name in pictures for ending in ENDINGS}
    findings += [
        quirks.NO_PICTURE.finding(name_file(masks[name]))
        for name in sorted(masks, key=natural_key)
        if name not in wanted
    ]
    return pairs


def _list_files(folder: Path, findings: list[Finding]) -> dict[str, Path]:
    """Return the files of a folder that can be read, by their names without suffix."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be read ({error.strerror or error}); check its permissions"
        ) from error
    found: dict[str, list[Path]] = {}
    for path in paths:
        stem = stem_of(path.name)
        if stem == path.name or path.is_dir():
            findings.append(quirks.OTHER_FILE.finding(name_file(path)))
        else:
            found.setdefault(stem, []).append(path)
    if not found:
        raise DataError(
            f"{folder}: holds no picture; put PNG, JPEG or NIfTI files into it, and none into folders below it"
        )
    for same in found.values():
        same.sort(key=lambda path: _is(path, JPEG))  # JPEG loses details, so it comes last
    findings += [_note_same_name(same) for same in found.values() if len(same) > 1]
    return {stem: same[0] for stem, same in found.items()}


def _note_same_name(paths: Sequence[Path]) -> Finding:
    """Return the finding on files of one name, of which the first is used."""
    used, *others = paths
    names = ", ".join(path.name for path in others)
    return quirks.SAME_NAME.finding(name_file(used), f"used, and not {names}")


def decode(pair: Pair, label: int, findings: list[Finding]) -> Decoded | None:
    """Return the frames of a pair; None, and a finding, if they do not fit together.

    Raises:
        Exception: a file is damaged; decoders raise anything.
    """
    pictures = _read_picture(pair.picture)
    masks = _read_mask(pair.mask, label, findings)
    if masks is None:
        return None
    if len(pictures) != len(masks.inside):
        counts = f"{len(pictures)} and {len(masks.inside)}"
        findings.append(quirks.LENGTHS.finding(pair.files[0], counts))
        return None
    return Decoded(pictures=pictures, masks=masks.inside, values=masks.values)


def _read_picture(path: Path) -> list[NDArray[np.uint8]]:
    with report_damage(path):
        clip = open_nifti(path, fps=None) if _is(path, NIFTI) else open_images(path, (path,), fps=None)
        frames = [frame.grey_HW for frame in clip.read() if isinstance(frame, Frame)]
    if len(frames) < clip.likely_frames:
        raise DataError(f"{path}: only {len(frames)} of {clip.likely_frames} frames decode; copy it again")
    return frames


def _read_mask(path: Path, label: int, findings: list[Finding]) -> _Inside | None:
    """Return what is inside in each frame of a mask file, and note what is odd about its values."""
    with report_damage(path):
        values: list[NDArray[Any]] = [*read_labels(path)] if _is(path, NIFTI) else [_read_values(path)]
    name, in_jpeg = name_file(path), _is(path, JPEG)
    if label:
        if in_jpeg or values[0].ndim > 2:
            findings.append(quirks.NO_LABELS.finding(name))
            return None
        chosen = [np.asarray(each_HW == label, dtype=np.bool_) for each_HW in values]
        return _Inside(inside=chosen, values=frozenset(_list_values(values)))
    if any(is_picture(each, jpeg=in_jpeg) for each in values):
        findings.append(quirks.PICTURE_AS_MASK.finding(name))
        return None
    if in_jpeg:
        findings.append(quirks.JPEG_MASK.finding(name))
        return _Inside(inside=[_join_colours(each >= JPEG_INSIDE) for each in values])
    found = [value for value in _list_values(values) if value > 0]
    if len(found) > 1 and values[0].ndim == 2:
        findings.append(quirks.LABEL_VALUES.finding(name, show_values(found)))
    return _Inside(inside=[_join_colours(each > 0) for each in values])


def _list_values(values: Sequence[NDArray[Any]]) -> list[int]:
    return sorted({int(value) for each in values for value in np.unique(each)})


def show_values(values: Sequence[int]) -> str:
    """Return the first few values of a mask in words.

    >>> show_values([0, 255]), show_values(range(9))
    ('0, 255', '0, 1, 2, 3, 4, ...')
    """
    return ", ".join(map(str, values[:MOST_VALUES])) + ", ..." * (len(values) > MOST_VALUES)


def _read_values(path: Path) -> NDArray[Any]:
    """Return the values of a mask as they are stored: numbers (H, W), or colours (H, W, 3)."""
    with Image.open(path) as picture:
        if "A" in picture.mode:
            colours_HW4 = np.asarray(picture.convert("RGBA"))
            values = colours_HW4[..., :3] * (colours_HW4[..., 3:] > 0)  # what is transparent is outside
        else:
            values = np.asarray(picture if picture.mode in NUMBERS else picture.convert("RGB"))
    if values.ndim > 2 and (values == values[..., :1]).all():
        return np.asarray(values[..., 0])  # grey, saved in colours
    return np.asarray(values)


def _join_colours(inside: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(inside if inside.ndim == 2 else inside.any(axis=2), dtype=np.bool_)


def _is(path: Path, suffixes: Sequence[str]) -> bool:
    return path.name.lower().endswith(tuple(suffixes))
