"""`lvzoo bench`: train, test on noisier frames, rank."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import click

from lvzoo.cli.options import noise_options, registry_option
from lvzoo.presets import PRESETS
from lvzoo.types import Recipe

DEFAULT = Recipe()


@click.command()
@click.option(
    "--plugins", metavar="NAMES", multiple=True, help="Entries of the zoo, by name or glob: unet,landmark*."
)
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="quick",
    show_default=True,
    help="; ".join(f"{name}: {preset.summary}" for name, preset in PRESETS.items()) + ".",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder such as EchoNet-Dynamic's; without it, a synthetic phantom is made and cached.",
)
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/NAME]"
)
@noise_options
@click.option("--seeds", type=int, metavar="N", help="Train each entry N times, with seeds 0..N-1.")
@click.option("--resamples", type=int, metavar="N", help="Bootstrap resamples of the patients.")
@click.option("--phantom-size", metavar="SIZE", help="smoke, quick, small or full.")
@click.option(
    "--phantom-seed", type=click.IntRange(min=0), metavar="N", help="Another seed, other synthetic patients."
)
@click.option("--epochs", type=int, metavar="N", help="Passes over the training frames.")
@click.option("--batch-size", type=int, metavar="N", help="Frames a step.")
@click.option("--learning-rate", type=float, metavar="X", help="Peak of the one-cycle schedule.")
@click.option("--weight-decay", type=float, metavar="X", help="AdamW's.")
@click.option("--warmup", type=float, metavar="X", help="Share of the steps until the peak.")
@click.option("--clip-norm", type=float, metavar="X", help="Largest norm of the gradient.")
@click.option(
    "--augment", metavar="NAME", help="Training augmentation: none, default, flip, strong or noise."
)
@click.option("--precision", metavar="NAME", help="auto, bf16, fp16 or float32.")
@click.option("--device", metavar="NAME", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--executor", metavar="NAME", default="process", show_default=True, help="process or inline.")
@click.option(
    "--no-frames",
    "frames",
    flag_value=False,
    default=True,
    help="Show no test frames in the report: the file holds no picture of the data.",
)
@registry_option
def bench(*, plugins: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401 - click's options, named as the function's
    """Train models on the same frames, test them on the same noisier frames, and rank them.

    The same command again finds its run, skips what is finished and goes on with the rest.
    """
    from lvzoo.benchmark import bench as run_bench
    from lvzoo.cli.report import show
    from lvzoo.report.progress import BenchProgress

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: as clean as by Ctrl-C
    with BenchProgress() as progress:
        try:
            result = run_bench(
                ",".join(plugins) or None, **options, on_event=progress.show, listeners=[progress]
            )
        except KeyboardInterrupt:
            click.echo(f"to go on: {shlex.join(['lvzoo', *sys.argv[1:]])}", err=True)
            raise
    show(result)
    click.echo(f"run: {result.folder}")
    return 1 if result.failed else 0
