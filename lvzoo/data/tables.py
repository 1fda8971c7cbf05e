"""Reads EchoNet-Dynamic's two tables: FileList.csv has the splits, VolumeTracings.csv has the tracings.

Both are read strictly: an error names the file, the line and the cell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvzoo.data import quirks
from lvzoo.data.rows import is_number, parse_frame, read_rows, row_error
from lvzoo.types import SPLITS, Finding, Split

FILE_LIST: Final = "FileList.csv"
TRACINGS: Final = "VolumeTracings.csv"
FILE_LIST_COLUMNS: Final = ("FileName", "Split")
LISTED_EF: Final = "EF"
"""A column that may be missing. The others (volumes, size, frame rate) are not read."""
MOST_EF: Final = 100.0
COORDINATES: Final = ("X1", "Y1", "X2", "Y2")
TRACING_COLUMNS: Final = ("FileName", *COORDINATES, "Frame")
PEDIATRIC_COLUMNS: Final = ("Sex", "Age", "Weight", "Height")
"""The columns of EchoNet-Pediatric's FileList.csv that EchoNet-Dynamic's does not have."""
SUFFIX: Final = ".avi"

TracingRow = tuple[float, float, float, float]
"""X1, Y1, X2, Y2 in pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileList:
    """The names of each split's videos, in the file's order and without suffix."""

    videos: Mapping[Split, Sequence[str]]
    efs: Mapping[str, float]
    """The listed ejection fraction in percent, by video; a video without a usable one is left out."""
    findings: Mapping[str, Sequence[Finding]]
    """By video."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeTracings:
    """The rows of each video (named without suffix) and frame, in the file's order."""

    rows: Mapping[str, Mapping[int, Sequence[TracingRow]]]
    findings: Mapping[str, Sequence[Finding]]
    """By video."""


def stem_of(name: str) -> str:
    """Return a video's name without `.avi` in any letter case.

    >>> stem_of("0X1A.avi"), stem_of("0X1A.AVI"), stem_of("0X1A"), stem_of("a.b")
    ('0X1A', '0X1A', '0X1A', 'a.b')
    """
    return name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name


def read_file_list(path: Path) -> FileList:
    """Read FileList.csv.

    Raises:
        DataError: the file is missing, a row does not parse, or a patient is in two splits.
    """
    split_of: dict[str, Split] = {}
    line_of: dict[str, int] = {}
    efs: dict[str, float] = {}
    findings: dict[str, list[Finding]] = {}
    for line, (name, split_name, ef) in read_rows(
        path, FILE_LIST_COLUMNS, optional=(LISTED_EF,), check_header=_check_is_not_pediatric
    ):
        stem, split = stem_of(name), _parse_split(split_name, path, line)
        found = findings.setdefault(stem, [])
        if stem in split_of and split_of[stem] != split:
            raise row_error(
                path,
                line,
                f"{stem} is in split {split.upper()}, and in {split_of[stem].upper()} on line {line_of[stem]}; a "
                "patient must be in one split only, so remove one of the rows",
            )
        if stem in split_of:
            found.append(quirks.LISTED_TWICE.finding(stem, f"lines {line_of[stem]} and {line}"))
            continue
        split_of[stem], line_of[stem] = split, line
        if is_number(ef) and abs(float(ef)) <= MOST_EF:
            efs[stem] = float(ef)
        elif ef:
            found.append(quirks.NO_EF.finding(stem, f"line {line}"))
        if stem != name:
            found.append(quirks.NAME_WITH_SUFFIX.finding(stem, f"line {line}: {name}"))
        if split_name != split_name.upper():
            found.append(quirks.SPLIT_NOT_UPPER.finding(stem, f"line {line}: {split_name}"))
    videos = {split: tuple(stem for stem, its in split_of.items() if its == split) for split in SPLITS}
    return FileList(videos=videos, efs=efs, findings=findings)


def read_tracings(path: Path, videos: Collection[str] | None = None) -> VolumeTracings:
    """Read VolumeTracings.csv.

    Rows are checked all the same, but only those of `videos` are kept, if any are named; the others are listed with
    no rows. A row takes 200 bytes in memory.

    Raises:
        DataError: the file is missing, or a row does not parse.
    """
    kept = None if videos is None else frozenset(videos)
    rows: dict[str, dict[int, list[TracingRow]]] = {}
    findings: dict[str, list[Finding]] = {}
    for line, (name, *coordinates, frame) in read_rows(
        path, TRACING_COLUMNS, check_header=_check_is_not_pediatric
    ):
        stem = stem_of(name)
        if stem not in rows and stem == name:
            findings.setdefault(stem, []).append(quirks.NAME_WITHOUT_SUFFIX.finding(stem, f"line {line}"))
        number, chord = parse_frame(frame, path, line), _parse_coordinates(coordinates, path, line)
        of_video = rows.setdefault(stem, {})
        if kept is None or stem in kept:
            of_video.setdefault(number, []).append(chord)
    return VolumeTracings(rows=rows, findings=findings)


def _check_is_not_pediatric(header: Sequence[str], path: Path) -> None:
    """Raise DataError for a header of EchoNet-Pediatric, whose two tables have the same names but other columns."""
    of_tracings = {"X", "Y"} <= set(header) and not set(COORDINATES) & set(header)
    if of_tracings or set(PEDIATRIC_COLUMNS) <= set(header):
        raise row_error(
            path,
            1,
            "this is the header of EchoNet-Pediatric; to read it, give the folder above this one, which holds A4C "
            "and PSAX",
        )


def _parse_split(name: str, path: Path, line: int) -> Split:
    for split in SPLITS:
        if name.lower() == split:
            return split
    raise row_error(path, line, f"Split is {name!r}, not TRAIN, VAL or TEST; correct the row")


def _parse_coordinates(cells: Sequence[str], path: Path, line: int) -> TracingRow:
    for column, cell in zip(COORDINATES, cells, strict=True):
        if not is_number(cell):
            problem = f"{column} is {cell!r}, not a number; correct the row, or remove this frame's tracing"
            raise row_error(path, line, problem)
    x1, y1, x2, y2 = map(float, cells)
    return x1, y1, x2, y2
