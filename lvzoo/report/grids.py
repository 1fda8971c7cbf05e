"""The tables of the report as rows of cells, each with what it says and by what it sorts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lvzoo.report import words
from lvzoo.report.formats import (
    chance,
    count_and_share,
    decimals,
    interval,
    p_value,
    percent,
    signed,
)
from lvzoo.report.plots import Strips
from lvzoo.report.words import rows_of

if TYPE_CHECKING:
    from lvzoo.report.drawing import Drawing, Look
    from lvzoo.report.words import Row
    from lvzoo.types.results import Ranking

Looks = Mapping[str, "Look"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column's head. `first` is the order that a first click on it gives; None where it cannot be sorted."""

    title: str
    note: str = ""
    align: Literal["left", "right", "centre"] = "right"
    first: Literal["ascending", "descending"] | None = "descending"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What a cell says, in words or as a drawing. `below` stands smaller under it; `look` puts a mark before it."""

    text: str = ""
    sort: float | str | None = None
    below: str = ""
    drawing: Drawing | None = None
    look: Look | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A table; the first column names the rows."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    foot: Sequence[Cell] = ()

    def without(self, *titles: str) -> Grid:
        """Return the table without some of its columns."""
        kept = [number for number, column in enumerate(self.columns) if column.title not in titles]
        return replace(
            self,
            columns=[self.columns[number] for number in kept],
            rows=[[row[number] for number in kept] for row in self.rows],
            foot=[self.foot[number] for number in kept] if self.foot else (),
        )


MODEL = Column(title="model", align="left", first="ascending")


def number(value: float, places: int = 3) -> Cell:
    """Return a cell with a number, sorted by it; what is not known sorts last, whichever way."""
    return Cell(text=decimals(value, places), sort=known(value))


def model_cell(ranking: Ranking, model: str, looks: Looks) -> Cell:
    """Return a model's name with its marks."""
    return Cell(text=words.marked(ranking, model), sort=model, look=looks[model])


def kind_words(ranking: Ranking, model: str) -> str:
    """Say what kind of model it is, and how many landmarks it has."""
    facts = ranking.models[model]
    return f"{facts.kind}, {facts.landmarks} points" if facts.landmarks else facts.kind


def ranking_grid(ranking: Ranking, looks: Looks) -> Grid:
    """Return the ranking itself: who leads, how sure that is, and what noise costs."""
    rows, noisy = rows_of(ranking.table), bool(ranking.families)
    strips = Strips([row["headline_low"] for row in rows], [row["headline_high"] for row in rows])
    more = [
        Column(title="clean", note="Dice on clean frames"),
        Column(title="kept", note=f"retention: {words.headline(ranking)} / clean"),
        Column(title="worst", note="the corruption with the lowest Dice, mean over its severities"),
    ]
    columns = [
        MODEL,
        Column(title="rank", note="95 % interval of the rank over the resamples", first="ascending"),
        Column(title=words.headline(ranking), note="mean Dice with its 95 % interval"),
        Column(title="95 % interval", align="centre", first=None),
        Column(title="P(first)", note="share of the resamples in which it is first"),
        Column(title="group", note="models that share a letter are not separable", first="ascending"),
        *(more if noisy else []),
        Column(title="failures", note="scores below 0.5 Dice, of all", first="ascending"),
        Column(title="anatomical failures", note="masks that no ventricle has, of all", first="ascending"),
        Column(title="seeds", note="trainings"),
        Column(title="seed SD", note=f"of {ranking.headline}", first="ascending"),
    ]
    cells = [_ranking_row(ranking, row, strips, looks) for row in rows]
    foot = [Cell() for _ in columns]
    foot[3] = Cell(drawing=strips.axis())
    return Grid(title=f"By {words.headline(ranking)}, best first", columns=columns, rows=cells, foot=foot)


def _ranking_row(ranking: Ranking, row: Row, strips: Strips, looks: Looks) -> list[Cell]:
    score = (row["headline"], row["headline_low"], row["headline_high"])
    more = [
        number(row["clean"]),
        Cell(text=percent(row["retention"], 1), sort=known(row["retention"])),
        Cell(text=decimals(row["worst"]), sort=known(row["worst"]), below=str(row["worst_corruption"])),
    ]
    return [
        replace(model_cell(ranking, row["model"], looks), below=kind_words(ranking, row["model"])),
        Cell(text=words.ranks(row), sort=float(row["rank"])),
        Cell(text=interval(*score), sort=known(row["headline"])),
        Cell(drawing=strips.row(*score, looks[row["model"]])),
        Cell(text=chance(row["p_first"]), sort=known(row["p_first"])),
        Cell(text=row["group"], sort=row["group"]),
        *(more if ranking.families else []),
        Cell(text=count_and_share(row["failures"], row["failure_share"]), sort=float(row["failures"])),
        Cell(
            text=count_and_share(row["anatomical_failures"], row["anatomical_share"]),
            sort=float(row["anatomical_failures"]),
        ),
        Cell(text=str(row["seeds"]), sort=float(row["seeds"])),
        number(row["seed_sd"], 4),
    ]


def measures_grid(ranking: Ranking, looks: Looks) -> Grid:
    """Return the other measures: phases, pooled Dice and the boundary, clean and noisy, and mean ranks."""
    clean = [
        ("dice_ed", "ED", "Dice on clean end-diastolic frames", 3),
        ("dice_es", "ES", "Dice on clean end-systolic frames", 3),
        ("dice_pooled", "pooled Dice", "all pixels of the clean frames in one fraction, as EchoNet's", 3),
    ]
    boundary = [
        ("nsd1", "NSD 1 px", "share of the boundary within 1 px", 3),
        ("nsd2", "NSD 2 px", "share of the boundary within 2 px", 3),
        ("hd95", "HD95, px", "95th percentile of the boundary distance", 2),
        ("assd", "ASSD, px", "mean boundary distance", 2),
    ]
    noisy = [(f"{name}_noisy", f"{title}, noisy", note, places) for name, title, note, places in boundary]
    last = [("mean_rank", "mean rank", "mean over patients of the rank on each", 2)]
    shown = [*clean, *boundary, *(noisy if ranking.families else []), *last]
    smaller = ("hd95", "assd", "mean_rank")
    columns = [
        Column(title=title, note=note, first="ascending" if name.startswith(smaller) else "descending")
        for name, title, note, _ in shown
    ]
    rows = [
        [model_cell(ranking, row["model"], looks), *(number(row[name], places) for name, *_, places in shown)]
        for row in rows_of(ranking.table)
    ]
    return Grid(title="Phases, pooled Dice and boundary distances", columns=[MODEL, *columns], rows=rows)


def anatomy_grid(ranking: Ranking, looks: Looks) -> Grid:
    """Return how many masks no ventricle could have, by what is wrong with them."""
    kinds = {
        "empty": "empty",
        "fragmented": "in pieces",
        "holed": "with holes",
        "apex_below_base": "apex below base",
    }
    columns = [Column(title=title, first="ascending") for title in (*kinds.values(), "any of these")]
    rows = [
        [
            model_cell(ranking, row["model"], looks),
            *(Cell(text=str(int(row[name])), sort=float(row[name])) for name in kinds),
            Cell(
                text=count_and_share(row["anatomical_failures"], row["anatomical_share"]),
                sort=float(row["anatomical_failures"]),
            ),
        ]
        for row in rows_of(ranking.table)
    ]
    return Grid(
        title="Anatomical failures, under all conditions and seeds", columns=[MODEL, *columns], rows=rows
    )


def pairs_grid(ranking: Ranking) -> Grid:
    """Return every two models, the better first, with the difference and how sure it is."""
    columns = [
        Column(title="better", align="left", first="ascending"),
        Column(title="worse", align="left", first="ascending"),
        Column(title="difference [95 % CI]"),
        Column(title="p", note="two-sided Wilcoxon signed-rank test on patient means", first="ascending"),
        Column(title="p (Holm)", note="adjusted for the number of pairs", first="ascending"),
        Column(title="P(better)", note="share of pairs of seed and resample in which it is better"),
        Column(title="detectable", note="the smallest difference found with 80 % power", first="ascending"),
        Column(title="verdict", align="left", first="ascending"),
    ]
    rows = [
        [
            Cell(text=words.marked(ranking, row["better"]), sort=row["better"]),
            Cell(text=words.marked(ranking, row["worse"]), sort=row["worse"]),
            Cell(
                text=signed(row["difference"], row["difference_low"], row["difference_high"]),
                sort=known(row["difference"]),
            ),
            Cell(text=p_value(row["p"]), sort=known(row["p"])),
            Cell(text=p_value(row["p_holm"]), sort=known(row["p_holm"])),
            Cell(text=chance(row["outperforms"]), sort=known(row["outperforms"])),
            number(row["mdd"], 4),
            Cell(text=row["verdict"], sort=row["verdict"]),
        ]
        for row in rows_of(ranking.pairs)
    ]
    return Grid(title="Every two models", columns=columns, rows=rows)


def known(value: float | None) -> float | None:
    """Return a number to sort by, or None where it is not known."""
    return None if value is None or math.isnan(value) else float(value)
