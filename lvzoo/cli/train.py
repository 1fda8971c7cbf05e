"""`lvzoo train`: train one model."""

from __future__ import annotations

import shlex
from typing import Any

import click

from lvzoo.cli.options import (
    data_option,
    data_options,
    device_option,
    executor_options,
    frames_option,
    out_option,
    phantom_options,
    recipe_options,
    registry_option,
    training_preset_option,
)


@click.command()
@click.argument("entry")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the training."
)
@training_preset_option
@data_option
@data_options
@out_option
@phantom_options
@recipe_options
@device_option
@executor_options
@frames_option
@registry_option
def train(*, entry: str, **options: Any) -> None:  # noqa: ANN401 - the options have the names of the function's arguments
    """Train one model, and test it on clean frames.

    ENTRY is an entry of the zoo. Prints the folder of the trained model, and commands that use it. If you repeat the
    command after an interruption, it continues the training.
    """
    from lvzoo.cli.progress import show_progress
    from lvzoo.cli.report import show
    from lvzoo.workflows.fit import fit

    with show_progress() as progress:
        result = fit(entry, **options, on_event=progress.show, listeners=[progress])
    show(result.comparison)
    click.echo(f"trial: {result.trial}")
    trial = shlex.quote(str(result.trial))
    for what, command in (
        ("segment a clip", f"lvzoo predict CLIP --model {trial}"),
        ("test it under noise", f"lvzoo eval {trial} --data DIR"),
        ("write it as one small file", f"lvzoo pack {trial}"),
    ):
        click.echo(f"{what}: {command}", err=True)
