"""`lvzoo noise`: look at the corruptions, and calibrate them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lvzoo.cli.options import json_option, noise_options, print_json, records, registry_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.workflows.calibrate import Calibration

CELL: Final = 16


@click.group()
def noise() -> None:
    """Look at the corruptions, and calibrate them."""


@noise.command()
@click.argument("clip", type=click.Path(path_type=Path))
@click.option(
    "--frame", type=click.IntRange(min=0), default=0, show_default=True, help="Which frame, from 0."
)
@noise_options
@click.option(
    "--out",
    metavar="FILE",
    default="noise.png",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The picture to write.",
)
@registry_option
def preview(
    *,
    clip: Path,
    frame: int,
    noise: str,
    corruptions: str | None,
    severities: tuple[int, ...] | None,
    out: Path,
    registries: tuple[Path, ...],
) -> None:
    """Draw a frame under every corruption.

    Writes one picture, a row a corruption and a column a severity, of a frame of CLIP (AVI, MP4 or DICOM), and
    prints its path. A clip that is not 112 x 112 is cropped to its sector first, as `lvzoo predict` does.
    """
    from lvzoo.workflows.preview import preview_noise

    path = preview_noise(
        clip,
        frame=frame,
        noise=noise,
        corruptions=corruptions,
        severities=severities,
        out=out,
        registries=registries,
    )
    click.echo(path)


@noise.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--model", metavar="NAME", help="Whose scores to take, where the run has several models.")
@json_option
@registry_option
def calibration(*, run: Path, model: str | None, as_json: bool, registries: tuple[Path, ...]) -> None:
    """Tell what each corruption costs a model.

    Prints the loss against clean frames in points of Dice (hundredths), by corruption and severity, and whether
    that is what the severity should cost. RUN is a folder that `lvzoo bench` wrote.
    """
    from lvzoo.workflows.calibrate import calibrate_run

    found = calibrate_run(run, model=model, registries=registries)
    if as_json:
        names = ("data", "synthetic", "suite", "model", "clean")
        print_json({**{name: getattr(found, name) for name in names}, "costs": records(found.costs)})
    else:
        click.echo("\n".join(_lines(found)))


def _lines(found: Calibration) -> Iterator[str]:
    """Write the costs for people: a row a corruption, a column a severity, each beside its verdict."""
    from lvzoo.noise.calibration import TARGETS

    severities = sorted(set(found.costs["severity"]))
    what = "synthetic phantom" if found.synthetic else found.data
    yield f"points of Dice that {found.suite} costs {found.model} (clean: {found.clean:.3f})"
    yield f"{what}, {found.patients} patients"
    yield ""
    yield f"{'SEVERITY':<14}" + "".join(f"{severity:<{CELL}}" for severity in severities).rstrip()
    targets = {severity: f"{least:g} to {most:g}" for severity, (least, most) in TARGETS.items()}
    yield f"{'should cost':<14}" + "".join(f"{targets.get(each, ''):<{CELL}}" for each in severities).rstrip()
    for family, rows in found.costs.groupby("family", sort=False):
        yield f"{family}"
        for corruption, line in rows.groupby("corruption", sort=False):
            costs = line.set_index("severity")
            cells = (
                f"{costs['cost'][each]:<5.1f}{costs['verdict'][each]}" if each in costs.index else ""
                for each in severities
            )
            yield f"  {corruption:<12}" + "".join(f"{cell:<{CELL}}" for cell in cells).rstrip()
