"""The options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

Command = TypeVar("Command", bound="Callable[..., object]")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
registry_option = click.option(
    "--registry",
    "registries",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Add the entries of a registry.yaml of one's own; may be repeated.",
)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever json can hold
    """Print a value as indented JSON on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as JSON knows it: a row an object, what is not a number null."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return rows


def integers(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Read `1,3,5`."""
    if value is None:
        return None
    try:
        return tuple(int(word) for word in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"'{value}' is no list of whole numbers such as 1,3,5") from error


def noise_options(command: Command) -> Command:
    """Add the options that name a suite and select from it."""
    for option in (
        click.option("--severities", metavar="LIST", callback=integers, help="Only these: 1,3,5."),
        click.option("--corruptions", metavar="NAMES", help="Only these of the suite: haze,blur."),
        click.option(
            "--noise", metavar="NAME", default="noise-v1", show_default=True, help="The suite of corruptions."
        ),
    ):
        command = option(command)
    return command
