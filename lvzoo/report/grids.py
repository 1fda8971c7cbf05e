"""Builds the tables of the report as rows of cells; each cell has its text and the value it sorts by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from lvzoo.report import words
from lvzoo.report.drawing import assign_looks
from lvzoo.report.ejection import OVERALL, scope_rows
from lvzoo.report.formats import (
    UNKNOWN,
    chance,
    count_and_share,
    decimals,
    interval,
    known,
    p_value,
    percent,
    points,
    signed,
)
from lvzoo.report.plots import Strips
from lvzoo.report.words import rows_of
from lvzoo.types import FAILURE_DICE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvzoo.report.drawing import Drawing, Look
    from lvzoo.report.words import Row
    from lvzoo.types.results import Ranking

CLEAN_DICE: Final = (
    ("dice_ed", "ED", "Dice on clean end-diastolic frames", 3),
    ("dice_es", "ES", "Dice on clean end-systolic frames", 3),
    ("dice_pooled", "pooled Dice", "one Dice over the pixels of all clean frames, as EchoNet-Dynamic's", 3),
)
"""Columns of the ranking with title, note and number of decimals; so are the next two."""
BOUNDARY: Final = (
    ("nsd1", "NSD 1 px", "share of the boundary within 1 px", 3),
    ("nsd2", "NSD 2 px", "share of the boundary within 2 px", 3),
    ("hd95", "HD95, px", "95th percentile of the boundary distance", 2),
    ("assd", "ASSD, px", "mean boundary distance", 2),
)
MEAN_RANK: Final = ("mean_rank", "mean rank", "mean over patients of the rank on each patient", 2)
SMALLER_IS_BETTER: Final = ("hd95", "assd", "mean_rank")
FAULTS: Final = {
    "empty": "empty",
    "fragmented": "in pieces",
    "holed": "with holes",
    "apex_below_base": "apex below base",
}

# --- The parts of a table ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column's head. `first` is the order that a first click on it gives; None where it cannot be sorted."""

    title: str
    note: str = ""
    align: Literal["left", "right", "centre"] = "right"
    first: Literal["ascending", "descending"] | None = "descending"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A cell's text or drawing. `below` is small text under it; `look` puts the model's mark before it."""

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


def number(value: float | None, places: int = 3) -> Cell:
    """Return a cell with a number, sorted by it; unknown numbers sort last in either direction."""
    return Cell(text=decimals(value, places), sort=known(value))


def points_cell(row: Row, name: str) -> Cell:
    """Return a cell with points of EF and their interval, from three columns of a row."""
    return Cell(text=points(*words.with_ends(row, name)), sort=known(row[name]))


def count(row: Row, name: str, share: str) -> Cell:
    """Return a cell with a count and its share, from two columns of a row."""
    return Cell(text=count_and_share(row[name], row[share]), sort=float(row[name]))


def text_column(title: str) -> Column:
    """Return the head of a column of words."""
    return Column(title=title, align="left", first="ascending")


def strip_foot(columns: Sequence[Column], strips: Strips) -> list[Cell]:
    """Return the foot of a table: the axis of the strips, below the column that holds them, the only centred one."""
    return [Cell(drawing=strips.axis() if column.align == "centre" else None) for column in columns]


def model_grid(
    title: str,
    ranking: Ranking,
    columns: Sequence[Column],
    cells: Callable[[Row], Sequence[Cell]],
    *,
    with_kinds: bool = False,
) -> Grid:
    """Return a table with one row per model, best first: its name, and the cells made of its row of the ranking.

    `with_kinds` adds, below each name, what kind of model it is.
    """
    looks, rows = assign_looks(ranking), []
    for row in rows_of(ranking.table):
        model = row["model"]
        below = _kind(ranking, model) if with_kinds else ""
        name = Cell(text=words.marked_name(ranking, model), sort=model, look=looks[model], below=below)
        rows.append([name, *cells(row)])
    return Grid(title=title, columns=[text_column("model"), *columns], rows=rows)


# --- The ranking and its details --------------------------------------------------------------------------------


def ranking_grid(ranking: Ranking) -> Grid:
    """Return the ranking itself: the order, its uncertainty, and the loss under noise."""
    rows = rows_of(ranking.table)
    strips = Strips([row["headline_low"] for row in rows], [row["headline_high"] for row in rows])
    name = words.headline(ranking)
    noisy = [
        Column(title="clean", note="Dice on clean frames"),
        Column(title="kept", note=f"retention: {name} / clean"),
        Column(title="worst", note="lowest Dice under any corruption, mean over its severities"),
    ]
    by_ef = ranking.order == "ef"
    errors = _error_cells(ranking) if by_ef else {}
    columns = [
        Column(title="rank", note="95 % interval of the rank over the resamples", first="ascending"),
        *(
            [Column(title="EF error", note="points, as the rows are ordered", first="ascending")]
            if by_ef
            else []
        ),
        Column(title=name, note="mean Dice with its 95 % interval"),
        Column(title="95 % interval", align="centre", first=None),
        Column(title="P(first)", note="share of the resamples in which the model is first"),
        Column(title="group", note="models that share a letter are not separable", first="ascending"),
        *(noisy if ranking.families else []),
        Column(
            title="failures", note=f"scores below {FAILURE_DICE} Dice, and their share", first="ascending"
        ),
        Column(title="anatomical failures", note="impossible masks, and their share", first="ascending"),
        Column(title="seeds", note="number of trainings"),
        Column(
            title="seed SD", note=f"standard deviation of {ranking.headline} over seeds", first="ascending"
        ),
    ]
    looks = assign_looks(ranking)

    def cells(row: Row) -> list[Cell]:
        score = words.with_ends(row, "headline")
        under_noise = [
            number(row["clean"]),
            Cell(text=percent(row["retention"], 1), sort=known(row["retention"])),
            replace(number(row["worst"]), below=str(row["worst_corruption"])),
        ]
        return [
            Cell(text=words.ranks(row), sort=float(row["rank"])),
            *([errors.get(row["model"], Cell(text=UNKNOWN))] if by_ef else []),
            Cell(text=interval(*score), sort=known(row["headline"])),
            Cell(drawing=strips.row(*score, looks[row["model"]])),
            Cell(text=chance(row["p_first"]), sort=known(row["p_first"])),
            Cell(text=row["group"], sort=row["group"]),
            *(under_noise if ranking.families else []),
            count(row, "failures", "failure_share"),
            count(row, "anatomical_failures", "anatomical_share"),
            Cell(text=str(row["seeds"]), sort=float(row["seeds"])),
            number(row["seed_sd"], 4),
        ]

    title = "By the error of the ejection fraction, smallest first" if by_ef else f"By {name}, best first"
    grid = model_grid(title, ranking, columns, cells, with_kinds=True)
    return replace(grid, foot=strip_foot(grid.columns, strips))


def _error_cells(ranking: Ranking) -> dict[str, Cell]:
    """Return the cell of each model's EF error overall, against the tracings."""
    ejection = ranking.ejection
    rows = [] if ejection is None else scope_rows(ejection, OVERALL)
    return {row["model"]: points_cell(row, "mae") for row in rows}


def _kind(ranking: Ranking, model: str) -> str:
    """Return a model's kind, and its number of landmarks."""
    facts = ranking.models[model]
    return f"{facts.kind}, {facts.landmarks} points" if facts.landmarks else facts.kind


def measures_grid(ranking: Ranking) -> Grid:
    """Return the other measures: phases, pooled Dice and the boundary, clean and noisy, and mean ranks."""
    noisy = [(f"{name}_noisy", f"{title}, noisy", note, places) for name, title, note, places in BOUNDARY]
    shown = [*CLEAN_DICE, *BOUNDARY, *(noisy if ranking.families else []), MEAN_RANK]
    columns = [
        Column(
            title=title, note=note, first="ascending" if name.startswith(SMALLER_IS_BETTER) else "descending"
        )
        for name, title, note, _ in shown
    ]

    def cells(row: Row) -> list[Cell]:
        return [number(row[name], places) for name, *_, places in shown]

    return model_grid("Phases, pooled Dice and boundary distances", ranking, columns, cells)


def anatomy_grid(ranking: Ranking) -> Grid:
    """Return how many masks are impossible, by what is wrong with them."""
    columns = [Column(title=title, first="ascending") for title in (*FAULTS.values(), "any of these")]

    def cells(row: Row) -> list[Cell]:
        faults = [Cell(text=str(int(row[name])), sort=float(row[name])) for name in FAULTS]
        return [*faults, count(row, "anatomical_failures", "anatomical_share")]

    return model_grid("Anatomical failures, under all conditions and seeds", ranking, columns, cells)


def pairs_grid(ranking: Ranking) -> Grid:
    """Return all pairs of models, the better one first, with their difference and its uncertainty."""
    columns = [
        text_column("better"),
        text_column("worse"),
        Column(title="difference [95 % CI]"),
        Column(title="p", note="two-sided Wilcoxon signed-rank test on patient means", first="ascending"),
        Column(title="p (Holm)", note="adjusted for the number of pairs", first="ascending"),
        Column(title="P(better)", note="share, over resamples and pairs of seeds, in which it is better"),
        Column(title="detectable", note="smallest difference found with 80 % power", first="ascending"),
        text_column("verdict"),
    ]
    rows = [
        [
            *(
                Cell(text=words.marked_name(ranking, name), sort=name)
                for name in (row["better"], row["worse"])
            ),
            Cell(text=signed(*words.with_ends(row, "difference")), sort=known(row["difference"])),
            *(Cell(text=p_value(p), sort=known(p)) for p in (row["p"], row["p_holm"])),
            Cell(text=chance(row["outperforms"]), sort=known(row["outperforms"])),
            number(row["mdd"], 4),
            Cell(text=row["verdict"], sort=row["verdict"]),
        ]
        for row in rows_of(ranking.pairs)
    ]
    return Grid(title="All pairs of models", columns=columns, rows=rows)
