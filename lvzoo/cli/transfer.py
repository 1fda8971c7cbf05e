"""`lvzoo transfer`: trained models on whole beats, and on phantoms of other ranges than what they were trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lvzoo.cli.options import (
    device_option,
    executor_option,
    json_option,
    out_option,
    preset_option,
    print_json,
    recipe_options,
    records,
    registry_option,
)

if TYPE_CHECKING:
    from lvzoo.workflows.transfer import Transfer


@click.command()
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--train", metavar="NAMES", default="", help="Entries to train first: unet-fast,landmark7-fast."
)
@click.option("--seeds", type=int, metavar="N", help="Train each of these N times, with seeds 0..N-1.")
@preset_option
@click.option("--phantom-size", metavar="SIZE", help="Of the phantom that is trained on.")
@click.option(
    "--phantom-seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="N",
    help="Of the phantoms that are tested on; the one that is trained on has seed 0.",
)
@recipe_options
@out_option
@device_option
@executor_option
@json_option
@registry_option
def transfer(*, as_json: bool, **options: Any) -> int:  # noqa: ANN401 - click's options, named as the function's
    """Test models on the usual phantom, on its whole beats, and on shifted phantoms: gain, depth, anatomy and others.

    MODEL is an entry that carries weights, a weights file, or a trial's folder of a run; with --train, entries are
    trained first. Prints the Dice of clean frames on each phantom as a Markdown table. All of it is synthetic.
    """
    from lvzoo.cli.shown import shown
    from lvzoo.workflows.transfer import transfer as run

    with shown() as progress:
        result = run(**options, on_event=progress.show, listeners=[progress])
    if as_json:
        print_json(
            {
                "synthetic": True,
                "patients": result.patients,
                "table": records(result.table),
                "failed": dict(result.failed),
            }
        )
    elif len(result.table):
        click.echo("\n".join(_lines(result)))
    for name, reason in result.failed.items():
        click.echo(f"failed: {name}: {reason}", err=True)
    click.echo(f"runs: {result.folder}", err=True)
    return 1 if result.failed else 0


def _lines(result: Transfer) -> list[str]:
    from lvzoo.report.grids import Cell, Column, Grid, number
    from lvzoo.report.markdown import table_lines

    table = result.table
    words = {"model", "kind"}
    columns = [
        Column(title=name.replace("-", " "), align="left" if name in words else "right")
        for name in table.columns
    ]
    rows = [
        [number(value) if isinstance(value, float) else Cell(text=str(value)) for value in row]
        for row in table.itertuples(index=False)
    ]
    of = result.intervals
    reach = max((of["dice"] - of["dice_low"]).max(), (of["dice_high"] - of["dice"]).max())
    return [
        *table_lines(Grid(title="", columns=columns, rows=rows)),
        "",
        (
            f"synthetic phantoms; mean Dice of clean frames of {result.patients} patients on each, the same in all; "
            f"95 % intervals reach at most {reach:.3f} to either side; shifted: the mean over the shifts"
        ),
    ]
