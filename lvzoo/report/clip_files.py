"""Writes the masks of a clip as PNG files, and finds the folders of results.

Says which clips have results already, and which folder is free for the next.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import DataError, UsageError
from lvzoo.files import FRAMES, SUMMARY, read_json, working_folder
from lvzoo.report.clip_summary import is_summary

MASKS: Final = "masks"
"""The folder of the masks, in a folder of results."""
UNREADABLE: Final = (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError)
"""What reading the description of results raises if it is damaged, or of an older version."""


def write_mask(folder: Path, index: int, mask_HW: NDArray[np.bool_]) -> None:
    """Write the mask of one frame into a folder: 255 inside, named by the number of its frame in the file.

    Raises:
        DataError: the mask cannot be written.
    """
    path = folder / name_mask(index)
    if not cv2.imwrite(str(path), mask_HW.astype(np.uint8) * 255):
        raise DataError(f"{path}: cannot be written; check that the disk is not full")


def check_results_folder(out: Path) -> None:
    """Raise an error if OpenCV cannot write into a folder of this name: it needs names in UTF-8.

    Raises:
        UsageError: the name is not UTF-8.
    """
    try:
        str(out.absolute()).encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{out}: is not UTF-8, so no video can be written there; name another --out"
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a folder of results was made from. Equal ones give equal results."""

    name: str
    """Name of the clip's file, or of the folder or pattern of its pictures. A renamed copy is another clip."""
    clip: str
    """SHA-256 of the clip's content."""
    weights: tuple[str, ...]
    """SHA-256 of each model's weights file."""
    fps: float | None
    """The frame rate that the user stated."""
    smoothing_ms: float | None = None
    """Standard deviation of the smoothing in time that was asked for; None: no smoothing."""
    tta: bool = False
    """Whether moved copies of each frame were averaged (test-time augmentation)."""
    checks: tuple[str, ...] = ()
    """SHA-256 of the weights of each model that gives a second opinion."""
    options: tuple[str, ...] = ()
    """What else was asked for, in alphabetical order, such as further files."""


def find_results(out: Path) -> dict[Made, tuple[Path, Mapping[str, Any]]]:
    """Return the folders in `out` that hold whole results, each with its summary, by what they were made from.

    If a mask or the table of frames is gone, the results do not count, so that the clip is predicted again. Results
    whose summary has another schema do not count either.
    """
    found: dict[Made, tuple[Path, Mapping[str, Any]]] = {}
    for path in sorted(out.glob(f"*/{SUMMARY}")):
        try:
            about = read_json(path)
            if is_summary(about) and _are_whole(path.parent, about):
                found[_read_made(about["made_from"])] = path.parent, about
        except UNREADABLE:
            continue
    return found


def _are_whole(folder: Path, about: Mapping[str, Any]) -> bool:
    """Return whether a folder of results has its table of frames, a mask for each frame, and its other files."""
    files = [FRAMES, *about["files"]]
    masks = len(list((folder / MASKS).glob("*.png")))
    return masks == about["frames"] and all((folder / name).exists() for name in files)


def _read_made(made: Mapping[str, Any]) -> Made:
    """Read what results were made from."""
    lists = {name: tuple(made[name]) for name in ("weights", "checks", "options")}
    return Made(**{**made, **lists})


def keep_results(working: Path, out: Path, name: str) -> Path:
    """Rename a finished folder to the first free one of `out/NAME`, `out/NAME-2`, ... and return it.

    Another process may take a name at the same time; then the next one is used.
    """
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    for folder in (out / each for each in names):
        if os.path.lexists(folder):
            continue
        try:
            return working.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    raise AssertionError  # the numbers do not end


def replace_results(working: Path, earlier: Path, about: Mapping[str, Any]) -> Path | None:
    """Put a finished folder into the place of earlier results that were made from the same, and return that place.

    `about` is the summary of the earlier results. They stay, and None is returned, if somebody has put other files
    into their folder.
    """
    ours = {SUMMARY, FRAMES, MASKS, *about["files"]}
    if any(each.name not in ours for each in earlier.iterdir()):
        return None
    with working_folder(earlier.parent) as aside:
        old = earlier.rename(aside / earlier.name)
        try:
            return working.rename(earlier)
        except BaseException:
            old.rename(earlier)
            raise


def name_mask(index: int) -> str:
    """Return the file name of the mask of one frame.

    >>> name_mask(7)
    '00007.png'
    """
    return f"{index:05d}.png"


def read_masks(folder: Path) -> NDArray[np.bool_]:
    """Return the masks in a folder as (N, H, W), in the order of the frames.

    Raises:
        DataError: a mask is missing or damaged.
    """
    masks = []
    for path in sorted(folder.glob("*.png"), key=lambda path: int(path.stem)):
        mask_HW = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if mask_HW is None:
            raise DataError(f"{path}: cannot be read; predict the clip again into another --out")
        masks.append(mask_HW > 0)
    if not masks:
        raise DataError(f"{folder}: holds no masks; predict the clip again into another --out")
    return np.stack(masks)
