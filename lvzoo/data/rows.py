"""Reads the rows of a CSV file strictly: an error names the file, the line and the cell."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from lvzoo.errors import DataError, did_you_mean


def read_rows(
    path: Path,
    columns: Sequence[str],
    *,
    optional: Sequence[str] = (),
    blank: Collection[str] = (),
    check_header: Callable[[Sequence[str], Path], None] | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells of `columns` and `optional`) of a CSV file with a header; lines count from 1.

    Cells of the columns in `blank` may be empty. So may those of an optional column, and they are "" if there is no
    such column.

    Raises:
        DataError: the file cannot be read, lacks a column, or a row does not fit the header.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            if check_header is not None:
                check_header(header, path)
            places = [_find_column(column, header, path) for column in columns]
            needed = [
                (column, place) for column, place in zip(columns, places, strict=True) if column not in blank
            ]
            further = [header.index(column) if column in header else None for column in optional]
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    problem = f"{len(cells)} cells, but the header has {len(header)}; correct the row"
                    raise row_error(path, reader.line_num, problem)
                for column, place in needed:
                    if not cells[place].strip():
                        problem = f"{column} is empty; fill it in or remove the row"
                        raise row_error(path, reader.line_num, problem)
                chosen = [cells[place].strip() for place in places]
                yield reader.line_num, chosen + ["" if at is None else cells[at].strip() for at in further]
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); the data set's layout needs this file"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    except csv.Error as error:
        raise row_error(path, reader.line_num, f"{error}; correct the row") from error


def _find_column(name: str, header: Sequence[str], path: Path) -> int:
    if name not in header:
        found = ", ".join(header) or "nothing"
        hint = did_you_mean(name, header)
        raise row_error(path, 1, f"no column {name!r}{hint}; add it to the header, which has {found}")
    return header.index(name)


def is_number(cell: str) -> bool:
    """Return whether a cell holds a finite number."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def parse_frame(cell: str, path: Path, line: int) -> int:
    """Return a frame number from 0 up, which a spreadsheet may have written as 46.0.

    Raises:
        DataError: the cell holds no such number.
    """
    if cell.isdecimal():
        return int(cell)
    if is_number(cell) and float(cell) >= 0 and float(cell).is_integer():
        return int(float(cell))
    raise row_error(path, line, f"Frame is {cell!r}, not a whole number from 0 up; correct the row")


def row_error(path: Path, line: int, problem: str) -> DataError:
    """Return the error about a row."""
    return DataError(f"{path}: line {line}: {problem}")
