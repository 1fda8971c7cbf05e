"""`lvzoo export`: write a trained model as a file that other programs run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lvzoo.cli.options import data_options, registry_option

if TYPE_CHECKING:
    from lvzoo.workflows.export import Exported


@click.command()
@click.argument("model")
@click.option(
    "--format",
    type=click.Choice(["onnx", "pt2"]),
    default="onnx",
    show_default=True,
    help="onnx, or pt2: an archive of torch.export.",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file, ending in .onnx or .pt2.  [default: NAME.onnx, with the name of the model]",
)
@click.option(
    "--int8",
    is_flag=True,
    help="Write an int8 version, which is smaller and faster, and measure what it costs in Dice. ONNX only.",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="With --int8: a data set. Frames of its train split (or val) decide the scales, and its test frames measure "
    "the Dice.  [default: a synthetic phantom, made once and cached]",
)
@data_options
@click.option(
    "--phantom-size",
    metavar="SIZE",
    help="With --int8 and without --data: smoke, quick, small or full.  [default: quick]",
)
@registry_option
def export(*, model: str, **options: Any) -> None:  # noqa: ANN401 - the options have the names of the function's arguments
    """Write a trained model as a file that other programs run.

    MODEL is an entry with weights, a weights file, the folder of a trial in a run, or a model on the Hugging Face hub
    (hf://OWNER/NAME@REVISION). The file takes grey frames of 112 x 112 from 0 to 1, in batches of any size, and gives
    logits or landmarks. Its metadata say how they become a mask, and what the model was trained on.
    docs/export-models.md describes them.

    The written file is read back and compared with torch. A file that differs is not kept. Prints the path, and on
    stderr how large the difference is and what int8 costs.
    """
    from lvzoo.workflows.export import export as export_model

    made = export_model(model, **options)
    click.echo(made.path)
    click.echo("\n".join(_lines(made)), err=True)


def _lines(made: Exported) -> Iterator[str]:
    """Yield the lines that say how the file was checked, and what int8 costs."""
    found = made.difference
    masks = "masks equal" if found.pixels == 0 else f"{found.pixels} pixels of the masks differ"
    yield (
        f"float32: differs from torch by at most {found.largest:.1g} {found.unit} on {found.frames} synthetic frames "
        f"(up to {found.tolerance:.2g} is rounding); {masks}"
    )
    cost = made.int8
    if cost is not None:
        yield (
            f"int8: Dice {cost.dice_int8:.4f}, float32: {cost.dice_float32:.4f} ({cost.frames} clean test frames of "
            f"{cost.patients} patients of {cost.data}); their masks agree with Dice {cost.agreement:.4f}"
        )
