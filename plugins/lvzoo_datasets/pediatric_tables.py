"""Reads EchoNet-Pediatric's two tables of a view: FileList.csv has the folds, VolumeTracings.csv has the polygons.

Both have the names of EchoNet-Dynamic's tables, but other columns. They are read strictly: an error names the file,
the line and the cell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lvzoo.data import quirks as common_quirks
from lvzoo.data.rows import is_number, parse_frame, read_rows, row_error
from lvzoo.data.tables import MOST_EF, stem_of
from lvzoo.types import SPLITS, Finding, Phase, Split
from lvzoo_datasets import pediatric_quirks as quirks

FOLDS: Final[Sequence[Split]] = ("train",) * 8 + ("val", "test")
"""The split of each fold: the common division, with 8 of the 10 folds for training."""
MISSING: Final[Mapping[str, Phase]] = {"no systolic": "ES", "no diastolic": "ED"}
"""What stands in place of a frame number, in lower case, and the phase that is not traced then."""

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileList:
    """The videos of each split, in the file's order and without suffix."""

    videos: Mapping[Split, Sequence[str]]
    efs: Mapping[str, float]
    """The listed ejection fraction in percent, by video; a video without a usable one is left out."""
    findings: Mapping[str, Sequence[Finding]]
    """By video, and those on videos of no split, too."""


@dataclass(kw_only=True, slots=True)
class Tracings:
    """The polygons of one video."""

    points: dict[int, list[Point]] = field(default_factory=dict)
    """The points (x, y) px of each traced frame, in the file's order."""
    missing: set[Phase] = field(default_factory=set)
    """The phases that are marked as not traced."""
    findings: list[Finding] = field(default_factory=list)


def read_file_list(path: Path) -> FileList:
    """Read FileList.csv.

    Raises:
        DataError: the file is missing, a row does not parse, or a video is in two splits.
    """
    split_of: dict[str, Split | None] = {}
    line_of: dict[str, int] = {}
    efs: dict[str, float] = {}
    findings: dict[str, list[Finding]] = {}
    for line, (name, fold, ef) in read_rows(path, ("FileName", "Split"), optional=("EF",), blank=("Split",)):
        stem, split = stem_of(name), _find_split(fold)
        found = findings.setdefault(stem, [])
        if stem in split_of and split_of[stem] != split:
            problem = f"{stem} is in another split than on line {line_of[stem]}; remove one of the rows"
            raise row_error(path, line, problem)
        if stem in split_of:
            found.append(common_quirks.LISTED_TWICE.finding(stem, f"lines {line_of[stem]} and {line}"))
            continue
        split_of[stem], line_of[stem] = split, line
        if split is None:
            found.append(quirks.NO_FOLD.finding(stem, f"line {line}"))
        if stem == name:
            found.append(quirks.NO_SUFFIX.finding(stem, f"line {line}"))
        if is_number(ef) and abs(float(ef)) <= MOST_EF:
            efs[stem] = float(ef)
        elif ef:
            found.append(common_quirks.NO_EF.finding(stem, f"line {line}"))
    videos = {split: tuple(stem for stem, its in split_of.items() if its == split) for split in SPLITS}
    return FileList(videos=videos, efs=efs, findings=findings)


def read_tracings(path: Path, videos: Collection[str]) -> Mapping[str, Tracings]:
    """Read VolumeTracings.csv; rows are checked all the same, but only the points of `videos` are kept.

    Raises:
        DataError: the file is missing, or a row does not parse.
    """
    kept = frozenset(videos)
    tracings: dict[str, Tracings] = {}
    for line, (name, x, y, frame) in read_rows(path, ("FileName", "X", "Y", "Frame"), blank=("X", "Y")):
        stem = stem_of(name)
        if stem not in tracings:
            tracings[stem] = Tracings()
            if stem == name:
                tracings[stem].findings.append(
                    common_quirks.NAME_WITHOUT_SUFFIX.finding(stem, f"line {line}")
                )
        if (missing := MISSING.get(frame.lower())) is not None:
            tracings[stem].missing.add(missing)
            continue
        number = parse_frame(frame, path, line)
        point = _parse_point(x, y, path, line)
        if stem in kept:
            tracings[stem].points.setdefault(number, []).append(point)
    return tracings


def _find_split(fold: str) -> Split | None:
    """Return the split of a fold, which a spreadsheet may have written as 3.0; None if it is no fold."""
    if not is_number(fold) or not float(fold).is_integer() or not 0 <= float(fold) < len(FOLDS):
        return None
    return FOLDS[int(float(fold))]


def _parse_point(x: str, y: str, path: Path, line: int) -> Point:
    for column, cell in (("X", x), ("Y", y)):
        if not is_number(cell):
            problem = f"{column} is {cell!r}, not a number; correct the row, or remove this frame's tracing"
            raise row_error(path, line, problem)
    return float(x), float(y)
