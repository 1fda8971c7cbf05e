"""Prints the ranking as a table in the terminal, and writes all tables as CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lvzoo.files import atomic_file
from lvzoo.report import words
from lvzoo.report.across import across_table, write_across
from lvzoo.report.across_words import terminal_lines
from lvzoo.report.answer import contests
from lvzoo.report.ejection import OVERALL, ejection_lines, order_lines, scope_rows
from lvzoo.report.experts import expert_lines
from lvzoo.report.formats import UNKNOWN, count_and_share, decimals, interval, number_of, percent
from lvzoo.types.answer import NO_MEDICAL_DEVICE

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
EF_TABLES: Final = {
    "table": "ef.csv",
    "response": "ef_response.csv",
    "contests": "ef_contests.csv",
    "cases": "ef_cases.csv",
}
"""The files of the fields of `EjectionResults`."""
EF_NOTE: Final = "ef.txt"
EXPERTS: Final = "experts.csv"
EXPERT_BAND: Final = "experts_band.csv"


def print_study(study: Study, *, console: Console | None = None) -> None:
    """Print a ranking that fits into 80 columns, and below it the cautions and what the numbers rest on.

    It goes to stdout unless another console is given, as plain text if that is not a terminal.
    """
    console = console or Console()
    console.width = max(console.width, NARROWEST)  # narrower, columns would be cut and numbers lost
    console.print(_table(study.ranking))
    for line in _lines(study):
        console.print(line, highlight=False, markup=False)
    if (across := across_table(study)) is not None:
        console.print()
        console.print(across)
    for line in terminal_lines(study):
        console.print(line, highlight=False, markup=False)


def write_tables(study: Study, folder: Path) -> None:
    """Write every table of a ranking as CSV at full precision: the main ones in the folder, the others in tables/.

    Each row names its data and suite, whether the data are synthetic, and whether only part of the suite was run.
    challenge.csv can have no columns beside those that challengeR reads, so a note beside it, challenge.txt, says
    the same. The tables of ejection fractions have a note, too; without ejection fractions, they are not there.
    """
    ranking = study.ranking
    _write_csv(study, ranking.table, folder / RANKING)
    for name in ("pairs", "response", "breaks", "contests"):
        _write_csv(study, getattr(ranking, name), folder / TABLES / f"{name}.csv")
    _write_ejection(study, folder / TABLES)
    _write_experts(study, folder)
    write_across(study, folder, folder / TABLES)
    with atomic_file(folder / TABLES / CASES) as temporary:
        ranking.cases.to_csv(temporary, index=False)
    with atomic_file(folder / TABLES / NOTE) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in _note(study)), encoding="utf-8")


def _write_ejection(study: Study, folder: Path) -> None:
    """Write the tables of ejection fractions and their note, or remove those of an earlier report."""
    ejection = study.ranking.ejection
    if ejection is None or not ejection.known:
        for name in (*EF_TABLES.values(), EF_NOTE):
            (folder / name).unlink(missing_ok=True)
        return
    for field, name in EF_TABLES.items():
        _write_csv(study, getattr(ejection, field), folder / name)
    lines = (NO_MEDICAL_DEVICE, words.data_line(study.source), *ejection_lines(study))
    with atomic_file(folder / EF_NOTE) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_experts(study: Study, folder: Path) -> None:
    """Write the tables of experts, or remove those of an earlier report."""
    if study.experts is None:
        for name in (EXPERTS, f"{TABLES}/{EXPERT_BAND}"):
            (folder / name).unlink(missing_ok=True)
        return
    _write_csv(study, study.experts.table, folder / EXPERTS)
    _write_csv(study, study.experts.band, folder / TABLES / EXPERT_BAND)


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
    yield from expert_lines(study)
    if ranking.order == "ef":
        yield from ejection_lines(study)
        yield NO_MEDICAL_DEVICE
    yield from (f"caution: {caution.text}" for caution in ranking.warnings)
    yield words.columns_line(ranking)
    yield from words.caption(ranking)
    yield from order_lines(ranking)
    yield from words.exclusions_line(study.source)
    yield words.data_line(study.source)


def _table(ranking: Ranking) -> Table:
    noisy, by_ef = bool(ranking.families), ranking.order == "ef"
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("model", overflow="fold")
    table.add_column(f"{words.headline(ranking)} [95 % CI]", justify="right", no_wrap=True)
    if by_ef:
        table.add_column("EF error", justify="right", no_wrap=True)
    else:
        table.add_column("group", no_wrap=True)
    errors = _ef_errors(ranking) if by_ef else {}
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
            errors.get(row["model"], UNKNOWN) if by_ef else Text(row["group"]),
            *beside,
            count_and_share(row["failures"], row["failure_share"]),
        )
    return table


def _ef_errors(ranking: Ranking) -> dict[str, str]:
    """Return each model's EF error in points."""
    ejection = ranking.ejection
    rows = [] if ejection is None else scope_rows(ejection, OVERALL)
    return {row["model"]: decimals(row["mae"], 1) for row in rows}
