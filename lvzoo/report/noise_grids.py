"""The tables of the sections on noise: Dice by family and corruption, break points, masks or landmarks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lvzoo.report import words
from lvzoo.report.formats import decimals, p_value, signed
from lvzoo.report.grids import MODEL, Cell, Column, Grid, model_cell, number
from lvzoo.report.plots import Strips
from lvzoo.report.words import rows_of
from lvzoo.types.results import TRACKS

if TYPE_CHECKING:
    import pandas as pd

    from lvzoo.report.grids import Looks
    from lvzoo.report.words import Row
    from lvzoo.types.results import Ranking

SCOPES = {
    "overall": "all noise",
    "clean": "clean frames",
    "ED": "end-diastole",
    "ES": "end-systole",
}


def family_grid(ranking: Ranking, looks: Looks) -> Grid:
    """Return the Dice by family of corruptions: their mean is the headline."""
    columns = [Column(title=family) for family in ranking.families]
    rows = [
        [
            model_cell(ranking, row["model"], looks),
            *(number(row[f"family_{family}"]) for family in ranking.families),
        ]
        for row in rows_of(ranking.table)
    ]
    return Grid(title="Dice by family", columns=[MODEL, *columns], rows=rows)


def corruption_grid(ranking: Ranking, looks: Looks) -> Grid:
    """Return the Dice by corruption, each a mean over its severities."""
    noisy = ranking.response[ranking.response["severity"] > 0]
    dice = noisy.groupby(["model", "corruption"])["dice"].mean().to_dict()
    corruptions = [name for names in ranking.families.values() for name in names]
    rows = [
        [
            model_cell(ranking, model, looks),
            *(number(dice.get((model, name), math.nan)) for name in corruptions),
        ]
        for model in looks
    ]
    columns = [Column(title=name) for name in corruptions]
    return Grid(title="Dice by corruption, mean over severities", columns=[MODEL, *columns], rows=rows)


def break_grids(ranking: Ranking, looks: Looks) -> list[Grid]:
    """Return, for each reference, the severity at which each model's Dice falls below it."""
    grids = []
    for reference, level in ranking.references.items():
        part = ranking.breaks[ranking.breaks["reference"] == reference]
        if not part.empty:
            grids.append(
                _break_grid(
                    ranking, part, looks, f"Break points: below {words.reference_words(reference, level)}"
                )
            )
    return grids


def _break_grid(ranking: Ranking, part: pd.DataFrame, looks: Looks, title: str) -> Grid:
    points = {(row["model"], row["corruption"]): row["severity"] for row in rows_of(part)}
    corruptions = [name for names in ranking.families.values() for name in names]
    rows = [
        [
            model_cell(ranking, model, looks),
            *(_break_cell(ranking, points.get((model, name))) for name in corruptions),
        ]
        for model in looks
    ]
    return Grid(title=title, columns=[MODEL, *(Column(title=name) for name in corruptions)], rows=rows)


def _break_cell(ranking: Ranking, severity: float | None) -> Cell:
    if severity is None:
        return Cell(text="-")
    most = max(ranking.severities)
    if math.isnan(severity):
        return Cell(text=f">{most}", sort=most + 1.0)
    return Cell(text=f"{severity:.1f}" if severity > 0 else "clean", sort=float(severity))


def contest_grids(ranking: Ranking, looks: Looks) -> list[Grid]:
    """Return, for each track, the best mask against the best landmark model, scope by scope."""
    tables = {
        track: rows
        for track in TRACKS
        if (rows := [row for row in rows_of(ranking.contests) if row["track"] == track])
    }
    several = len(tables) > 1 or "standard" not in tables
    return [_contest_grid(ranking, track, rows, looks, named=several) for track, rows in tables.items()]


def _contest_grid(ranking: Ranking, track: str, rows: list[Row], looks: Looks, *, named: bool) -> Grid:
    first = rows[0]
    mask, landmark = (words.marked(ranking, first[kind]) for kind in ("mask", "landmark"))
    lows = [row["difference_low"] for row in rows]
    highs = [row["difference_high"] for row in rows]
    strips = Strips(lows, highs, margin=ranking.margin)
    columns = [
        Column(title="on", align="left", first=None),
        Column(title=f"{mask} (mask)", first=None),
        Column(title=f"{landmark} (landmark)", first=None),
        Column(title="mask - landmark [95 % CI]", first=None),
        Column(title="landmark better | mask better", align="centre", first=None),
        Column(title="p (Holm)", first=None),
        Column(title="winner", align="left", first=None),
    ]
    cells = []
    for row in rows:
        difference = (row["difference"], row["difference_low"], row["difference_high"])
        cells.append(
            [
                Cell(text=_scope(ranking, row["scope"])),
                Cell(text=decimals(row["mask_dice"])),
                Cell(text=decimals(row["landmark_dice"])),
                Cell(text=signed(*difference)),
                Cell(
                    drawing=strips.row(
                        *difference, looks[row["mask" if row["difference"] > 0 else "landmark"]]
                    )
                ),
                Cell(text=p_value(row["p_holm"])),
                Cell(text=row["winner"]),
            ]
        )
    foot = [Cell() for _ in columns]
    foot[4] = Cell(drawing=strips.axis())
    title = f"{mask} against {landmark}{f' ({track} track)' if named else ''}"
    return Grid(title=title, columns=columns, rows=cells, foot=foot)


def _scope(ranking: Ranking, scope: str) -> str:
    if scope in ranking.families:
        return f"{scope} noise"
    return SCOPES.get(scope, scope) if ranking.families or scope != "overall" else SCOPES["clean"]


def ceiling_grid(ranking: Ranking, looks: Looks) -> Grid | None:
    """Return the Dice that perfect landmarks would get, beside what each model gets; None without landmarks."""
    rows = []
    for row in rows_of(ranking.table):
        ceiling = ranking.models[row["model"]].ceiling
        if ceiling:
            best = [ceiling.get(scope, math.nan) for scope in ("all", "ED", "ES")]
            rows.append(
                [
                    model_cell(ranking, row["model"], looks),
                    number(row["clean"]),
                    *(number(value) for value in best),
                    number(best[0] - row["clean"]),
                ]
            )
    titles = ("clean", "ceiling", "ceiling, ED", "ceiling, ES", "to the ceiling")
    columns = [MODEL, *(Column(title=title) for title in titles)]
    return Grid(title="What perfect landmarks would get", columns=columns, rows=rows) if rows else None
