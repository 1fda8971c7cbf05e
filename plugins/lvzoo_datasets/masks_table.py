"""Reads frames.csv, which says of each picture whose it is, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from lvzoo.data.rows import is_number, parse_frame, read_rows, row_error
from lvzoo.errors import did_you_mean
from lvzoo.types import SPLITS, Phase, Split
from lvzoo_datasets.masks_files import stem_of

Value = TypeVar("Value")

TABLE: Final = "frames.csv"
OPTIONAL: Final = (
    *("patient", "split", "phase", "view", "quality"),
    *("video", "frame", "ef", "spacing_mm"),
)
PHASES: Final[Mapping[str, Phase]] = {"ed": "ED", "es": "ES", "other": "other"}
SPLIT_NAMES: Final[Mapping[str, Split]] = {split: split for split in SPLITS}
MOST_EF: Final = 100.0
OTHER_SEPARATORS: Final[Mapping[str, str]] = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What spreadsheets may write between the cells instead of commas."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What the table says about one picture; what it does not say is empty or None."""

    line: int = 0
    patient: str = ""
    split: Split | None = None
    phase: Phase | None = None
    view: str = ""
    quality: str = ""
    video: str = ""
    frame: int | None = None
    ef: float | None = None
    spacing_mm: float | None = None


def read_table(folder: Path) -> dict[str, Row]:
    """Return the rows by the names of their pictures; there are none if there is no table.

    Raises:
        DataError: the table cannot be read, or a cell holds what it cannot hold; names the line.
    """
    path = folder / TABLE
    if not path.exists():
        return {}
    rows: dict[str, Row] = {}
    for line, [name, *cells] in read_rows(path, ["name"], optional=OPTIONAL, check_header=_check_header):
        stem = stem_of(Path(name).name)
        if stem in rows:
            raise row_error(
                path, line, f"{stem!r} stands in line {rows[stem].line} already; remove one of the rows"
            )
        rows[stem] = _read_row(path, line, dict(zip(OPTIONAL, cells, strict=True)))
    return rows


def find_splits(rows: Mapping[str, Row], patients: Mapping[str, str], path: Path) -> dict[str, Split] | None:
    """Return the split of each patient, by the rows of the pictures; None if no row has a split.

    Raises:
        DataError: a patient is in two splits.
    """
    found: dict[str, tuple[Split, int]] = {}
    for name, row in rows.items():
        if row.split is None or name not in patients:
            continue
        patient = patients[name]
        split, line = found.setdefault(patient, (row.split, row.line))
        if split != row.split:
            raise row_error(
                path,
                row.line,
                f"patient {patient!r} is in split {row.split}, but in {split} by line {line}; "
                "put all pictures of a patient into one split",
            )
    return {patient: split for patient, (split, _) in found.items()} or None


def check_videos(rows: Mapping[str, Row], patients: Mapping[str, str], path: Path) -> None:
    """Check that each listed video is of one patient, and that its frames have different numbers.

    Raises:
        DataError: a video is of two patients, is named like another patient, or has two pictures of one frame.
    """
    names = set(patients.values())
    owners: dict[str, tuple[str, int]] = {}
    frames: dict[tuple[str, int], int] = {}
    for name, row in rows.items():
        if not row.video or name not in patients:
            continue
        if row.video in names - {patients[name]}:  # which names the pictures of that patient without a video
            raise row_error(
                path, row.line, f"video {row.video!r} has the name of another patient; give it another name"
            )
        owner, line = owners.setdefault(row.video, (patients[name], row.line))
        if owner != patients[name]:
            problem = f"video {row.video!r} is of patient {patients[name]!r}, but of {owner!r} by line {line}"
            raise row_error(path, row.line, f"{problem}; give each video a name of its own")
        if (
            row.frame is not None
            and (line := frames.setdefault((row.video, row.frame), row.line)) != row.line
        ):
            problem = f"frame {row.frame} of video {row.video!r} stands in line {line} already"
            raise row_error(path, row.line, f"{problem}; correct the number")


def _check_header(header: Sequence[str], path: Path) -> None:
    """Raise DataError for a column that is not read, because its name may be mistyped: frames.csv is lvzoo's own."""
    mark = next((each for each in OTHER_SEPARATORS if len(header) == 1 and each in header[0]), None)
    if mark is not None:
        raise row_error(path, 1, f"the cells are separated by {OTHER_SEPARATORS[mark]}; save it with commas")
    for column in header:
        if column not in ("name", *OPTIONAL):
            known = ", ".join(("name", *OPTIONAL))
            hint = did_you_mean(column, ("name", *OPTIONAL))
            raise row_error(path, 1, f"unknown column {column!r}{hint}; the columns are {known}")


def _read_row(path: Path, line: int, cells: Mapping[str, str]) -> Row:
    return Row(
        line=line,
        patient=cells["patient"],
        split=_choose(path, line, "split", cells["split"], SPLIT_NAMES),
        phase=_choose(path, line, "phase", cells["phase"], PHASES),
        view=cells["view"],
        quality=cells["quality"],
        video=cells["video"],
        frame=parse_frame(cells["frame"], path, line) if cells["frame"] else None,
        ef=_read_number(path, line, "ef", cells["ef"], -MOST_EF, MOST_EF),
        spacing_mm=_read_number(path, line, "spacing_mm", cells["spacing_mm"], 0.0, float("inf")),
    )


def _choose(path: Path, line: int, column: str, cell: str, known: Mapping[str, Value]) -> Value | None:
    if not cell:
        return None
    if cell.lower() not in known:
        choices = ", ".join(str(value) for value in known.values())
        raise row_error(path, line, f"{column} is {cell!r}; write one of {choices}")
    return known[cell.lower()]


def _read_number(path: Path, line: int, column: str, cell: str, low: float, high: float) -> float | None:
    """Return the number of a cell, above `low` and up to `high`; None if the cell is empty."""
    if not cell:
        return None
    if not is_number(cell) or not low < float(cell) <= high:
        wanted = "a number above 0" if low == 0 else f"a number up to {high:g}"
        raise row_error(path, line, f"{column} is {cell!r}, not {wanted}; correct it, or leave it empty")
    return float(cell)
