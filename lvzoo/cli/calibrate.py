"""`lvzoo calibrate`: move a model's border to where readers trace it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lvzoo.cli.options import data_options, device_option, registry_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.workflows.calibrate import Calibrated


@click.command()
@click.argument("model")
@click.option(
    "--data",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="Your traced frames, a folder in a layout that lvzoo reads.",
)
@data_options
@click.option(
    "--frames",
    type=click.IntRange(min=2),
    default=10,
    show_default=True,
    metavar="N",
    help="How many ED and ES frames to use, of as many patients as possible.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "val"]),
    help="The split whose frames are used.  [default: train, or val if there is no train split]",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The weights file, ending in .safetensors.  [default: NAME-calibrated.safetensors]",
)
@device_option
@registry_option
def calibrate(*, model: str, **options: Any) -> None:  # noqa: ANN401 - the options have the names of the function's arguments
    """Move a model's border to where your readers trace it.

    MODEL is an entry with weights, a weights file, the folder of a trial in a run, or a model on the Hugging Face hub
    (hf://OWNER/NAME@REVISION). Readers differ in where they
    trace the border. This fits one number to a few traced frames: a constant that is added to the logits of a mask
    model, or the offset of a landmark model's contour in px along its normal. Test frames are never read.

    Writes a weights file, which every command takes as a model, and its card as a Markdown page. Prints both paths.
    Prints on stderr the number, how far it moves the border (with its 95 % interval), the Dice before and after, and
    how many patients a narrow interval needs.
    """
    from lvzoo.workflows.calibrate import calibrate as calibrate_model

    made = calibrate_model(model, **options)
    click.echo(made.path)
    click.echo(made.page)
    click.echo("\n".join(_lines(made)), err=True)


def _lines(made: Calibrated) -> Iterator[str]:
    """Yield the lines that say what was fitted."""
    from lvzoo.border.number import WANTED_PX
    from lvzoo.weights.page import describe_calibration

    found = made.calibration
    for label, text in describe_calibration(found):
        yield f"{label}: {text}"
    if abs(found.shift_px) <= found.shift_half_px:
        yield (
            "the interval of the border's move includes 0, so nothing shows that the border must move; keep the "
            "model as it is, or use frames of more patients"
        )
    if found.shift_half_px > WANTED_PX:
        needed = f"frames of about {made.patients_needed:,} patients are needed"
        yield f"{needed} to know the border to +- {WANTED_PX} px (95 % interval)"
