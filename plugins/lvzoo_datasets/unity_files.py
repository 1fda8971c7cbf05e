"""Reads the two files of curves of UnityLV-MultiX, and the names of its pictures.

Both files are JSON. The first has the experts' contours: picture -> user -> [X, Y]. The second has the consensus:
picture -> [X, Y]. X and Y are lists of numbers in px of the picture.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lvzoo.errors import DataError, one_line

IMAGES: Final = "Images"
ANNOTATIONS: Final = "UnityLV_multiX_annotations.json"
CONSENSUS: Final = "UnityLV_multiX_consensus_curves.json"
SUFFIX: Final = ".png"
NAME: Final = re.compile(r"\d+-(?P<video>[0-9a-fA-F]{64})-(?P<frame>\d+)\.png", re.IGNORECASE)
FORM: Final = "two lists of numbers, X and Y"
PAIR: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """A curve as its file has it; X and Y may differ in length."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureName:
    """What the name of a picture says: its file, its video (64 hexadecimal digits), and the number of its frame."""

    file: str
    video: str
    frame: int


def read_name(file: str) -> PictureName | None:
    """Return what the name of a picture says; None if it is not NN-<64 hexadecimal digits>-<frame>.png."""
    found = NAME.fullmatch(file)
    return found and PictureName(file=file, video=found["video"], frame=int(found["frame"]))


def read_annotations(folder: Path) -> dict[str, dict[str, Curve]]:
    """Return the curves of the experts by picture and user, both in the order of the file.

    Users without a curve are left out.

    Raises:
        DataError: the file is missing or damaged, or a curve has another form.
    """
    path = folder / ANNOTATIONS
    return {
        _name_picture(picture): {
            user: curve
            for user, form in _check_mapping(users, path, picture).items()
            if (curve := _read_curve(form, path, f"{picture}, {user}")) is not None
        }
        for picture, users in _read_json(path).items()
    }


def read_consensus(folder: Path) -> dict[str, Curve]:
    """Return the consensus curves by picture, in the order of the file; raises as `read_annotations` does."""
    path = folder / CONSENSUS
    return {
        _name_picture(picture): curve
        for picture, form in _read_json(path).items()
        if (curve := _read_curve(form, path, picture)) is not None
    }


def _name_picture(key: str) -> str:
    """Return the file's name for a key: some tools write it with a folder, or without a suffix."""
    name = key.replace("\\", "/").rpartition("/")[2]
    return name if name.lower().endswith(SUFFIX) else f"{name}{SUFFIX}"


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is no JSON ({one_line(error)}); get the original file") from error
    return _check_mapping(content, path, "the file")


def _check_mapping(content: object, path: Path, what: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise DataError(f"{path}: {what} holds no names with curves; get the original file")
    return content


def _read_curve(form: object, path: Path, what: str) -> Curve | None:
    """Return a curve, or None if there is none.

    Besides [X, Y], these forms are read: {"x": X, "y": Y}, points [[x, y], ...], and any of them as the only value of
    a mapping or the only item of a list.
    """
    if form is None or (isinstance(form, list | dict) and not form):
        return None
    if isinstance(form, list | dict) and len(form) == 1:
        return _read_curve(next(iter(form.values())) if isinstance(form, dict) else form[0], path, what)
    if isinstance(form, dict):
        by_axis = {str(name).lower(): values for name, values in form.items()}
        form = [by_axis.get("x"), by_axis.get("y")]
    if isinstance(form, list) and len(form) > PAIR and all(_is_numbers(each, PAIR) for each in form):
        form = [[point[axis] for point in form] for axis in (0, 1)]
    if not (isinstance(form, list) and len(form) == PAIR and all(map(_is_numbers, form))):
        raise DataError(f"{path}: the curve of {what} is not {FORM}; get the original file")
    x, y = (tuple(map(float, axis)) for axis in form)
    return Curve(x=x, y=y) if x or y else None


def _is_numbers(values: object, count: int | None = None) -> bool:
    """Return whether something is a list of numbers, of so many if a count is given."""
    return (
        isinstance(values, list)
        and (count is None or len(values) == count)
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)
    )
