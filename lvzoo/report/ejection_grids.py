"""Builds the tables on the ejection fraction (EF). Its errors are in points: percent minus percent."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lvzoo.report import words
from lvzoo.report.drawing import assign_looks
from lvzoo.report.ejection import OVERALL, scope_rows, under
from lvzoo.report.formats import UNKNOWN, decimals, known, p_value, percent, signed_points
from lvzoo.report.grids import Cell, Column, Grid, model_grid, number, points_cell, strip_foot
from lvzoo.report.noise_grids import grids_by_track
from lvzoo.report.plots import Strips
from lvzoo.report.words import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.report.words import Row
    from lvzoo.types.ejection import EFReference, EjectionResults
    from lvzoo.types.results import Ranking

CLEAN: Final = "clean"
SUFFIX: Final[Mapping[EFReference, str]] = {"tracings": "", "listed": "_listed"}
AGAINST: Final[Mapping[EFReference, str]] = {
    "tracings": "the EF of the tracings",
    "listed": "the EF that the data set lists",
}
SHORT: Final[Mapping[EFReference, str]] = {"tracings": "tracings", "listed": "listed EF"}


def ejection_grids(ranking: Ranking) -> list[Grid]:
    """Return one table per reference: error under noise and on clean frames, bias, limits of agreement, r."""
    ejection = ranking.ejection
    if ejection is None or not ejection.known:
        return []
    return [_reference_grid(ranking, ejection, reference) for reference in ejection.references]


def _reference_grid(ranking: Ranking, ejection: EjectionResults, reference: EFReference) -> Grid:
    end, noisy = SUFFIX[reference], bool(ranking.families)
    clean = _by_model(ejection, CLEAN if noisy else OVERALL)
    overall = _by_model(ejection, OVERALL)
    looks = assign_looks(ranking)
    ends = [(row[f"mae{end}_low"], row[f"mae{end}_high"]) for row in overall.values()]
    strips = Strips([low for low, _ in ends], [high for _, high in ends], places=1)
    columns = [
        Column(title="error", note=f"mean absolute error in points {under(ranking)}", first="ascending"),
        Column(title="95 % interval", align="centre", first=None),
        *([Column(title="clean", note="the same on clean frames", first="ascending")] if noisy else []),
        Column(title="bias, clean", note="mean error on clean frames: predicted minus reference"),
        Column(title="limits of agreement", note="bias ± 1.96 SD of the errors on clean frames", first=None),
        Column(title="r, clean", note="Pearson's correlation on clean frames"),
        *(
            [
                Column(title="bias, noisy", note="mean error under noise"),
                Column(title="r, noisy", note="correlation over all patients and conditions"),
            ]
            if noisy
            else []
        ),
        Column(title="patients"),
    ]

    def cells(row: Row) -> list[Cell]:
        model = row["model"]
        if model not in overall:
            return [Cell(text=UNKNOWN) for _ in columns]
        mean, calm = overall[model], clean[model]
        return [
            points_cell(mean, f"mae{end}"),
            Cell(drawing=strips.row(*words.with_ends(mean, f"mae{end}"), looks[model])),
            *([points_cell(calm, f"mae{end}")] if noisy else []),
            _signed_cell(calm, f"bias{end}"),
            Cell(text=_limits_of(calm, end)),
            _r_cell(calm, f"r{end}"),
            *([_signed_cell(mean, f"bias{end}"), _r_cell(mean, f"r{end}")] if noisy else []),
            Cell(text=str(mean[f"n{end}"]), sort=float(mean[f"n{end}"])),
        ]

    grid = model_grid(f"EF against {AGAINST[reference]}, in points", ranking, columns, cells)
    return replace(grid, foot=strip_foot(grid.columns, strips))


def sharing_grid(ranking: Ranking) -> Grid | None:
    """Return what ED and ES have in common, how many EF are impossible, and what perfect predictions would get."""
    ejection = ranking.ejection
    if ejection is None or not ejection.known:
        return None
    noisy = bool(ranking.families)
    clean, overall = _by_model(ejection, CLEAN if noisy else OVERALL), _by_model(ejection, OVERALL)
    columns = [
        Column(title="in common, clean", note="share of the size error that ED and ES have in common"),
        *([Column(title="in common, noisy", note="the same under noise")] if noisy else []),
        Column(
            title="failed",
            note="share of EF that could not be computed or lay outside of 0 to 100 %",
            first="ascending",
        ),
        Column(
            title="perfect", note="error of a perfect prediction of this kind, in points", first="ascending"
        ),
        Column(
            title="to perfect",
            note="error on clean frames minus that of a perfect prediction",
            first="ascending",
        ),
    ]

    def cells(row: Row) -> list[Cell]:
        model = row["model"]
        if model not in overall:
            return [Cell(text=UNKNOWN) for _ in columns]
        mean, calm = overall[model], clean[model]
        return [
            _share_cell(calm),
            *([_share_cell(mean)] if noisy else []),
            Cell(text=percent(mean["failed"], 1), sort=known(mean["failed"])),
            number(mean["perfect_mae"], 1),
            number(calm["mae"] - mean["perfect_mae"], 1),
        ]

    return model_grid("What cancels in EF, and what perfect predictions would get", ranking, columns, cells)


def family_grid(ranking: Ranking) -> Grid:
    """Return the EF error by family of corruptions, against the tracings."""
    ejection = ranking.ejection
    by_family = {
        family: {} if ejection is None else _by_model(ejection, family) for family in ranking.families
    }
    columns = [Column(title=family, first="ascending") for family in ranking.families]

    def cells(row: Row) -> list[Cell]:
        return [
            number(found[row["model"]]["mae"], 1) if row["model"] in found else Cell(text=UNKNOWN)
            for found in by_family.values()
        ]

    return model_grid("EF error by family, in points", ranking, columns, cells)


def contest_grids(ranking: Ranking) -> list[Grid]:
    """Return one table per track: the mask against the landmark model with the smallest EF error."""
    ejection = ranking.ejection
    rows = [] if ejection is None else rows_of(ejection.contests)
    return grids_by_track(rows, lambda each, end: _contest_grid(ranking, each, suffix=end))


def _contest_grid(ranking: Ranking, rows: list[Row], *, suffix: str) -> Grid:
    mask, landmark = (words.marked_name(ranking, rows[0][kind]) for kind in ("mask", "landmark"))
    looks = assign_looks(ranking)
    ejection = ranking.ejection
    margin = 0.0 if ejection is None else ejection.margin
    _, lows, highs = zip(*(words.with_ends(row, "difference") for row in rows), strict=True)
    strips = Strips(lows, highs, margin=margin, places=1)
    columns = [
        Column(title="on", align="left"),
        Column(title="against", align="left"),
        Column(title=f"{mask} (mask)"),
        Column(title=f"{landmark} (landmark)"),
        Column(title="mask - landmark [95 % CI]"),
        Column(title="mask better | landmark better", align="centre"),
        Column(title="p (Holm)"),
        Column(title="winner", align="left"),
    ]
    cells = []
    for row in rows:
        difference = words.with_ends(row, "difference")
        better = row["mask"] if difference[0] < 0 else row["landmark"]
        on = "all noise" if row["scope"] == OVERALL and ranking.families else "clean frames"
        cells.append(
            [
                Cell(text=on),
                Cell(text=SHORT[row["reference"]]),
                Cell(text=decimals(row["mask_mae"], 1)),
                Cell(text=decimals(row["landmark_mae"], 1)),
                Cell(text=signed_points(*difference)),
                Cell(drawing=strips.row(*difference, looks[better])),
                Cell(text=p_value(row["p_holm"])),
                Cell(text=row["winner"]),
            ]
        )
    title = f"EF error: {mask} against {landmark}{suffix}"
    return Grid(title=title, columns=columns, rows=cells, foot=strip_foot(columns, strips))


# --- Rows and cells ---------------------------------------------------------------------------------------------


def _by_model(ejection: EjectionResults, scope: str) -> dict[str, Row]:
    return {row["model"]: row for row in scope_rows(ejection, scope)}


def _signed_cell(row: Row, name: str) -> Cell:
    value, low, high = words.with_ends(row, name)
    ends = "" if math.isnan(low) else f"{low:+.1f} to {high:+.1f}"
    return Cell(text=UNKNOWN if math.isnan(value) else f"{value:+.1f}", sort=known(value), below=ends)


def _r_cell(row: Row, name: str) -> Cell:
    value, low, high = words.with_ends(row, name)
    ends = "" if math.isnan(low) else f"{decimals(low, 2)} to {decimals(high, 2)}"
    return Cell(text=decimals(value, 2), sort=known(value), below=ends)


def _share_cell(row: Row) -> Cell:
    value, low, high = words.with_ends(row, "shared")
    ends = "" if math.isnan(low) else f"{percent(low)} to {percent(high)}"
    return Cell(text=percent(value), sort=known(value), below=ends)


def _limits_of(row: Row, end: str) -> str:
    low, high = row[f"lower_limit{end}"], row[f"upper_limit{end}"]
    return UNKNOWN if math.isnan(low) else f"{low:+.1f} to {high:+.1f}"
