"""The options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

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
