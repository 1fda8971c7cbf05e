"""`lvzoo transfer`: test models on whole beats, and on phantoms unlike those they were trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lvzoo.cli.options import (
    device_option,
    executor_options,
    json_option,
    out_option,
    print_json,
    recipe_options,
    records,
    registry_option,
    shard_option,
    training_preset_option,
)

if TYPE_CHECKING:
    from lvzoo.workflows.transfer import Transfer


@click.command()
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--train",
    metavar="NAMES",
    default="",
    help="Entries to train first, for example unet-fast,landmark7-fast.",
)
@click.option("--seeds", type=int, metavar="N", help="Train each of these N times, with seeds 0 to N-1.")
@training_preset_option
@click.option("--phantom-size", metavar="SIZE", help="Size of the phantom to train on.")
@click.option(
    "--phantom-seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="N",
    help="Seed of the phantoms to test on; the phantom to train on has seed 0.",
)
@recipe_options
@out_option
@device_option
@executor_options
@shard_option
@json_option
@registry_option
def transfer(*, as_json: bool, **options: Any) -> int:  # noqa: ANN401 - the options have the names of the function's arguments
    """Test models on synthetic data unlike their training data.

    MODEL is an entry with weights, a weights file, the folder of a trial in a run, or a model on the Hugging Face hub
    (hf://OWNER/NAME@REVISION). With --train, entries are
    trained first. The models are tested on the usual phantom, on its whole beats, and on shifted phantoms: gain,
    depth, anatomy and others. Prints the mean Dice of clean frames on each phantom as a Markdown table. All data are
    synthetic.
    """
    from lvzoo.cli.progress import show_progress
    from lvzoo.workflows.transfer import transfer as run

    with show_progress() as progress:
        result = run(**options, on_event=progress.show, listeners=[progress])
    if as_json:
        print_json(
            {
                "synthetic": True,
                "patients": result.patients,
                "table": records(result.table),
                "failed": dict(result.failed),
                "missing": dict(result.missing),
            }
        )
    elif len(result.table):
        click.echo("\n".join(_lines(result)))
    for name, reason in result.failed.items():
        click.echo(f"failed: {name}: {reason}", err=True)
    if result.missing:
        click.echo(result.missing_line, err=True)
    click.echo(f"runs: {result.folder}", err=True)
    return 1 if result.failed or (result.missing and not options["shard"]) else 0


def _lines(result: Transfer) -> list[str]:
    from lvzoo.report.grids import Cell, Column, Grid, number
    from lvzoo.report.markdown import table_lines

    table = result.table
    words = {"model", "kind"}  # the columns that hold no number
    columns = [
        Column(title=name.replace("-", " "), align="left" if name in words else "right")
        for name in table.columns
    ]
    rows = [
        [number(value) if isinstance(value, float) else Cell(text=str(value)) for value in row]
        for row in table.itertuples(index=False)
    ]
    # The largest distance of an interval's end from its mean.
    scores = result.intervals
    reach = max((scores["dice"] - scores["dice_low"]).max(), (scores["dice_high"] - scores["dice"]).max())
    return [
        *table_lines(Grid(title="", columns=columns, rows=rows)),
        "",
        (
            f"synthetic phantoms; mean Dice of clean frames of {result.patients} patients on each, the same in all; "
            f"95 % intervals reach at most {reach:.3f} to either side; shifted: the mean over the shifts"
        ),
    ]
