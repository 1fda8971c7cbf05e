"""Draws and tabulates each model's cost beside its score: time, parameters and arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lvzoo.report.drawing import Drawing, Look, Scale, log_ticks, nice_ticks
from lvzoo.report.formats import UNKNOWN, decimals, known, milliseconds, quantity
from lvzoo.report.grids import Cell, Column, Grid, model_grid, number, text_column
from lvzoo.report.words import headline, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lvzoo.report.drawing import Point
    from lvzoo.report.words import Row
    from lvzoo.types.results import ModelFacts, Ranking

WIDTH: Final = 380.0
HEIGHT: Final = 250.0
LEFT: Final = 44.0
RIGHT: Final = WIDTH - 14
TOP: Final = 12.0
BOTTOM: Final = HEIGHT - 38
LETTER_WIDTH: Final = 5.6
"""The mean width of a letter of the names, approximately."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """One kind of cost: its name, how to read it from a model's facts, and how to write it."""

    name: str
    of: Callable[[ModelFacts], float | None]
    write: Callable[[float | None], str]


COSTS: Final = (
    Cost(name="ms per frame", of=lambda facts: facts.ms_per_frame, write=milliseconds),
    Cost(name="parameters", of=lambda facts: facts.parameters, write=quantity),
    Cost(name="FLOPs per frame", of=lambda facts: facts.flops, write=quantity),
)


def cost_charts(ranking: Ranking, looks: Mapping[str, Look]) -> list[Drawing]:
    """Draw the headline over each cost that is known for at least two models."""
    charts = []
    for cost in COSTS:
        costs = {model: known(cost.of(facts)) for model, facts in ranking.models.items()}
        found = {model: value for model, value in costs.items() if value}
        if len(found) > 1:
            charts.append(_chart(ranking, cost, found, looks))
    return charts


def cost_grid(ranking: Ranking) -> Grid:
    """Return each model's score and costs, the hardware of the timing, its summary, plugin and licence."""
    columns = [
        Column(title=headline(ranking)),
        *(Column(title=cost.name.replace(" per", "\xa0per"), first="ascending") for cost in COSTS),
        *map(text_column, ("measured on", "what it is")),
    ]

    def cells(row: Row) -> list[Cell]:
        facts = ranking.models[row["model"]]
        costs = [(cost, cost.of(facts)) for cost in COSTS]
        source = ", ".join(filter(None, (facts.plugin, facts.licence)))
        return [
            number(row["headline"]),
            *(Cell(text=cost.write(value), sort=known(value)) for cost, value in costs),
            Cell(text=facts.hardware if facts.ms_per_frame is not None else UNKNOWN, sort=facts.hardware),
            Cell(text=facts.summary, sort=facts.summary, below=source),
        ]

    return model_grid("What each model costs", ranking, columns, cells)


def _chart(ranking: Ranking, cost: Cost, found: Mapping[str, float], looks: Mapping[str, Look]) -> Drawing:
    """Draw each model's headline, with its interval, over its cost, on a logarithmic scale."""
    drawing = Drawing(WIDTH, HEIGHT, label=f"{ranking.headline} against {cost.name}", css="chart")
    rows = [row for row in rows_of(ranking.table) if row["model"] in found]
    across, down = _axes(drawing, rows, cost, list(found.values()))
    at = [(across(found[row["model"]]), down(row["headline"])) for row in rows]

    # intervals first, so that the marks lie above them; no name may cover a mark or an interval
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in at]
    for (x, _), row in zip(at, rows, strict=True):
        if known(row["headline_low"]) is not None:
            low, high = down(row["headline_low"]), down(row["headline_high"])
            drawing.line([(x, low), (x, high)], f"span {looks[row['model']].css}")
            taken.append((x - 2, high, x + 2, low))

    for row, point in zip(rows, at, strict=True):
        model = row["model"]
        title = f"{model}: {decimals(row['headline'])} at {cost.write(found[model])} {cost.name}"
        drawing.mark(*point, looks[model], size=4.2, title=title)
        _write_name(drawing, model, point, taken)
    return drawing


def _axes(drawing: Drawing, rows: Sequence[Row], cost: Cost, costs: Sequence[float]) -> tuple[Scale, Scale]:
    """Draw the axes; return the scales from cost to x and from Dice to y."""
    dice = [known(row[name]) for row in rows for name in ("headline_low", "headline", "headline_high")]
    found = [each for each in dice if each is not None]
    levels, steps = nice_ticks(min(found), max(found), most=5), log_ticks(min(costs), max(costs))
    down = Scale(levels[0], levels[-1], BOTTOM, TOP)
    across = Scale(steps[0], steps[-1], LEFT, RIGHT, log=True)
    for level in levels:
        drawing.line([(LEFT, down(level)), (RIGHT, down(level))], "grid")
        drawing.text(LEFT - 6, down(level) + 3.5, f"{level:g}", anchor="end")
    for step in steps:
        drawing.line([(across(step), TOP), (across(step), BOTTOM)], "grid")
        drawing.text(across(step), BOTTOM + 14, re.sub(r"\.0+(?!\d)", "", cost.write(step)), anchor="middle")
    drawing.text((LEFT + RIGHT) / 2, HEIGHT - 7, cost.name, css="axis", anchor="middle")
    return across, down


def _write_name(drawing: Drawing, name: str, at: Point, taken: list[Box]) -> None:
    """Write a model's name beside its mark where it covers nothing; without room, only the legend names it."""
    (x, y), wide = at, LETTER_WIDTH * len(name)
    places: Sequence[tuple[float, float, str, float]] = (
        (x + 8, y + 4, "start", x + 8),
        (x - 8, y + 4, "end", x - 8 - wide),
        (x, y - 9, "middle", x - wide / 2),
        (x, y + 17, "middle", x - wide / 2),
    )
    for text_x, text_y, anchor, left in places:
        box = (left, text_y - 9, left + wide, text_y + 3)
        inside = box[0] >= LEFT and box[2] <= WIDTH and box[1] >= 0 and box[3] <= BOTTOM + 6
        if inside and not any(_overlap(box, other) for other in taken):
            drawing.text(text_x, text_y, name, anchor=anchor, css="name halo")
            taken.append(box)
            return


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
