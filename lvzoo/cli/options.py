"""The options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lvzoo.trials.presets import PRESETS

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

preset_option = click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="quick",
    show_default=True,
    help="; ".join(f"{name}: {preset.summary}" for name, preset in PRESETS.items()) + ".",
)
data_option = click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder such as EchoNet-Dynamic's; without it, a synthetic phantom is made and cached.",
)
out_option = click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/NAME]"
)
device_option = click.option(
    "--device", metavar="NAME", default="auto", show_default=True, help="auto, cpu or cuda."
)
executor_option = click.option(
    "--executor", metavar="NAME", default="process", show_default=True, help="process or inline."
)
frames_option = click.option(
    "--no-frames",
    "frames",
    flag_value=False,
    default=True,
    help="Show no test frames in the report: the file holds no picture of the data.",
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
    return _with(
        command,
        click.option(
            "--noise", metavar="NAME", default="noise-v1", show_default=True, help="The suite of corruptions."
        ),
        click.option(
            "--corruptions", metavar="NAMES", help="Only these of the suite: haze,blur; none: clean frames."
        ),
        click.option("--severities", metavar="LIST", callback=integers, help="Only these: 1,3,5."),
    )


def phantom_options(command: Command) -> Command:
    """Add the options that choose a phantom to train and test on."""
    return _phantom(command, "smoke, quick, small, full or beats.")


def test_phantom_options(command: Command) -> Command:
    """Add the options that choose a phantom of which the test split alone is read."""
    return _phantom(command, "A size that `lvzoo data phantom` knows; transfer: 100 patients to test on.")


def _phantom(command: Command, sizes: str) -> Command:
    return _with(
        command,
        click.option("--phantom-size", metavar="SIZE", help=sizes),
        click.option(
            "--phantom-seed",
            type=click.IntRange(min=0),
            metavar="N",
            help="Another seed, other synthetic patients.",
        ),
    )


def recipe_options(command: Command) -> Command:
    """Add the options that decide how a model is trained."""
    return _with(
        command,
        click.option("--epochs", type=int, metavar="N", help="Passes over the training frames."),
        click.option("--batch-size", type=int, metavar="N", help="Frames a step."),
        click.option("--learning-rate", type=float, metavar="X", help="Peak of the one-cycle schedule."),
        click.option("--weight-decay", type=float, metavar="X", help="AdamW's."),
        click.option("--warmup", type=float, metavar="X", help="Share of the steps until the peak."),
        click.option("--clip-norm", type=float, metavar="X", help="Largest norm of the gradient."),
        click.option(
            "--augment", metavar="NAME", help="Training augmentation: none, default, flip, strong or noise."
        ),
        click.option("--precision", metavar="NAME", help="auto, bf16, fp16 or float32."),
    )


def _with(command: Command, *options: Callable[[Command], Command]) -> Command:
    """Add options, so that help shows them in the order in which they are given here."""
    for option in reversed(options):
        command = option(command)
    return command
