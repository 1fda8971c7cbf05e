"""Shows the progress of a long run on stderr, and after an interruption the command that continues it."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.report.progress import BenchProgress, ClipProgress


@contextmanager
def show_progress() -> Iterator[BenchProgress]:
    """Yield the object that shows a run's events and implements the hooks for progress."""
    from lvzoo.report.progress import BenchProgress

    with BenchProgress() as progress:
        try:
            yield progress
        except KeyboardInterrupt:
            click.echo(f"to continue: {shlex.join(['lvzoo', *sys.argv[1:]])}", err=True)
            raise


@contextmanager
def show_clips() -> Iterator[ClipProgress]:
    """Yield the object that shows how far each clip is; in a terminal it has a bar, otherwise nothing is shown."""
    from lvzoo.report.progress import ClipProgress

    progress = ClipProgress()
    try:
        yield progress
    finally:
        progress.hide()
