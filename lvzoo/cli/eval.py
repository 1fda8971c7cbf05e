"""`lvzoo eval`: test trained models on increasingly noisy frames, without training."""

from __future__ import annotations

from typing import Any

import click

from lvzoo.cli.options import (
    data_option,
    data_options,
    device_option,
    executor_options,
    frames_option,
    noise_options,
    out_option,
    registry_option,
    shard_option,
    test_phantom_options,
)


@click.command("eval")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@data_option
@data_options
@out_option
@noise_options
@test_phantom_options
@click.option(
    "--shift", metavar="NAME", help="Test on a shifted phantom, as `lvzoo data phantom --shift` makes it."
)
@click.option(
    "--resamples", type=int, metavar="N", help="Bootstrap resamples of the patients, for the intervals."
)
@device_option
@executor_options
@shard_option
@frames_option
@registry_option
def eval_(*, models: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401 - the options have the names of the function's arguments
    """Test trained models on increasingly noisy frames, and rank them. Nothing is trained.

    MODEL is an entry with weights (`lvzoo list` shows which have them), a weights file, the folder of a trial in a
    run, or a model on the Hugging Face hub (hf://OWNER/NAME@REVISION). Only the test split of the data is read.
    `lvzoo report` can read the new run like any other.
    """
    from lvzoo.cli.progress import show_progress
    from lvzoo.cli.report import show_run
    from lvzoo.workflows.score import score

    with show_progress() as progress:
        result = score(models, **options, on_event=progress.show, listeners=[progress])
    return show_run(result)
