"""Finds which pictures and masks of a folder belong together, and decodes them."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A picture and its mask; `name` is the picture's name without its suffix."""

    name: str
    picture: Path
    mask: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """The frames of a pair; a picture is one frame. Masks are True inside."""

    pictures: Sequence[NDArray[np.uint8]]
    masks: Sequence[NDArray[np.bool_]]


def stem_of(name: str) -> str:
    """Return the name of a file without a suffix that is read.

    >>> stem_of("p1_ED.nii.gz"), stem_of("p1.ED")
    ('p1_ED', 'p1.ED')
    """
    lower = name.lower()
    return next((name[: -len(suffix)] for suffix in SUFFIXES if lower.endswith(suffix)), name)


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
            findings.append(quirks.NO_MASK_FILE.finding(name))
            continue
        if len(found) > 1:
            files = ", ".join(masks[each].name for each in found)
            findings.append(quirks.SAME_NAME.finding(name, f"{MASKS}: {files}"))
        pairs.append(Pair(name=name, picture=pictures[name], mask=masks[found[0]]))
    wanted = {name + ending for name in pictures for ending in ENDINGS}
    findings += [
        quirks.NO_PICTURE.finding(name) for name in sorted(masks, key=natural_key) if name not in wanted
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
    found: dict[str, Path] = {}
    for path in paths:
        stem = stem_of(path.name)
        if stem == path.name or path.is_dir():
            findings.append(quirks.OTHER_FILE.finding(f"{folder.name}/{path.name}"))
        elif stem in found:
            files = f"{found[stem].name}, {path.name}"
            findings.append(quirks.SAME_NAME.finding(stem, f"{folder.name}: {files}"))
        else:
            found[stem] = path
    if not found:
        raise DataError(
            f"{folder}: holds no picture; put PNG, JPEG or NIfTI files into it, and none into folders below it"
        )
    return found


def decode(pair: Pair, label: int, findings: list[Finding]) -> Decoded | None:
    """Return the frames of a pair; None, and a finding, if they do not fit together.

    Raises:
        Exception: a file is damaged; decoders raise anything.
    """
    pictures = _read_picture(pair.picture)
    masks = _read_mask(pair, label, findings)
    if masks is None:
        return None
    if len(pictures) != len(masks):
        counts = f"{len(pictures)} and {len(masks)}"
        findings.append(quirks.LENGTHS.finding(pair.name, counts))
        return None
    return Decoded(pictures=pictures, masks=masks)


def _read_picture(path: Path) -> list[NDArray[np.uint8]]:
    with report_damage(path):
        clip = open_nifti(path, fps=None) if _is(path, NIFTI) else open_images(path, (path,), fps=None)
        frames = [frame.grey_HW for frame in clip.read() if isinstance(frame, Frame)]
    if len(frames) < clip.likely_frames:
        raise DataError(f"{path}: only {len(frames)} of {clip.likely_frames} frames decode; copy it again")
    return frames


def _read_mask(pair: Pair, label: int, findings: list[Finding]) -> list[NDArray[np.bool_]] | None:
    """Return what is inside in each frame of a mask file, and note what is odd about its values."""
    path = pair.mask
    with report_damage(path):
        values: list[NDArray[Any]] = [*read_labels(path)] if _is(path, NIFTI) else [_read_values(path)]
    if label and (_is(path, JPEG) or values[0].ndim > 2):
        findings.append(quirks.NO_LABELS.finding(pair.name))
        return None
    if label:
        return [np.asarray(each_HW == label, dtype=np.bool_) for each_HW in values]
    if _is(path, JPEG):
        findings.append(quirks.JPEG_MASK.finding(pair.name))
        return [_join_colours(each >= JPEG_INSIDE) for each in values]
    inside = [_join_colours(each > 0) for each in values]
    found = sorted({int(value) for each in values for value in np.unique(each[each > 0])})
    if len(found) > 1 and values[0].ndim == 2:
        shown = ", ".join(map(str, found[:MOST_VALUES])) + ", ..." * (len(found) > MOST_VALUES)
        findings.append(quirks.LABEL_VALUES.finding(pair.name, shown))
    return inside


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
