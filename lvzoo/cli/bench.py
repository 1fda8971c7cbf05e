"""`lvzoo bench`: train models, test them on increasingly noisy frames, and rank them."""

from __future__ import annotations

from pathlib import Path
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
    phantom_options,
    preset_option,
    recipe_options,
    registry_option,
    shard_option,
)


@click.command()
@click.option(
    "--plugins",
    metavar="NAMES",
    multiple=True,
    help="Entries of the zoo, by name or glob, for example unet,landmark*.",
)
@preset_option
@data_option
@click.option(
    "--also",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A further data set. The trained models are also tested on its test frames. Repeat it for several. A set "
    "can be added later, and nothing is trained again.",
)
@data_options
@out_option
@noise_options
@click.option("--seeds", type=int, metavar="N", help="Train each entry N times, with seeds 0 to N-1.")
@click.option(
    "--resamples", type=int, metavar="N", help="Bootstrap resamples of the patients, for the intervals."
)
@phantom_options
@recipe_options
@device_option
@executor_options
@shard_option
@frames_option
@registry_option
def bench(*, plugins: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401 - the options have the names of the function's arguments
    """Train models on the same frames, test them on the same increasingly noisy frames, and rank them.

    If you repeat the command after an interruption, it continues its run and skips what is finished.
    """
    from lvzoo.cli.progress import show_progress
    from lvzoo.cli.report import show_run
    from lvzoo.workflows.bench import bench as run_bench

    with show_progress() as progress:
        result = run_bench(
            ",".join(plugins) if plugins else None, **options, on_event=progress.show, listeners=[progress]
        )
    return show_run(result)
