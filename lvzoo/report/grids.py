"""Builds the tables of the report as rows of cells; each cell has its text and the value it sorts by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lvzoo.report import words
from lvzoo.report.formats import chance, count_and_share, decimals, interval, known, p_value, percent, signed
from lvzoo.report.plots import Strips
from lvzoo.report.words import rows_of
from lvzoo.types import FAILURE_DICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from lvzoo.report.drawing import Drawing, Look
    from lvzoo.report.words import Row
    from lvzoo.types.results import Ranking

Looks = Mapping[str, "Look"]

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


def count(row: Row, name: str, share: str) -> Cell:
    """Return a cell with a count and its share, from two columns of a row."""
    return Cell(text=count_and_share(row[name], row[share]), sort=float(row[name]))


def text_column(title: str) -> Column:
    """Return the head of a column of words."""
    return Column(title=title, align="left", first="ascending")


def model_grid(
    title: str, ranking: Ranking, columns: Sequence[Column], cells: Callable[[Row], Sequence[Cell]]
) -> Grid:
    """Return a table with one row per model, best first: its name, and the cells made of its row of the ranking."""
    looks, rows = assign_looks(ranking), []
    for row in rows_of(ranking.table):
        model = row["model"]
        name = Cell(text=words.marked_name(ranking, model), sort=model, look=looks[model])
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
    columns = [
        Column(title="rank", note="95 % interval of the rank over the resamples", first="ascending"),
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
    cells = partial(_ranking_cells, ranking, strips, assign_looks(ranking))
    grid = model_grid(f"By {name}, best first", ranking, columns, cells)
    # below each name, what kind of model it is
    named = [
        [replace(name, below=_kind(facts)), *cells]
        for (name, *cells), facts in zip(grid.rows, ranking.models.values(), strict=True)
    ]
    return replace(grid, rows=named, foot=strip_foot(grid.columns, strips))


def _kind(ranking: Ranking, model: str) -> str:
    """Return a model's kind, and its number of landmarks."""
    facts = ranking.models[model]
    return f"{facts.kind}, {facts.landmarks} points" if facts.landmarks else facts.kind


def _ranking_cells(ranking: Ranking, row: Row, strips: Strips, look: Look) -> list[Cell]:
    score = (row["headline"], row["headline_low"], row["headline_high"])
    noisy = [
        number(row["clean"]),
        Cell(text=percent(row["retention"], 1), sort=known(row["retention"])),
        replace(number(row["worst"]), below=str(row["worst_corruption"])),
    ]
    return [
        Cell(text=words.ranks(row), sort=float(row["rank"])),
        Cell(text=interval(*score), sort=known(row["headline"])),
        Cell(drawing=strips.row(*score, look)),
        Cell(text=chance(row["p_first"]), sort=known(row["p_first"])),
        Cell(text=row["group"], sort=row["group"]),
        *(noisy if ranking.families else []),
        count(row, "failures", "failure_share"),
        count(row, "anatomical_failures", "anatomical_share"),
        Cell(text=str(row["seeds"]), sort=float(row["seeds"])),
        number(row["seed_sd"], 4),
    ]


def measures_grid(ranking: Ranking, looks: Looks) -> Grid:
    """Return the other measures: phases, pooled Dice and the boundary, clean and noisy, and mean ranks."""
    clean = [
        ("dice_ed", "ED", "Dice on clean end-diastolic frames", 3),
        ("dice_es", "ES", "Dice on clean end-systolic frames", 3),
        (
            "dice_pooled",
            "pooled Dice",
            "one Dice over the pixels of all clean frames, as EchoNet-Dynamic's",
            3,
        ),
    ]
    boundary = [
        ("nsd1", "NSD 1 px", "share of the boundary within 1 px", 3),
        ("nsd2", "NSD 2 px", "share of the boundary within 2 px", 3),
        ("hd95", "HD95, px", "95th percentile of the boundary distance", 2),
        ("assd", "ASSD, px", "mean boundary distance", 2),
    ]
    noisy = [(f"{name}_noisy", f"{title}, noisy", note, places) for name, title, note, places in boundary]
    last = [("mean_rank", "mean rank", "mean over patients of the rank on each patient", 2)]
    shown = [*clean, *boundary, *(noisy if ranking.families else []), *last]
    smaller_is_better = ("hd95", "assd", "mean_rank")
    columns = [
        Column(
            title=title, note=note, first="ascending" if name.startswith(smaller_is_better) else "descending"
        )
        for name, title, note, _ in shown
    ]
    return model_grid(
        "Phases, pooled Dice and boundary distances",
        ranking,
        looks,
        columns,
        lambda row: [number(row[name], places) for name, *_, places in shown],
    )


def anatomy_grid(ranking: Ranking, looks: Looks) -> Grid:
    """Return how many masks are impossible, by what is wrong with them."""
    kinds = {
        "empty": "empty",
        "fragmented": "in pieces",
        "holed": "with holes",
        "apex_below_base": "apex below base",
    }
    return model_grid(
        "Anatomical failures, under all conditions and seeds",
        ranking,
        looks,
        [Column(title=title, first="ascending") for title in (*kinds.values(), "any of these")],
        lambda row: [
            *(Cell(text=str(int(row[name])), sort=float(row[name])) for name in kinds),
            count(row, "anatomical_failures", "anatomical_share"),
        ],
    )


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
                Cell(text=words.marked_name(ranking, row[name]), sort=row[name])
                for name in ("better", "worse")
            ),
            Cell(
                text=signed(row["difference"], row["difference_low"], row["difference_high"]),
                sort=known(row["difference"]),
            ),
            *(Cell(text=p_value(row[name]), sort=known(row[name])) for name in ("p", "p_holm")),
            Cell(text=chance(row["outperforms"]), sort=known(row["outperforms"])),
            number(row["mdd"], 4),
            Cell(text=row["verdict"], sort=row["verdict"]),
        ]
        for row in rows_of(ranking.pairs)
    ]
    return Grid(title="All pairs of models", columns=columns, rows=rows)
