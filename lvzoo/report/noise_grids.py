"""Builds the tables of the sections on noise: Dice by family and corruption, break points, masks or landmarks."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING

from lvzoo.report import words
from lvzoo.report.drawing import assign_looks
from lvzoo.report.formats import UNKNOWN, decimals, p_value, signed
from lvzoo.report.grids import Cell, Column, Grid, model_grid, number, strip_foot
from lvzoo.report.plots import Strips
from lvzoo.report.words import rows_of
from lvzoo.types.results import OWN_CLEAN, STANDARD, TRACKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lvzoo.report.words import Row
    from lvzoo.types.results import Ranking

SCOPES = {"overall": "all noise", "clean": "clean frames", "ED": "end-diastole", "ES": "end-systole"}

# --- The response to noise --------------------------------------------------------------------------------------


def family_grid(ranking: Ranking) -> Grid:
    """Return the Dice by family of corruptions; the mean over the families is the headline."""
    columns = [Column(title=family) for family in ranking.families]
    names = [f"family_{family}" for family in ranking.families]
    return model_grid("Dice by family", ranking, columns, lambda row: [number(row[name]) for name in names])


def corruption_grid(ranking: Ranking) -> Grid:
    """Return the Dice by corruption, each a mean over its severities."""
    noisy = ranking.response[ranking.response["severity"] > 0]
    means = rows_of(noisy.groupby(["model", "corruption"])["dice"].mean().reset_index())
    cells = {(row["model"], row["corruption"]): number(row["dice"]) for row in means}
    return _by_corruption("Dice by corruption, mean over severities", ranking, cells)


def break_grids(ranking: Ranking) -> list[Grid]:
    """Return one table per reference: the severity at which each model's Dice falls below it.

    The first is that of each model's own clean Dice, so it says something of every model.
    """
    titles = {OWN_CLEAN: "Break points: 5 % of a model's own clean Dice lost"} | {
        reference: f"Break points: below {words.reference_words(reference, level)}"
        for reference, level in ranking.references.items()
    }
    grids = []
    for reference, title in titles.items():
        rows = rows_of(ranking.breaks[ranking.breaks["reference"] == reference])
        most = max(ranking.severities)
        cells = {(row["model"], row["corruption"]): _break_cell(row["severity"], most=most) for row in rows}
        if cells:
            grids.append(_by_corruption(title, ranking, cells))
    return grids


def _break_cell(severity: float, *, most: int) -> Cell:
    """Return a break point; `>5` where the Dice never falls below the reference, up to the severity `most`."""
    if math.isnan(severity):
        return Cell(text=f">{most}", sort=most + 1.0)
    return Cell(text=f"{severity:.1f}" if severity > 0 else "clean", sort=severity)


def _by_corruption(title: str, ranking: Ranking, cells: Mapping[tuple[str, str], Cell]) -> Grid:
    """Return a table with one column per corruption, from the cells of models and corruptions."""
    names, unknown = words.corruptions(ranking), Cell(text=UNKNOWN)
    columns = [Column(title=name) for name in names]
    return model_grid(
        title, ranking, columns, lambda row: [cells.get((row["model"], name), unknown) for name in names]
    )


# --- Masks or landmarks -----------------------------------------------------------------------------------------


def contest_grids(ranking: Ranking) -> list[Grid]:
    """Return one table per track: the best mask against the best landmark model, one row per scope."""
    return grids_by_track(
        rows_of(ranking.contests), lambda rows, end: _contest_grid(ranking, rows, suffix=end)
    )


def grids_by_track(rows: list[Row], make: Callable[[list[Row], str], Grid]) -> list[Grid]:
    """Return one table per track that has rows. Each is made from its rows and from what ends its title."""
    by_track = {track: [row for row in rows if row["track"] == track] for track in TRACKS}
    found = {track: each for track, each in by_track.items() if each}
    name_track = list(found) != [STANDARD]
    return [make(each, f" ({track} track)" if name_track else "") for track, each in found.items()]


def _contest_grid(ranking: Ranking, rows: list[Row], *, suffix: str) -> Grid:
    mask, landmark = (words.marked_name(ranking, rows[0][kind]) for kind in ("mask", "landmark"))
    looks = assign_looks(ranking)
    _, lows, highs = zip(*(words.with_ends(row, "difference") for row in rows), strict=True)
    strips = Strips(lows, highs, margin=ranking.margin)
    columns = [
        Column(title="on", align="left"),
        Column(title=f"{mask} (mask)"),
        Column(title=f"{landmark} (landmark)"),
        Column(title="mask - landmark [95 % CI]"),
        Column(title="landmark better | mask better", align="centre"),
        Column(title="p (Holm)"),
        Column(title="winner", align="left"),
    ]
    cells = []
    for row in rows:
        difference = words.with_ends(row, "difference")
        better = row["mask" if row["difference"] > 0 else "landmark"]
        cells.append(
            [
                Cell(text=_scope(ranking, row["scope"])),
                Cell(text=decimals(row["mask_dice"])),
                Cell(text=decimals(row["landmark_dice"])),
                Cell(text=signed(*difference)),
                Cell(drawing=strips.row(*difference, looks[better])),
                Cell(text=p_value(row["p_holm"])),
                Cell(text=row["winner"]),
            ]
        )
    title, foot = f"{mask} against {landmark}{suffix}", strip_foot(columns, strips)
    return Grid(title=title, columns=columns, rows=cells, foot=foot)


def _scope(ranking: Ranking, scope: str) -> str:
    """Return the words for a scope of the contests; without noise, the overall scope is the clean frames."""
    if scope in ranking.families:
        return f"{scope} noise"
    return SCOPES["clean" if scope == "overall" and not ranking.families else scope]


def ceiling_grid(ranking: Ranking) -> Grid | None:
    """Return the Dice that perfect landmarks would get, beside what each model gets; None without landmarks."""

    def cells(row: Row) -> list[Cell]:
        ceiling = ranking.models[row["model"]].ceiling
        best = [ceiling.get(scope, math.nan) for scope in ("all", "ED", "ES")]
        return [number(row["clean"]), *map(number, best), number(best[0] - row["clean"])]

    titles = ("clean", "ceiling", "ceiling, ED", "ceiling, ES", "to the ceiling")
    columns = [Column(title=title) for title in titles]
    grid = model_grid("What perfect landmarks would get", ranking, columns, cells)
    known = [bool(ranking.models[model].ceiling) for model in ranking.table["model"]]
    rows = list(compress(grid.rows, known))
    return replace(grid, rows=rows) if rows else None
