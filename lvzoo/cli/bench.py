"""`lvzoo bench`: train, test on noisier frames, rank."""

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
    phantom_options,
    preset_option,
    recipe_options,
    registry_option,
)


@click.command()
@click.option(
    "--plugins", metavar="NAMES", multiple=True, help="Entries of the zoo, by name or glob: unet,landmark*."
)
@preset_option
@data_option
@out_option
@noise_options
@click.option("--seeds", type=int, metavar="N", help="Train each entry N times, with seeds 0..N-1.")
@click.option("--resamples", type=int, metavar="N", help="Bootstrap resamples of the patients.")
@phantom_options
@recipe_options
@device_option
@executor_option
@frames_option
@registry_option
def bench(*, plugins: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401 - click's options, named as the function's
    """Train models on the same frames, test them on the same noisier frames, and rank them.

    The same command again finds its run, skips what is finished and goes on with the rest.
    """
    from lvzoo.cli.report import show
    from lvzoo.cli.shown import shown
    from lvzoo.workflows.bench import bench as run_bench

    with shown() as progress:
        result = run_bench(",".join(plugins) or None, **options, on_event=progress.show, listeners=[progress])
    show(result)
    click.echo(f"run: {result.folder}")
    return 1 if result.failed else 0
