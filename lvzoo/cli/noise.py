"""`lvzoo noise`: preview the corruptions, and measure what they cost a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lvzoo.cli.options import ClipPath, json_option, preview_options, print_json, records, registry_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.workflows.noise_calibration import NoiseCalibration

CELL: Final = 16


@click.group()
def noise() -> None:
    """Preview the noise corruptions, and measure what they cost a model."""


@noise.command()
@click.argument("clip", type=ClipPath())
@click.option(
    "--frame",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Which frame of the clip; the first is 0.",
)
@preview_options
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
    """Draw one frame under every corruption.

    CLIP is a clip that `lvzoo predict` reads: a video, a DICOM or NIfTI file, a GIF, or numbered pictures. Writes one
    picture with one row per corruption and one column per severity, and prints its path. If the clip is not
    112 x 112, it is cropped to its sector first, as in `lvzoo predict`.
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
@click.option("--model", metavar="NAME", help="Which model's scores to use, if the run has several models.")
@json_option
@registry_option
def calibration(*, run: Path, model: str | None, as_json: bool, registries: tuple[Path, ...]) -> None:
    """Measure what each corruption costs a model.

    RUN is a folder that `lvzoo bench` wrote. For each corruption and severity, prints the loss of Dice against clean
    frames in points (hundredths), and whether the loss is in the target range of the severity.
    """
    from lvzoo.workflows.noise_calibration import calibrate_noise

    found = calibrate_noise(run, model=model, registries=registries)
    if as_json:
        names = ("data", "synthetic", "suite", "model", "clean")
        print_json({**{name: getattr(found, name) for name in names}, "costs": records(found.costs)})
    else:
        click.echo("\n".join(_lines(found)))


def _lines(found: NoiseCalibration) -> Iterator[str]:
    """Yield the lines of a table: one row per corruption, one column per severity, each cost with its verdict."""
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
