"""Draws the interval dots in the rows of tables, and the curves of the response to noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from lvzoo.report.drawing import Drawing, Look, Scale, nice_ticks
from lvzoo.report.formats import decimals, interval, points
from lvzoo.report.words import Row, reference_words, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from lvzoo.types.results import Ranking

STRIP_WIDTH: Final = 170
STRIP_HEIGHT: Final = 20
ROOM_FOR_NAMES: Final = 300
"""In a narrower chart the reference lines have no names; they are the same as in the wide charts."""
FEW_MODELS: Final = 4
"""With more models than this, no intervals are drawn around the curves; they would hide each other."""


# --- Interval dots, one per row of a table ----------------------------------------------------------------------


class Strips:
    """Draws dots with intervals on a common scale: one small drawing per row of a table, and one for the axis.

    With a `margin`, a band from -margin to +margin and a line at zero are drawn behind them, and with a `band`, that
    band. The numbers of the axis have as many decimals as `places`, or as they need.
    """

    def __init__(
        self,
        lows: Sequence[float],
        highs: Sequence[float],
        *,
        margin: float | None = None,
        band: tuple[float, float] | None = None,
        places: int | None = None,
    ) -> None:
        self.places = places
        ends = [*lows, *highs, *([] if margin is None else [-2 * margin, 2 * margin])]
        known = [end for end in ends if not math.isnan(end)]
        self.ticks = nice_ticks(min(known), max(known), most=4) if known else [0.0, 1.0]
        self.scale = Scale(self.ticks[0], self.ticks[-1], 12, STRIP_WIDTH - 12)
        self.margin = margin
        self.band = band if margin is None else (-margin, margin)

    def row(self, value: float, low: float, high: float, look: Look) -> Drawing:
        """Draw one number with its interval."""
        drawing = self._background(STRIP_HEIGHT)
        middle = STRIP_HEIGHT / 2
        if not math.isnan(value):
            if not (math.isnan(low) or math.isnan(high)):
                drawing.line([(self.scale(low), middle), (self.scale(high), middle)], f"span {look.css}")
            drawing.mark(self.scale(value), middle, look, size=3.6)
        return drawing

    def axis(self) -> Drawing:
        """Draw the numbers of the scale, for the foot of the table."""
        drawing = self._background(4, height=STRIP_HEIGHT)
        needed = 2 if all(round(tick, 2) == tick for tick in self.ticks) else 3
        places = needed if self.places is None else self.places
        step = 1 if len(self.ticks) <= 5 else (len(self.ticks) + 3) // 4  # at most 4 of many
        for tick in self.ticks[::step]:
            words = f"{tick:+.{places}f}" if self.margin is not None and tick else f"{tick:.{places}f}"
            drawing.text(self.scale(tick), 16, words, anchor="middle")
        return drawing

    def _background(self, depth: float, *, height: float | None = None) -> Drawing:
        """Draw the band and the lines of the scale, from the top down to a depth."""
        drawing = Drawing(STRIP_WIDTH, height or depth, css="strip")
        if self.band is not None:
            left, right = map(self.scale, self.band)
            drawing.area([(left, 0), (right, 0), (right, depth), (left, depth)], "band")
        for tick in self.ticks:
            css = "zero" if self.margin is not None and tick == 0 else "grid"
            drawing.line([(self.scale(tick), 0), (self.scale(tick), depth)], css)
        return drawing


# --- The response to noise --------------------------------------------------------------------------------------


class Frame:
    """The axes that all charts of the response share, so that they can be compared.

    Their range contains every curve and reference line. `across` maps severities to x, and `down` maps the values of
    a column to y. They are Dice unless another column is given, with its ticks and references.
    """

    def __init__(
        self,
        ranking: Ranking,
        *,
        size: tuple[float, float],
        column: str = "dice",
        ticks: Sequence[float] | None = None,
        references: Mapping[str, float] | None = None,
    ) -> None:
        self.width, self.height = size
        self.column = column
        self.severities = (0, *ranking.severities)
        self.references = ranking.references if references is None else references
        dice = [*ranking.response["dice"].dropna(), *ranking.references.values()]
        of_dice = [tick for tick in nice_ticks(min(dice), max(dice), most=5) if 0 <= tick <= 1]
        self.ticks = of_dice if ticks is None else list(ticks)
        self.across = Scale(0, max(self.severities), 34, self.width - 10)
        self.down = Scale(self.ticks[0], self.ticks[-1], self.height - 32, 8)


def response_chart(curves: pd.DataFrame, looks: Mapping[str, Look], frame: Frame, *, label: str) -> Drawing:
    """Draw one curve per model; `curves` has columns of `Ranking.response`, one row per model and severity."""
    drawing = Drawing(frame.width, frame.height, label=label, css="chart")
    _axes(drawing, frame)
    columns = ("model", "severity", *(f"{frame.column}{end}" for end in ("", "_low", "_high")))
    by_model: dict[str, list[Row]] = {}
    for row in rows_of(curves[[name for name in columns if name in curves]].sort_values("severity")):
        by_model.setdefault(row["model"], []).append(row)
    with_bands = len(by_model) <= FEW_MODELS and f"{frame.column}_low" in curves
    for model, look in reversed(list(looks.items())):  # the best model is drawn last, above the others
        if model in by_model:
            _curve(drawing, by_model[model], look, frame, model=model, with_band=with_bands)
    return drawing


def _axes(drawing: Drawing, frame: Frame) -> None:
    """Draw the grid, the numbers on both axes, and the reference lines."""
    left, right, bottom = frame.across.start, frame.across.end, frame.down.start
    for tick in frame.ticks:
        drawing.line([(left, frame.down(tick)), (right, frame.down(tick))], "grid")
        drawing.text(left - 5, frame.down(tick) + 3.5, f"{tick:g}", anchor="end")
    for severity in frame.severities:
        words = str(severity) if severity else "clean"
        drawing.text(frame.across(severity), bottom + 15, words, anchor="middle")
    drawing.text((left + right) / 2, bottom + 27, "severity", css="axis", anchor="middle")
    lowest = min(frame.references.values(), default=0.0)
    for name, level in frame.references.items():
        y = frame.down(level)
        drawing.line([(left, y), (right, y)], "reference")
        if frame.width >= ROOM_FOR_NAMES:
            below = level == lowest and len(frame.references) > 1  # so that two close names do not overlap
            at = y + (11 if below else -3)
            drawing.text(right, at, reference_words(name, level), css="axis halo", anchor="end")


def _curve(
    drawing: Drawing, part: Sequence[Row], look: Look, frame: Frame, *, model: str, with_band: bool
) -> None:
    """Draw one model's band, line and marks."""
    column = frame.column
    low, high = f"{column}_low", f"{column}_high"
    rows = [row for row in part if not math.isnan(row[column])]
    at = [(frame.across(row["severity"]), frame.down(row[column])) for row in rows]
    if with_band and not any(math.isnan(row[low]) for row in rows):
        lower = [(x, frame.down(row[low])) for (x, _), row in zip(at, rows, strict=True)]
        upper = [(x, frame.down(row[high])) for (x, _), row in zip(at, rows, strict=True)]
        drawing.area([*lower, *reversed(upper)], f"area {look.css}")
    drawing.line(at, f"curve {look.css}", title=model)
    for (x, y), row in zip(at, rows, strict=True):
        where = f"severity {row['severity']}" if row["severity"] else "clean"
        ends = (row[low], row[high]) if low in row else None
        if column == "dice":
            value = interval(row[column], *ends) if ends else decimals(row[column])
        else:
            value = points(row[column], *(ends or (math.nan, math.nan)))
        drawing.mark(x, y, look, size=2.6, title=f"{model}, {where}: {value}")


def draw_key(look: Look) -> Drawing:
    """Draw a model's line and mark, for a legend."""
    drawing = Drawing(34, 12, css="key-mark")
    drawing.line([(1, 6), (33, 6)], f"curve {look.css}")
    drawing.mark(17, 6, look, size=3.6)
    return drawing
