"""`lvzoo eval`: trained models under noise, without training."""

from __future__ import annotations

from typing import Any

import click

from lvzoo.cli.options import (
    data_option,
    device_option,
    executor_option,
    frames_option,
    noise_options,
    out_option,
    registry_option,
    test_phantom_options,
)


@click.command("eval")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@data_option
@out_option
@noise_options
@test_phantom_options
@click.option(
    "--shift", metavar="NAME", help="A phantom from shifted ranges, as `lvzoo data phantom` makes it."
)
@click.option("--resamples", type=int, metavar="N", help="Bootstrap resamples of the patients.")
@device_option
@executor_option
@frames_option
@registry_option
def eval_(*, models: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401 - click's options, named as the function's
    """Score trained models on test frames that get noisier, and rank them; nothing is trained.

    MODEL is an entry that carries weights (`lvzoo list` shows which), a weights file, or a trial's folder of a run.
    Of the data, only the test split is read. `lvzoo report` reads the run like any other.
    """
    from lvzoo.cli.report import show
    from lvzoo.cli.shown import shown
    from lvzoo.workflows.score import score

    with shown() as progress:
        result = score(models, **options, on_event=progress.show, listeners=[progress])
    show(result)
    click.echo(f"run: {result.folder}")
    return 1 if result.failed else 0
