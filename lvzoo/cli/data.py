"""`lvzoo data`: make and inspect data sets."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from lvzoo.cli.options import data_options, json_option, print_json
from lvzoo.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lvzoo.data.shapes import Shapes
    from lvzoo.data.statistics import Statistics

PHANTOM_SIZES: Final = ("smoke", "quick", "small", "full", "beats", "transfer", "transfer-beats")
PHANTOM_SHIFTS: Final = (
    "gain",
    "depth",
    "opening-angle",
    "anatomy",
    "speckle",
    "frame-size",
    "compression",
    "mirrored",
)

seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the simulated patients."
)
shift_option = click.option(
    "--shift",
    type=click.Choice(PHANTOM_SHIFTS),
    help="Draw the same patients, but one property from beyond its usual range.",
)


@click.group()
def data() -> None:
    """Make and inspect data sets."""


@data.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--size",
    type=click.Choice(PHANTOM_SIZES),
    default="quick",
    show_default=True,
    help="The size, as described above.",
)
@seed_option
@shift_option
@click.option("--workers", type=click.IntRange(min=1), help="Number of processes.  [default: one per core]")
def phantom(*, out: Path, size: str, seed: int, shift: str | None, workers: int | None) -> None:
    """Write a synthetic data set into the new folder OUT.

    The data set has EchoNet-Dynamic's layout, with one video per simulated patient. Prints the path of the folder.

    Sizes: smoke has 18 videos, quick 260, small 580 and full 10,030. transfer has only a test split, of 100 videos.
    beats is like full, and transfer-beats like transfer, but with four more traced frames per video.
    """
    from lvzoo.phantom.write import write_phantom

    with _progress("simulating echocardiograms") as on_video:
        folder = write_phantom(out, size=size, seed=seed, shift=shift, workers=workers, on_video=on_video)
    click.echo(folder)


@data.command()
@click.argument("picture", type=click.Path(path_type=Path, dir_okay=False))
@seed_option
@shift_option
@click.option("--contours", is_flag=True, help="Show each frame a second time, with its true contour.")
def sheet(*, picture: Path, seed: int, shift: str | None, contours: bool) -> None:
    """Draw frames of many simulated patients into one picture.

    PICTURE is the new PNG file. The frames are end-diastolic. Prints the path of the file.
    """
    from lvzoo.phantom.sheet import draw_sheet

    with _progress("simulating echocardiograms") as on_video:
        path = draw_sheet(picture, seed=seed, shift=shift, contours=contours, on_video=on_video)
    click.echo(path)


@data.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--clips",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="The most clips per folder whose appearance is measured; without a PATH, the number of simulated patients.",
)
@data_options
@seed_option
@shift_option
@json_option
def statistics(
    *,
    paths: tuple[Path, ...],
    clips: int,
    data_options: Mapping[str, str],
    seed: int,
    shift: str | None,
    as_json: bool,
) -> None:
    """Compare frames and ventricles with those of real clips.

    PATH is a clip that `lvzoo predict` reads, or a folder: of clips, a data set, or what `lvzoo predict` wrote.
    Without a PATH, patients are simulated; --seed and --shift choose them.

    Prints how the frames of clips look. For simulated patients, a data set and results of `lvzoo predict`, a second
    table shows the shape of the ventricles at ED and ES.
    """
    from lvzoo.phantom.statistics import statistics_of_phantom
    from lvzoo.workflows.measure import measure_clips

    seed_given = click.get_current_context().get_parameter_source("seed") is not ParameterSource.DEFAULT
    if paths and (shift is not None or seed_given):
        raise UsageError("--seed and --shift choose simulated patients; leave out either them or the PATH")
    with _progress("measuring clips") as on_clip:
        if paths:
            found = measure_clips(paths, data_options=data_options, most=clips, on_clip=on_clip)
        else:
            found = statistics_of_phantom(patients=clips, seed=seed, shift=shift, on_clip=on_clip)
    if as_json:
        print_json(found.as_json())
    else:
        tables = [*([_table(found)] if found.statistics else []), *map(_shape_table, found.shapes)]
        click.echo("\n\n".join("\n".join(table) for table in tables))


def _table(found: Statistics) -> Iterator[str]:
    """Yield the lines of a table of appearance, in Markdown that is also readable in a terminal."""
    yield found.title
    yield ""
    yield f"| {'statistic':<34} | mean (10th to 90th percentile) | real clips     |"
    yield f"|{'-' * 36}|{'-' * 32}|{'-' * 16}|"
    for each in found.statistics:
        if math.isnan(each.mean):  # such as of single frames, which do not follow one another
            continue
        real = "" if each.real is None else f"{each.real[0]:g} to {each.real[1]:g}"
        figures = f"{each.mean:.3g} ({each.low:.3g} to {each.high:.3g})"
        yield f"| {each.name:<34} | {figures:<30} | {real:<14} |"


def _shape_table(found: Shapes) -> Iterator[str]:
    """Yield the lines of a table of shapes, in Markdown that is also readable in a terminal."""
    from lvzoo.data.shapes import REAL_SHAPES

    yield found.title
    if not found.statistics:
        return
    yield ""
    yield f"| {'shape':<34} | mean ± SD       | real clips     | within one SD |"
    yield f"|{'-' * 36}|{'-' * 17}|{'-' * 16}|{'-' * 15}|"
    for each in found.statistics:
        real = REAL_SHAPES.get(each.name)
        known = "" if real is None else f"{real.mean:,} ± {real.sd:,}"
        within = {None: "", True: "yes", False: "no"}[each.as_real]
        yield f"| {each.name:<34} | {_mean_sd(each.mean, each.sd):<15} | {known:<14} | {within:<13} |"


def _mean_sd(mean: float, sd: float) -> str:
    """Return mean and SD with the digits that matter; one video has no SD."""
    largest = max(abs(mean), 0.0 if math.isnan(sd) else sd)
    digits = 0 if largest >= 100 else 1 if largest >= 5 else 3
    return f"{mean:,.{digits}f}" + ("" if math.isnan(sd) else f" ± {sd:,.{digits}f}")


@data.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a page with every finding and pictures of the strangest frames into this file.",
)
@data_options
@json_option
def check(*, folder: Path, page: Path | None, data_options: Mapping[str, str], as_json: bool) -> int:
    """Read a data set, and look for mistakes in it.

    Reports the videos and frames of each split of FOLDER, every unusual file by name, and everything that is odd in
    the frames: patients or pictures in two splits, and pictures and references that somebody should look at. FOLDER
    may have a test split alone.

    The exit code is 4 if a video or a frame does not decode, or if a patient or a picture is in two splits. The
    decoded frames are kept in the cache, so a benchmark on the same folder starts faster.
    """
    from lvzoo.cli.checked import list_failures, list_lines
    from lvzoo.data.summary import find_undecoded
    from lvzoo.workflows.audit import check_data

    audit = check_data(folder, data_options=data_options, page=page)
    if as_json:
        print_json(audit.as_json())
    else:
        click.echo("\n".join(list_lines(audit)))
        if page is not None:
            click.echo(f"\npage: {page}")
    failures = list(list_failures(audit, find_undecoded(audit.summary)))
    for line in failures:
        click.echo(line, err=True)
    return DataError.exit_code if failures else 0


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function that updates a progress bar on stderr, or None if stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
