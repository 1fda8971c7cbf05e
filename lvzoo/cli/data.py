"""`lvzoo data`: make and inspect data sets."""

from __future__ import annotations

import dataclasses
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lvzoo.cli.options import json_option, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lvzoo.data.summary import Summary

MOST_NAMES: Final = 10
"""Findings of one quirk that are shown; --json tells all."""
PHANTOM_SIZES: Final = ("smoke", "quick", "small", "full")


@click.group()
def data() -> None:
    """Make and inspect data sets."""


@data.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--size", type=click.Choice(PHANTOM_SIZES), default="quick", show_default=True, help="How many videos."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, other patients."
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes to share the work  [default: one a core]"
)
def phantom(*, out: Path, size: str, seed: int, workers: int | None) -> None:
    """Write a synthetic data set in EchoNet-Dynamic's layout into the new folder OUT, and print its path.

    smoke has 18 videos, quick 260, small 580 and full 10,030: one video a simulated patient.
    """
    from lvzoo.data.phantom.write import write_phantom

    with _progress("simulating echocardiograms") as on_video:
        folder = write_phantom(out, size=size, seed=seed, workers=workers, on_video=on_video)
    click.echo(folder)


@data.command()
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def check(*, folder: Path, as_json: bool) -> None:
    """Read the data set in FOLDER; tell how much of it is used, and every quirk of its files by name.

    The labelled frames are decoded on the way and kept: a benchmark on the same folder starts at once.
    """
    from lvzoo.data.summary import summarise
    from lvzoo.plugins import resolve
    from lvzoo.registry import open_zoo

    summary = summarise(resolve(open_zoo().dataset_for(folder).factory)(folder))
    if as_json:
        print_json(dataclasses.asdict(summary))
    else:
        click.echo("\n".join(_lines(summary)))


def _lines(summary: Summary) -> Iterator[str]:
    """Write a summary for people: a table of the splits, then each quirk with its count and its findings."""
    yield f"{summary.name} ({summary.version}){', synthetic' * summary.synthetic}"
    yield ""
    yield f"{'SPLIT':<7}{'VIDEOS':>8}{'FRAMES':>8}  FINGERPRINT"
    for split, counts in summary.splits.items():
        yield f"{split:<7}{counts.videos:>8,}{counts.frames:>8,}  {counts.fingerprint}"
    if not summary.quirks:
        yield from ("", "nothing unusual was found")
    for quirk in summary.quirks:
        yield ""
        yield f"{'excluded' if quirk.excluded else 'noted'}: {quirk.quirk} ({len(quirk.findings):,})"
        for finding in quirk.findings[:MOST_NAMES]:
            yield f"  {finding.name}{': ' * bool(finding.detail)}{finding.detail}"
        if len(quirk.findings) > MOST_NAMES:
            yield f"  and {len(quirk.findings) - MOST_NAMES:,} more; --json names them all"


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function that moves a bar on stderr, or None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
