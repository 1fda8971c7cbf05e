"""Prints the ranking as a table in the terminal, and writes all tables as CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lvzoo.files import atomic_file
from lvzoo.report import words
from lvzoo.report.answer import contests
from lvzoo.report.formats import count_and_share, decimals, interval, number_of, percent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from lvzoo.types.results import Ranking, Study

NARROWEST: Final = 80
RANKING: Final = "ranking.csv"
TABLES: Final = "tables"
"""The folder of all tables except the ranking."""
CASES: Final = "challenge.csv"
NOTE: Final = "challenge.txt"


def print_study(study: Study, *, console: Console | None = None) -> None:
    """Print a ranking that fits into 80 columns, and below it the cautions and what the numbers rest on.

    It goes to stdout unless another console is given, as plain text if that is not a terminal.
    """
    console = console or Console()
    console.width = max(console.width, NARROWEST)  # narrower, columns would be cut and numbers lost
    console.print(_table(study.ranking))
    for line in _lines(study):
        console.print(line, highlight=False, markup=False)


def write_tables(study: Study, folder: Path) -> None:
    """Write every table of a ranking as CSV at full precision: ranking.csv, and the others in tables/.

    Each row names its data and suite, whether the data are synthetic, and whether only part of the suite was run.
    challenge.csv can have no columns beside those that challengeR reads, so a note beside it, challenge.txt, says
    the same.
    """
    ranking = study.ranking
    _write_csv(study, ranking.table, folder / RANKING)
    for name in ("pairs", "response", "breaks", "contests"):
        _write_csv(study, getattr(ranking, name), folder / TABLES / f"{name}.csv")
    with atomic_file(folder / TABLES / CASES) as temporary:
        ranking.cases.to_csv(temporary, index=False)
    with atomic_file(folder / TABLES / NOTE) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in _note(study)), encoding="utf-8")


def _write_csv(study: Study, table: pd.DataFrame, path: Path) -> None:
    labelled = table.assign(
        data=study.source.name,
        synthetic=study.source.synthetic,
        suite=study.ranking.suite,
        partial=study.ranking.partial,
    )
    with atomic_file(path) as temporary:
        labelled.to_csv(temporary, index=False)


def _note(study: Study) -> Iterator[str]:
    """Yield the lines of the note beside challenge.csv."""
    ranking = study.ranking
    yield f"{CASES}: Dice by task, model (algorithm) and patient (case), for the R package challengeR"
    yield f"{words.data_line(study.source)}; {number_of(ranking.patients, 'patient')}"
    yield from words.headline_line(ranking)
    yield from (f"caution: {caution.text}" for caution in ranking.warnings)


def _lines(study: Study) -> Iterator[str]:
    """Yield the lines below the table."""
    ranking = study.ranking
    yield from contests(ranking)
    yield from (f"caution: {caution.text}" for caution in ranking.warnings)
    yield words.columns_line(ranking)
    yield from words.caption(ranking)
    yield from words.exclusions_line(study.source)
    yield words.data_line(study.source)


def _table(ranking: Ranking) -> Table:
    noisy = bool(ranking.families)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("model", overflow="fold")
    table.add_column(f"{words.headline(ranking)} [95 % CI]", justify="right", no_wrap=True)
    table.add_column("group", no_wrap=True)
    for name in (*(["clean", "kept"] if noisy else ["ED", "ES"]), "failures"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in words.rows_of(ranking.table):
        beside = (
            (decimals(row["clean"]), percent(row["retention"]))
            if noisy
            else (decimals(row["dice_ed"]), decimals(row["dice_es"]))
        )
        table.add_row(
            words.ranks(row),
            Text(words.marked_name(ranking, row["model"])),
            interval(*words.with_ends(row, "headline")),
            Text(row["group"]),
            *beside,
            count_and_share(row["failures"], row["failure_share"]),
        )
    return table
