"""`lvzoo new`: write the package of a new plugin."""

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
    help="What the model predicts.",
)
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="The new folder.  [default: NAME]"
)
def new(*, name: str, kind: Kind, out: Path | None) -> None:
    """Start your own plugin.

    Writes a plugin package called NAME with a small network that works. Prints the next three commands: install the
    package, check the model, rank it.
    """
    from lvzoo.scaffold import new_plugin

    folder = new_plugin(name, kind=kind, out=out)
    click.echo(f"wrote {folder}; next:", err=True)
    click.echo(f"pip install --editable {shlex.quote(_as_folder(folder))}")
    click.echo(f"lvzoo check {name}")
    click.echo(f"lvzoo bench --plugins {name},unet")


def _as_folder(folder: Path) -> str:
    """Return the folder with a slash in it; without one, pip would take it for the name of a distribution."""
    return str(folder) if folder.is_absolute() else f"./{folder}"
