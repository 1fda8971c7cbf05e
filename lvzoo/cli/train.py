"""`lvzoo train`: train one entry once."""

from __future__ import annotations

import shlex
from typing import Any

import click

from lvzoo.cli.options import (
    data_option,
    device_option,
    executor_option,
    frames_option,
    out_option,
    phantom_options,
    preset_option,
    recipe_options,
    registry_option,
)


@click.command()
@click.argument("entry")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the training.")
@preset_option
@data_option
@out_option
@phantom_options
@recipe_options
@device_option
@executor_option
@frames_option
@registry_option
def train(*, entry: str, **options: Any) -> int:  # noqa: ANN401 - click's options, named as the function's
    """Train one ENTRY of the zoo once, and test it on clean frames.

    Prints the folder of the trained model, and what can be done with it. The same command again finds its run, and
    goes on where it stopped.
    """
    from lvzoo.cli.report import show
    from lvzoo.cli.shown import shown
    from lvzoo.workflows.fit import fit

    with shown() as progress:
        result = fit(entry, **options, on_event=progress.show, listeners=[progress])
    show(result.comparison)
    if result.failed:
        return 1
    click.echo(f"trial: {result.trial}")
    trial = shlex.quote(str(result.trial))
    for what, command in (
        ("segment a clip", f"lvzoo predict CLIP --model {trial}"),
        ("test it under noise", f"lvzoo eval {trial} --data DIR"),
        ("make it one small file", f"lvzoo pack {trial}"),
    ):
        click.echo(f"{what}: {command}", err=True)
    return 0
