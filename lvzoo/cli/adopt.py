"""`lvzoo adopt`: write a model that was trained elsewhere as a weights file of lvzoo."""

from __future__ import annotations

from pathlib import Path

import click

from lvzoo.cli.options import registry_option


@click.command()
@click.argument("entry")
@click.argument("checkpoint", required=False, type=click.Path(path_type=Path))
@click.option(
    "--trained-on",
    metavar="TEXT",
    help="The data it was trained on, as its author says. Every ranking shows this text. A file of `lvzoo export` "
    "states it, and needs no such option.",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The weights file, ending in .safetensors.  [default: ENTRY.safetensors]",
)
@registry_option
def adopt(
    *,
    entry: str,
    checkpoint: Path | None,
    trained_on: str | None,
    out: Path | None,
    registries: tuple[Path, ...],
) -> None:
    """Write a model that was trained elsewhere as a weights file.

    ENTRY is the entry of the zoo whose network it is. CHECKPOINT holds its tensors: a file of torch.save (.pt, .pth)
    or .safetensors. It is read without running code. An entry that reads an ONNX file needs no CHECKPOINT. The card
    of the written file says that the model was trained elsewhere, and so does every ranking. Prints the file and its
    page, and on stderr the Dice on a few synthetic frames. `lvzoo eval`, `lvzoo predict` and `lvzoo.load` accept the
    file as a model.
    """
    from lvzoo.workflows.adopt import adopt as adopt_model

    adopted = adopt_model(entry, checkpoint, trained_on=trained_on, out=out, registries=registries)
    click.echo(adopted.path)
    click.echo(adopted.page)
    click.echo(f"Dice {adopted.dice:.3f} on the {adopted.data}, no evidence about patients", err=True)
