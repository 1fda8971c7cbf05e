"""`lvzoo pack`: write a trained model as one small file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("trial", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The weights file, ending in .safetensors.  [default: NAME.safetensors, with the name of the model]",
)
def pack(*, trial: Path, out: Path | None) -> None:
    """Write a trained model as one small file.

    TRIAL is the folder of a trial in a run. The file holds the weights in float16 and a card that describes them. The
    card is also written as a Markdown page beside the file. Prints both paths, and on stderr what the rounding to
    float16 cost. `lvzoo predict`, `lvzoo eval` and `lvzoo.load` accept the file as a model.
    """
    from lvzoo.weights.page import describe_rounding
    from lvzoo.workflows.pack import pack as pack_trial

    packed = pack_trial(trial, out=out)
    click.echo(packed.path)
    click.echo(packed.page)
    kept = f"; kept in float32: {', '.join(packed.kept_float32)}" if packed.kept_float32 else ""
    click.echo(f"{describe_rounding(packed.card)}{kept}", err=True)
