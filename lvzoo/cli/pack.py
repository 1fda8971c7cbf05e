"""`lvzoo pack`: a trial's model as one small file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("trial", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The weights file, ending in .safetensors.  [default: the model's name, here]",
)
def pack(*, trial: Path, out: Path | None) -> None:
    """Write the model of TRIAL, a trial's folder of a run, as one small file to hand on.

    The file holds the weights in float16 and a card that says what they are; beside it the card is written as a page
    of Markdown. Prints both paths; what rounding cost is told on stderr. `lvzoo predict`, `lvzoo eval` and
    `lvzoo.load` take the file as a model.
    """
    from lvzoo.weights.page import rounding_line
    from lvzoo.workflows.pack import pack as pack_trial

    packed = pack_trial(trial, out=out)
    click.echo(packed.path)
    click.echo(packed.page)
    kept = f"; kept in float32: {', '.join(packed.kept_float32)}" if packed.kept_float32 else ""
    click.echo(f"{rounding_line(packed.card)}{kept}", err=True)
