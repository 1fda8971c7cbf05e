"""The ranking for eyes (a table in the terminal) and for machines (a CSV file)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lvzoo.files import atomic_file
from lvzoo.types import FAILURE_DICE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lvzoo.types import Ranking, Source


OWN_RECIPE: Final = "†"
MOST_NAMED: Final = 3
NARROWEST: Final = 80


def print_result(ranking: Ranking | None, source: Source) -> None:
    """Print what a run ended in to stdout; plain text where that is no terminal."""
    console = Console()
    if (
        console.width < NARROWEST
    ):  # the terminal breaks the lines; cut columns would leave numbers without names
        console = Console(width=NARROWEST)
    if ranking is None:
        console.print("nothing to rank: no trial finished")
        return
    notes = [*exclusions(source), *([] if source.synthetic else [f"data: {source.name}"])]
    print_ranking(ranking, console=console, synthetic=source.synthetic, notes=notes)


def print_ranking(ranking: Ranking, *, console: Console, synthetic: bool, notes: Sequence[str] = ()) -> None:
    """Print a ranking that can be read at 80 columns, and below it what its numbers rest on."""
    console.print(_table(ranking))
    for line in (*caption(ranking), *notes, *(["data: synthetic phantom"] if synthetic else [])):
        console.print(line, highlight=False, markup=False)


def caption(ranking: Ranking) -> list[str]:
    """Return what a reader must know to trust the numbers, line by line."""
    columns = f"ED, ES: clean frames; failures: Dice < {FAILURE_DICE}"
    sample = f"{ranking.patients} patients, {ranking.frames} frames"
    return [
        f"{sample}; intervals: bootstrap over patients ({ranking.resamples:,} resamples)",
        _noise_line(ranking),
        f"kept: retention (headline / clean); {columns}" if ranking.families else columns,
        _seeds_line(ranking),
        *(
            [f"{OWN_RECIPE} own recipe: trained otherwise than the rest"]
            if ranking.table["own_recipe"].any()
            else []
        ),
    ]


def exclusions(source: Source) -> list[str]:
    """Return a line on what of the test set could not be used, by name, or nothing."""
    left_out = [f"{finding.name} ({finding.quirk})" for finding in source.exclusions]
    if not left_out:
        return []
    more = f" and {len(left_out) - MOST_NAMED} more" if len(left_out) > MOST_NAMED else ""
    named = "; ".join(left_out[:MOST_NAMED])
    return [f"excluded: {len(left_out)}: {named}{more}; `lvzoo data check` and run.json name all"]


def write_ranking_csv(ranking: Ranking, path: Path) -> None:
    """Write every column at full precision, with the suite and whether it was run in part in each row."""
    table = ranking.table.assign(suite=ranking.suite, partial=ranking.partial)
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False)


def _table(ranking: Ranking) -> Table:
    noisy = bool(ranking.families)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("model", overflow="fold")
    headline = f"{ranking.headline}{'*' if ranking.partial and noisy else ''} [95 % CI]"
    for name in (headline, *(["clean", "kept"] if noisy else []), "ED", "ES", "failures"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in ranking.table.to_dict("records"):
        table.add_row(
            str(row["rank"]),
            Text(f"{row['model']}{OWN_RECIPE if row['own_recipe'] else ''}"),
            f"{row['headline']:.3f} [{row['headline_low']:.3f}, {row['headline_high']:.3f}]",
            *([_dice(row["clean"]), _percent(row["retention"])] if noisy else []),
            _dice(row["dice_ed"]),
            _dice(row["dice_es"]),
            f"{row['failures']} ({row['failure_share']:.1%})",
        )
    return table


def _dice(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"


def _noise_line(ranking: Ranking) -> str:
    """Say what the headline averages over."""
    if not ranking.families:
        return "clean frames only: no noise was run, so this tells nothing about noisy clips"
    corruptions = ", ".join(name for names in ranking.families.values() for name in names)
    plural = "severities" if len(ranking.severities) > 1 else "severity"
    run = f"{corruptions}; {plural} {_span(ranking.severities)}"
    if ranking.partial:
        return f"* part of {ranking.suite} ({run}): not comparable with the whole suite's {ranking.headline}"
    return f"{ranking.headline}: mean Dice over {ranking.suite} ({run})"


def _span(numbers: Sequence[int]) -> str:
    """Return `1-5` for all of 1 to 5, else the numbers."""
    unbroken = len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1
    return f"{numbers[0]}-{numbers[-1]}" if unbroken else ", ".join(map(str, numbers))


def _seeds_line(ranking: Ranking) -> str:
    fewest, most = int(ranking.table["seeds"].min()), int(ranking.table["seeds"].max())
    if most == 1:
        return "1 training seed: seed variance unknown"
    if fewest == most:
        return f"mean of {most} training seeds"
    return f"mean of {fewest} to {most} training seeds"
