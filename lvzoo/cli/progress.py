"""Shows the progress of a long run on stderr, and after an interruption the command that continues it."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.report.progress import BenchProgress


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
