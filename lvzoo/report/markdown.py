"""Writes the ranking as Markdown, for a documentation page, an issue or a paper's supplement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lvzoo.errors import one_line
from lvzoo.report import words
from lvzoo.report.across import STRIPS, across_grids
from lvzoo.report.across_words import across_lines, across_notes
from lvzoo.report.answer import answer, contests
from lvzoo.report.costs import cost_grid
from lvzoo.report.ejection import ejection_lines, order_lines, shows_ef
from lvzoo.report.ejection_grids import ejection_grids, sharing_grid
from lvzoo.report.experts import expert_grid, expert_lines
from lvzoo.report.grids import ranking_grid
from lvzoo.report.noise_grids import ceiling_grid
from lvzoo.types.answer import NO_MEDICAL_DEVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.report.grids import Cell, Grid
    from lvzoo.types.results import Study

LEFT_OUT: Final = ("95 % interval", STRIPS, "what it is")
"""Columns that are not written: drawings, and the summaries that `lvzoo list` prints."""
SIDES: Final = {"left": ":--", "right": "--:", "centre": ":-:"}


def markdown(study: Study) -> str:
    """Return the answer, the ranking, the ceilings, the ejection fractions, the costs, and what the numbers rest on.

    The sentences and numbers are those of the HTML report; its drawings and frames are left out.
    """
    ranking = study.ranking
    grids = (
        ranking_grid(ranking),
        ceiling_grid(ranking),
        *ejection_grids(ranking),
        sharing_grid(ranking),
        expert_grid(study),
        *across_grids(study),
        cost_grid(ranking),
    )
    tables = [_table(grid.without(*LEFT_OUT)) for grid in grids if grid is not None]
    return "\n\n".join((f"**{_plain(answer(study))}**", *tables, "\n".join(_lines(study)))) + "\n"


def _lines(study: Study) -> Iterator[str]:
    """Yield the lines of the list below the tables."""
    ranking = study.ranking
    lines = (
        words.data_line(study.source),
        *([f"data options: {options}"] if (options := words.options_words(study)) else []),
        *words.exclusions_line(study.source),
        *contests(ranking),
        *expert_lines(study),
        *across_lines(study),
        *across_notes(study),
        *ejection_lines(study),
        *([NO_MEDICAL_DEVICE] if shows_ef(ranking) else []),
        *(f"caution: {caution.text}" for caution in ranking.warnings),
        words.columns_line(ranking),
        *words.caption(ranking),
        *order_lines(ranking),
        f"recipe: {words.recipe_words(study.recipe)}",
        *(f"failed: {name}: {reason}" for name, reason in study.failed.items()),
        *([study.missing] if study.missing else []),
    )
    yield from (f"- {_plain(line)}" for line in lines)


def table_lines(grid: Grid) -> list[str]:
    """Return a table's head, rule and rows as lines of Markdown; its title and foot are left out."""
    head = [_plain(column.title) for column in grid.columns]
    rule = [SIDES[column.align] for column in grid.columns]
    rows = [[_cell(cell) for cell in row] for row in grid.rows]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def _table(grid: Grid) -> str:
    return "\n".join((f"**{_plain(grid.title)}**", "", *table_lines(grid)))


def _cell(cell: Cell) -> str:
    return _plain(f"{cell.text} ({cell.below})" if cell.below else cell.text)


def _plain(text: str) -> str:
    """Return text on one line, escaped for Markdown; a plugin's text may contain any character."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_|<>[]#" else letter for letter in text)
    return one_line(escaped)
