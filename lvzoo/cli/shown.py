"""A run of minutes or hours as a command shows it: progress on stderr, and a clean end when it is interrupted."""

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
def shown() -> Iterator[BenchProgress]:
    """Yield who shows events and hears hooks; an interruption names the command to go on with."""
    from lvzoo.report.progress import BenchProgress

    with BenchProgress() as progress:
        try:
            yield progress
        except KeyboardInterrupt:
            click.echo(f"to go on: {shlex.join(['lvzoo', *sys.argv[1:]])}", err=True)
            raise
