"""Draws what the models reach on each data set: one line per model, from home to the other sets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lvzoo.report.drawing import Drawing, Scale, nice_ticks
from lvzoo.report.formats import interval
from lvzoo.report.words import rows_of, with_ends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.report.drawing import Look
    from lvzoo.report.words import Row
    from lvzoo.types.across import AcrossResults

WIDTH: Final = 420.0
HEIGHT: Final = 240.0
APART: Final = 5.0
"""Pixels between the marks of two models on one set, so that their intervals do not hide each other."""
MOST_LETTERS: Final = 22
HIGH: Final = 0.99
"""The scale begins here if every Dice is higher."""


def set_chart(across: AcrossResults, looks: Mapping[str, Look], column: str, *, label: str) -> Drawing:
    """Draw one column of the table: sets from left to right, one mark with its interval per model and set."""
    drawing = Drawing(WIDTH, HEIGHT, label=label, css="chart")
    rows = rows_of(across.table)
    ends = [row[f"{column}{end}"] for row in rows for end in ("", "_low", "_high")]
    known = [value for value in ends if not math.isnan(value)]
    lowest = min(*known, HIGH)  # all of them may be 1
    ticks = [tick for tick in nice_ticks(lowest, max(known), most=5) if 0 <= tick <= 1]
    names = [each.name for each in across.sets]
    down = Scale(ticks[0], ticks[-1], HEIGHT - 26, 8)
    left, right = 34.0, WIDTH - 10
    step = (right - left) / len(names)
    middle = {name: left + step * (number + 0.5) for number, name in enumerate(names)}
    for tick in ticks:
        drawing.line([(left, down(tick)), (right, down(tick))], "grid")
        drawing.text(left - 5, down(tick) + 3.5, f"{tick:g}", anchor="end")
    for name in names:
        drawing.text(middle[name], HEIGHT - 10, _shorten(name, len(names)), anchor="middle")
    for model, look in reversed(list(looks.items())):  # the best model is drawn last, above the others
        own = [row for row in rows if row["model"] == model and not math.isnan(row[column])]
        shift = (look.number - (len(looks) - 1) / 2) * min(APART, step / (len(looks) + 1))
        _draw_model(drawing, own, look, column, middle, shift, down)
    return drawing


def _draw_model(
    drawing: Drawing,
    rows: list[Row],
    look: Look,
    column: str,
    middle: Mapping[str, float],
    shift: float,
    down: Scale,
) -> None:
    at = [(middle[row["set"]] + shift, down(row[column])) for row in rows]
    drawing.line(at, f"curve {look.css}")
    for row, (x, y) in zip(rows, at, strict=True):
        value, low, high = with_ends(row, column)
        if not math.isnan(low):
            drawing.line([(x, down(low)), (x, down(high))], f"span {look.css}")
        title = f"{row['model']}, {row['set']}: {interval(value, low, high)}"
        drawing.mark(x, y, look, size=3.2, title=title)


def _shorten(name: str, sets: int) -> str:
    """Return a name that has room below one of so many sets."""
    most = max(6, MOST_LETTERS * 3 // max(sets, 1))
    return name if len(name) <= most else f"{name[: most - 1]}…"
