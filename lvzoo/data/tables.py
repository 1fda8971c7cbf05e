"""EchoNet-Dynamic's two lists, read strictly: FileList.csv has the splits, VolumeTracings.csv the chords."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lvzoo.data import quirks
from lvzoo.errors import DataError, did_you_mean
from lvzoo.types import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lvzoo.types import Finding, Split

FILE_LIST: Final = "FileList.csv"
TRACINGS: Final = "VolumeTracings.csv"
FILE_LIST_COLUMNS: Final = ("FileName", "Split")
"""The columns that are read; the others (EF, volumes, size, rate) say nothing about a frame's reference."""
COORDINATES: Final = ("X1", "Y1", "X2", "Y2")
TRACING_COLUMNS: Final = ("FileName", *COORDINATES, "Frame")
SUFFIX: Final = ".avi"

TracingRow = tuple[float, float, float, float]
"""X1, Y1, X2, Y2 in pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileList:
    """The videos of each split, in the file's order and without suffix."""

    videos: Mapping[Split, Sequence[str]]
    findings: Mapping[str, Sequence[Finding]]
    """By video."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeTracings:
    """Rows by video (without suffix) and frame, each in the file's order."""

    rows: Mapping[str, Mapping[int, Sequence[TracingRow]]]
    findings: Mapping[str, Sequence[Finding]]
    """By video."""


def stem_of(name: str) -> str:
    """Return a video's name without `.avi`, in whatever case that is written.

    >>> stem_of("0X1A.avi"), stem_of("0X1A.AVI"), stem_of("0X1A"), stem_of("a.b")
    ('0X1A', '0X1A', '0X1A', 'a.b')
    """
    return name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name


def read_file_list(path: Path) -> FileList:
    """Read FileList.csv.

    Raises:
        DataError: the file is missing, a row does not parse, or a patient stands in two splits.
    """
    split_of: dict[str, Split] = {}
    line_of: dict[str, int] = {}
    findings: dict[str, list[Finding]] = {}
    for line, (name, split_name) in _rows(path, FILE_LIST_COLUMNS):
        stem, split = stem_of(name), _split(split_name, path, line)
        found = findings.setdefault(stem, [])
        if stem in split_of and split_of[stem] != split:
            raise _problem(
                path,
                line,
                f"{stem} is in split {split.upper()}, and in {split_of[stem].upper()} on line {line_of[stem]}; a "
                "patient belongs to one split: remove one row",
            )
        if stem in split_of:
            found.append(quirks.LISTED_TWICE.found(stem, f"lines {line_of[stem]} and {line}"))
            continue
        split_of[stem], line_of[stem] = split, line
        if stem != name:
            found.append(quirks.NAME_WITH_SUFFIX.found(stem, f"line {line}: {name}"))
        if split_name != split_name.upper():
            found.append(quirks.SPLIT_NOT_UPPER.found(stem, f"line {line}: {split_name}"))
    videos = {split: tuple(stem for stem, its in split_of.items() if its == split) for split in SPLITS}
    return FileList(videos=videos, findings=findings)


def read_tracings(path: Path) -> VolumeTracings:
    """Read VolumeTracings.csv.

    Raises:
        DataError: the file is missing, or a row does not parse.
    """
    rows: dict[str, dict[int, list[TracingRow]]] = {}
    findings: dict[str, list[Finding]] = {}
    for line, (name, *coordinates, frame) in _rows(path, TRACING_COLUMNS):
        stem = stem_of(name)
        if stem not in rows and stem == name:
            findings.setdefault(stem, []).append(quirks.NAME_WITHOUT_SUFFIX.found(stem, f"line {line}"))
        frames = rows.setdefault(stem, {})
        frames.setdefault(_frame(frame, path, line), []).append(_coordinates(coordinates, path, line))
    return VolumeTracings(rows=rows, findings=findings)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells of `columns`) of a CSV file with a header; lines count from 1."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            places = [_column(column, header, path) for column in columns]
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise _problem(
                        path,
                        reader.line_num,
                        f"{len(cells)} cells where the header has {len(header)}; mend it",
                    )
                chosen = [cells[at].strip() for at in places]
                if "" in chosen:
                    empty = columns[chosen.index("")]
                    raise _problem(path, reader.line_num, f"{empty} is empty; fill it in or remove the row")
                yield reader.line_num, chosen
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); it is part of EchoNet-Dynamic's layout"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not text in UTF-8 ({error.reason}); save it as UTF-8") from error
    except csv.Error as error:
        raise _problem(path, reader.line_num, f"{error}; mend the row") from error


def _column(name: str, header: Sequence[str], path: Path) -> int:
    if name not in header:
        found = ", ".join(header) or "nothing"
        raise _problem(path, 1, f"no column {name!r}{did_you_mean(name, header)}; the header has {found}")
    return header.index(name)


def _split(name: str, path: Path, line: int) -> Split:
    for split in SPLITS:
        if name.lower() == split:
            return split
    raise _problem(path, line, f"Split is {name!r}, not TRAIN, VAL or TEST; mend the row")


def _coordinates(cells: Sequence[str], path: Path, line: int) -> TracingRow:
    try:
        x1, y1, x2, y2 = map(float, cells)
        if all(map(math.isfinite, (x1, y1, x2, y2))):
            return x1, y1, x2, y2
    except ValueError:
        pass  # the cell is named below
    column, cell = next(pair for pair in zip(COORDINATES, cells, strict=True) if not _is_number(pair[1]))
    raise _problem(
        path, line, f"{column} is {cell!r}, not a number; mend the row, or remove this frame's tracing"
    )


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _frame(cell: str, path: Path, line: int) -> int:
    if cell.isdecimal():
        return int(cell)
    if _is_number(cell) and float(cell) >= 0 and float(cell).is_integer():  # as a spreadsheet writes it: 46.0
        return int(float(cell))
    raise _problem(path, line, f"Frame is {cell!r}, not a whole number from 0 up; mend the row")


def _problem(path: Path, line: int, problem: str) -> DataError:
    return DataError(f"{path}: line {line}: {problem}")
