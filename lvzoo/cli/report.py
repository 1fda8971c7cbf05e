"""`lvzoo report`: the ranking and the HTML report of runs that have been made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lvzoo.cli.options import frames_option, json_option, print_json, records, registry_option
from lvzoo.errors import UsageError

if TYPE_CHECKING:
    from lvzoo.workflows.compare import Comparison

NOTHING: Final = "nothing to rank: no trial finished"
TABLES: Final = ("ranking", "pairs", "response", "breaks", "contests")


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write.  [default: the run's folder; of several, a new one beside the first]",
)
@click.option(
    "--reference",
    type=float,
    metavar="DICE",
    help="The Dice whose loss is a break point.  [default: the tracings' against the truth, if known, and 0.90]",
)
@frames_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown.")
@json_option
@registry_option
def report(
    *,
    runs: tuple[Path, ...],
    out: Path | None,
    reference: float | None,
    frames: bool,
    as_markdown: bool,
    as_json: bool,
    registries: tuple[Path, ...],
) -> int:
    """Rank the models of one run or several, and write the report: one HTML file, and every table as CSV.

    Several runs are ranked together where they were tested on the same frames under the same noise.
    """
    from lvzoo.workflows.compare import compare

    if as_json and as_markdown:
        raise UsageError("--json and --markdown exclude each other; give one of them")
    result = compare(*runs, reference=reference, out=out, frames=frames, registries=registries)
    if as_json:
        print_json(told(result))
        show_failed(result)
    elif as_markdown:
        show_markdown(result)
        show_failed(result)
    else:
        show(result)
    return 1 if result.failed or result.study is None else 0


def told(result: Comparison) -> dict[str, object]:
    """Return a comparison as JSON knows it, with what its numbers must not be read without."""
    ranking = None if result.study is None else result.study.ranking
    return {
        "data": result.source.name,
        "synthetic": result.source.synthetic,
        "suite": ranking and ranking.suite,
        "partial": ranking and ranking.partial,
        "warnings": [
            {"kind": each.kind, "text": each.text} for each in (ranking.warnings if ranking else ())
        ],
        "failed": dict(result.failed),
        **{name: records(getattr(result, name)) for name in TABLES},
    }


def show(result: Comparison) -> None:
    """Print a comparison on stdout, and on stderr what failed."""
    from lvzoo.report.table import print_study

    if result.study is None:
        click.echo(NOTHING)
    else:
        print_study(result.study)
        click.echo(f"report: {result.report}")
    show_failed(result)


def show_markdown(result: Comparison) -> None:
    """Print a comparison on stdout as Markdown."""
    from lvzoo.report.markdown import markdown

    click.echo(NOTHING if result.study is None else markdown(result.study), nl=result.study is None)


def show_failed(result: Comparison) -> None:
    """Say on stderr what failed."""
    for name, reason in result.failed.items():
        click.echo(f"failed: {name}: {reason} (more in trials/{name}/status.json)", err=True)
