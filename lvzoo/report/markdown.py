"""The ranking as Markdown, to stand in a page of documentation, in an issue or in a paper's supplement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lvzoo.report import words
from lvzoo.report.costs import cost_grid
from lvzoo.report.drawing import looks
from lvzoo.report.grids import ranking_grid
from lvzoo.report.noise_grids import ceiling_grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.report.grids import Cell, Grid
    from lvzoo.types.results import Study

LEFT_OUT: Final = ("95 % interval", "what it is")
"""A drawing, and what `lvzoo list` tells."""
SIDES: Final = {"left": ":--", "right": "--:", "centre": ":-:"}


def markdown(study: Study) -> str:
    """Return the answer, the ranking, the ceilings, the costs, and what all of it rests on.

    The words and the numbers are those of the report in HTML; its drawings and its frames are left out.
    """
    ranking = study.ranking
    look = looks(ranking)
    grids = (ranking_grid(ranking, look), ceiling_grid(ranking, look), cost_grid(ranking, look))
    tables = [_table(grid.without(*LEFT_OUT)) for grid in grids if grid is not None]
    return "\n\n".join((f"**{_plain(words.answer(study))}**", *tables, "\n".join(_lines(study)))) + "\n"


def _lines(study: Study) -> Iterator[str]:
    """Yield a list of what must be known beside the tables, line by line."""
    ranking = study.ranking
    known = (
        words.data_line(study.source),
        *words.exclusions_line(study.source),
        *words.contests(ranking),
        *(f"caution: {caution.text}" for caution in ranking.warnings),
        words.columns_line(ranking),
        *words.caption(ranking),
        f"recipe: {words.recipe_words(study.recipe)}",
        *(f"failed: {name}: {reason}" for name, reason in study.failed.items()),
    )
    yield from (f"- {_plain(line)}" for line in known)


def table_lines(grid: Grid) -> list[str]:
    """Return a table's head, rule and rows as lines of Markdown, without its title and foot."""
    head = [_plain(column.title) for column in grid.columns]
    rule = [SIDES[column.align] for column in grid.columns]
    rows = [[_cell(cell) for cell in row] for row in grid.rows]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def _table(grid: Grid) -> str:
    return "\n".join((f"**{_plain(grid.title)}**", "", *table_lines(grid)))


def _cell(cell: Cell) -> str:
    return _plain(f"{cell.text} ({cell.below})" if cell.below else cell.text)


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line; a plugin's words may hold anything."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_|<>[]#" else letter for letter in text)
    return " ".join(escaped.split())
