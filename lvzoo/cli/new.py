"""`lvzoo new`: begin a plugin of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lvzoo.types import Kind


@click.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["mask", "landmark"]),
    default="mask",
    show_default=True,
    help="What it predicts.",
)
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="The new folder.  [default: NAME]"
)
def new(*, name: str, kind: Kind, out: Path | None) -> None:
    """Write a plugin package called NAME, with a small network that works, to begin a model of one's own.

    Prints the next three commands: install it, check it, rank it.
    """
    from lvzoo.scaffold import new_plugin

    folder = new_plugin(name, kind=kind, out=out)
    click.echo(f"wrote {folder}; next:", err=True)
    click.echo(f"pip install --editable {shlex.quote(_as_folder(folder))}")
    click.echo(f"lvzoo check {name}")
    click.echo(f"lvzoo bench --plugins {name},unet")


def _as_folder(folder: Path) -> str:
    """Return the folder as pip knows it from a distribution's name: with a slash in it."""
    return str(folder) if folder.is_absolute() else f"./{folder}"
