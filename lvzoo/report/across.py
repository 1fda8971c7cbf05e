"""Builds the tables on other data sets and on picture quality, for the reports, the terminal and CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table
from rich.text import Text

from lvzoo.files import atomic_file
from lvzoo.report import words
from lvzoo.report.across_words import (
    describe_set,
    group_targets,
    head_of,
    marks_of,
    name_target,
    signed_tau,
    tells_orders,
)
from lvzoo.report.drawing import assign_looks
from lvzoo.report.formats import (
    UNKNOWN,
    decimals,
    interval,
    known,
    known_interval,
    number_of,
    p_value,
    signed,
)
from lvzoo.report.grids import Cell, Column, Grid, model_grid, strip_foot, text_column
from lvzoo.report.plots import Strips
from lvzoo.report.words import rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.report.words import Row
    from lvzoo.types.across import AcrossResults
    from lvzoo.types.results import Ranking, Study

ACROSS: Final = "across.csv"
"""The table of models by test sets, in the folder of the report."""
FURTHER: Final = {
    "contests": "across_contests.csv",
    "qualities": "across_qualities.csv",
    "orders": "across_orders.csv",
}
"""The files of the other fields of `AcrossResults`, among the tables."""
STRIPS: Final = "landmark better | mask better"
"""The title of the column of drawings."""
WIDEST_SET: Final = 18
"""Characters of the column of sets in the terminal; "(home, synthetic)" has 17."""
SCOPES: Final = {"overall": "all noise", "clean": "clean frames"}


def across_grids(study: Study) -> list[Grid]:
    """Return the tables that are there: Dice by set, masks against landmarks, Dice by quality, and the orders."""
    across, ranking = study.across, study.ranking
    if across is None:
        return []
    makers = (set_grids, contest_grid, quality_grids, order_grid)
    return [grid for make in makers for grid in make(ranking, across)]


def _measures(ranking: Ranking) -> dict[str, str]:
    """Return the measures that are shown, with their names; without noise there is only clean Dice."""
    clean = {"clean": "clean Dice"}
    return {**clean, "headline": words.headline(ranking)} if ranking.families else clean


# --- Models by test sets ----------------------------------------------------------------------------------------


def set_grids(ranking: Ranking, across: AcrossResults) -> list[Grid]:
    """Return one table of models by sets for each measure, with the drop from home below each number."""
    if not across.strange:
        return []
    return [_set_grid(ranking, across, measure, name) for measure, name in _measures(ranking).items()]


def _set_grid(ranking: Ranking, across: AcrossResults, measure: str, name: str) -> Grid:
    found = {(row["set"], row["model"]): row for row in rows_of(across.table)}
    columns = [Column(title=head_of(each), note=describe_set(each)) for each in across.sets]

    def cells(row: Row) -> list[Cell]:
        return [_dice_cell(found.get((each.name, row["model"])), measure) for each in across.sets]

    title = f"{name[0].upper() if measure == 'clean' else name[0]}{name[1:]} on each test set [95 % CI]"
    return model_grid(title, ranking, columns, cells)


def _dice_cell(row: Row | None, measure: str) -> Cell:
    if row is None:
        return Cell(text=UNKNOWN)
    drop = "" if row["home"] else f"drop {signed(*words.with_ends(row, f'{measure}_drop'))}"
    return Cell(text=interval(*words.with_ends(row, measure)), sort=known(row[measure]), below=drop)


# --- Masks or landmarks -----------------------------------------------------------------------------------------


def contest_grid(ranking: Ranking, across: AcrossResults) -> list[Grid]:
    """Return the table of the mask and the landmark model that lead at home, on each set."""
    rows = rows_of(across.contests)
    if not across.strange or all(row["home"] for row in rows):
        return []
    looks, heads = assign_looks(ranking), {each.name: head_of(each) for each in across.sets}
    ends = [words.with_ends(row, "difference") for row in rows]
    strips = Strips([low for _, low, _ in ends], [high for *_, high in ends], margin=ranking.margin)
    columns = [
        text_column("on"),
        text_column("frames"),
        text_column("mask"),
        text_column("landmark"),
        Column(title="mask - landmark [95 % CI]"),
        Column(title=STRIPS, align="centre", first=None),
        Column(title="against home", note="the difference here minus the difference at home [95 % CI]"),
        Column(title="p (Holm)", first="ascending"),
        text_column("winner"),
    ]
    cells = []
    for row, difference in zip(rows, ends, strict=True):
        better = row["mask" if row["difference"] > 0 else "landmark"]
        cells.append(
            [
                Cell(text=heads[row["set"]], sort=row["set"]),
                Cell(text=_scope(ranking, row["scope"])),
                *(Cell(text=words.marked_name(ranking, row[kind])) for kind in ("mask", "landmark")),
                Cell(text=signed(*difference), sort=known(row["difference"])),
                Cell(drawing=strips.row(*difference, looks[better])),
                Cell(text=signed(*words.with_ends(row, "change")), sort=known(row["change"])),
                Cell(text=p_value(row["p_holm"]), sort=known(row["p_holm"])),
                Cell(text=row["winner"]),
            ]
        )
    title = "Masks against landmarks: the models that lead at home, on each test set"
    return [Grid(title=title, columns=columns, rows=cells, foot=strip_foot(columns, strips))]


def _scope(ranking: Ranking, scope: str) -> str:
    return SCOPES[scope if ranking.families else "clean"]


# --- Picture quality --------------------------------------------------------------------------------------------


def quality_grids(ranking: Ranking, across: AcrossResults) -> list[Grid]:
    """Return one table per set that grades its pictures: models by quality."""
    grids = []
    for each in across.sets:
        rows = rows_of(across.qualities[across.qualities["set"] == each.name])
        if rows:
            where = f" on {head_of(each)}" if across.strange else ""
            grids.append(_quality_grid(ranking, where, rows))
    return grids


def _quality_grid(ranking: Ranking, where: str, rows: list[Row]) -> Grid:
    patients = {row["quality"]: row["patients"] for row in rows}
    found = {(row["quality"], row["model"]): row for row in rows}
    columns = [
        Column(title=f"{quality}, {number_of(count, 'patient')}", note="patients with such a picture")
        for quality, count in patients.items()
    ]

    def cells(row: Row) -> list[Cell]:
        return [_quality_cell(ranking, found.get((quality, row["model"]))) for quality in patients]

    title = f"Clean Dice by picture quality{where} [95 % CI]"
    return model_grid(title, ranking, columns, cells)


def _quality_cell(ranking: Ranking, row: Row | None) -> Cell:
    if row is None:
        return Cell(text=UNKNOWN)
    below = f"{words.headline(ranking)} {decimals(row['headline'])}" if ranking.families else ""
    return Cell(text=known_interval(*words.with_ends(row, "clean")), sort=known(row["clean"]), below=below)


# --- The order of the models ------------------------------------------------------------------------------------


def order_grid(ranking: Ranking, across: AcrossResults) -> list[Grid]:
    """Return the table that says whether the order at home, or on all pictures, tells the order elsewhere."""
    if not tells_orders(across):
        return []
    noisy = bool(ranking.families)
    where = "at home" if across.strange else "on all pictures"
    columns = [
        text_column("order of clean Dice"),
        *([Column(title=f"tau of {words.headline(ranking)} {where}", first=None)] if noisy else []),
        Column(title=f"tau of clean Dice {where}", first=None),
        *([Column(title="difference [95 % CI]", first=None)] if noisy else []),
        Column(title="models"),
    ]
    rows = []
    for each in group_targets(across):
        clean = each["clean"]
        target = name_target(clean)
        headline = each.get("headline", clean)
        rows.append(
            [
                Cell(text=target, sort=target),
                *([Cell(text=signed_tau(headline))] if noisy else []),
                Cell(text=signed_tau(clean)),
                *([Cell(text=signed_tau(headline, "advantage"))] if noisy else []),
                Cell(text=str(clean["models"]), sort=float(clean["models"])),
            ]
        )
    elsewhere = "elsewhere" if across.strange else "on poor ones"
    return [Grid(title=f"Does the order {where} tell the order {elsewhere}?", columns=columns, rows=rows)]


# --- The terminal and the files ---------------------------------------------------------------------------------


def across_table(study: Study) -> Table | None:
    """Return the table of sets and models for the terminal, in 80 columns; None if there is no other set."""
    across, ranking = study.across, study.ranking
    if across is None or not across.strange:
        return None
    noisy = bool(ranking.families)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("test set", overflow="fold", max_width=WIDEST_SET)
    table.add_column("model", overflow="fold")
    for name in ("clean [95 % CI]", "drop", *([words.headline(ranking)] if noisy else [])):
        table.add_column(name, justify="right", no_wrap=True)
    for each in across.sets:
        rows = rows_of(across.table[across.table["set"] == each.name])
        heads = [each.name, marks_of(each)] if len(rows) > 1 else [head_of(each)]
        for number, row in enumerate(rows):
            table.add_row(
                Text(heads[number] if number < len(heads) else "", style="bold"),
                Text(words.marked_name(ranking, row["model"])),
                interval(*words.with_ends(row, "clean")),
                "" if each.home else f"{row['clean_drop']:+.3f}",
                *([decimals(row["headline"])] if noisy else []),
            )
    return table


def write_across(study: Study, folder: Path, tables: Path) -> None:
    """Write across.csv and the other tables as CSV, or remove those of an earlier report if there are none now."""
    across, ranking = study.across, study.ranking
    if across is None:
        for path in (folder / ACROSS, *(tables / name for name in FURTHER.values())):
            path.unlink(missing_ok=True)
        return
    source_of = {each.name: each.source for each in across.sets}
    for field, path in {
        "table": folder / ACROSS,
        **{each: tables / name for each, name in FURTHER.items()},
    }.items():
        table = getattr(across, field)
        sources = [source_of[name] for name in table["set"]]
        labelled = table.assign(
            data=[source.name for source in sources],
            synthetic=[source.synthetic for source in sources],
            suite=ranking.suite,
            partial=ranking.partial,
        )
        with atomic_file(path) as temporary:
            labelled.to_csv(temporary, index=False)
