"""The matrix of formats: what is read, and how, and what is refused. `docs/clips.md` shows it as a table."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Final, Literal

from tests.data.clips.row import Row
from tests.data.clips.rows_dicom import DICOM_ROWS
from tests.data.clips.rows_files import GIF_ROWS, OTHER_ROWS, PICTURE_ROWS
from tests.data.clips.rows_nifti import NIFTI_ROWS
from tests.data.clips.rows_video import VIDEO_ROWS

ROWS: Final[tuple[Row, ...]] = (
    *VIDEO_ROWS,
    *DICOM_ROWS,
    *PICTURE_ROWS,
    *GIF_ROWS,
    *NIFTI_ROWS,
    *OTHER_ROWS,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the table. Lines that differ in one column only become one line."""

    format: str
    codec: str
    colour: str
    happens: str


def make_table() -> str:
    """Return the matrix as a table in Markdown."""
    lines = [
        Line(format=row.format, codec=row.codec, colour=row.colour, happens=str(row.expected)) for row in ROWS
    ]
    for column in ("colour", "codec", "format"):
        lines = _merge(lines, column)
    head = "| format | codec | colour | what happens |\n|---|---|---|---|"
    return "\n".join([head, *("| " + " | ".join(astuple(line)) + " |" for line in lines)])


def _merge(lines: list[Line], column: Literal["format", "codec", "colour"]) -> list[Line]:
    """Merge the lines that differ in a column only; each stands where the first one of them stood."""
    merged: dict[Line, list[str]] = {}
    for line in lines:
        entries = merged.setdefault(replace(line, **{column: ""}), [])
        entry = getattr(line, column)
        if entry not in entries:
            entries.append(entry)
    return [replace(line, **{column: ", ".join(entries)}) for line, entries in merged.items()]
