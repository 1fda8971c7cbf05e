"""`lvzoo data`: make and inspect data sets."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
