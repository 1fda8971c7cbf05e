"""`lvzoo report`: rank the models of finished runs, and write the HTML report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lvzoo.cli.options import frames_option, json_option, print_json, records, registry_option
from lvzoo.errors import UsageError

if TYPE_CHECKING:
    from lvzoo.types.results import Order
    from lvzoo.workflows.compare import Comparison

TABLES: Final = (
    *("ranking", "pairs", "response", "breaks", "contests", "ef", "ef_response", "ef_contests"),
    *("across", "across_contests", "across_qualities", "across_orders"),
    "experts",
)


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write.  [default: the folder of the run; for several runs, a new folder beside the first]",
)
@click.option(
    "--reference",
    type=float,
    metavar="DICE",
    help="A break point is where Dice falls below this value.  [default: 0.90, and the Dice of the tracings against "
    "the truth, if that is known]",
)
@click.option(
    "--by",
    type=click.Choice(["headline", "ef"]),
    default="headline",
    show_default=True,
    help="Order the rows by the headline, or by the error of the ejection fraction (EF) under noise. The ranks are "
    "always those of the headline.",
)
@frames_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the ranking as Markdown.")
@json_option
@registry_option
def report(
    *,
    runs: tuple[Path, ...],
    out: Path | None,
    reference: float | None,
    by: Order,
    frames: bool,
    as_markdown: bool,
    as_json: bool,
    registries: tuple[Path, ...],
) -> int:
    """Rank the models of finished runs, and write the report.

    RUN is the folder of a run. Several runs are ranked together if they were tested on the same frames under the same
    noise. The report is one HTML file; every table is also written as CSV. lvzoo is not a medical device: for
    research only.
    """
    from lvzoo.workflows.compare import compare

    if as_json and as_markdown:
        raise UsageError("--json and --markdown exclude each other; give only one of them")
    result = compare(*runs, reference=reference, out=out, frames=frames, registries=registries, by=by)
    if as_json:
        print_json(as_json_object(result))
        show_failed(result)
    elif as_markdown:
        show_markdown(result)
        show_failed(result)
    else:
        show(result)
    failed = result.failed or result.failed_elsewhere
    return 1 if failed or result.missing or result.study is None else 0


def as_json_object(result: Comparison) -> dict[str, object]:
    """Return a comparison for JSON: its tables, and the facts and warnings needed to read them."""
    from lvzoo.types.answer import NO_MEDICAL_DEVICE

    ranking = None if result.study is None else result.study.ranking
    ejection = None if ranking is None else ranking.ejection
    return {
        "data": result.source.name,
        "synthetic": result.source.synthetic,
        "suite": ranking and ranking.suite,
        "partial": ranking and ranking.partial,
        "order": ranking and ranking.order,
        "notice": NO_MEDICAL_DEVICE,
        "trials_without_ef": [*(ejection.lacking if ejection else ())],
        "warnings": [
            {"kind": each.kind, "text": each.text} for each in (ranking.warnings if ranking else ())
        ],
        "failed": dict(result.failed),
        "failed_elsewhere": dict(result.failed_elsewhere),
        "missing": dict(result.missing),
        **{name: records(getattr(result, name)) for name in TABLES},
    }


def show(result: Comparison) -> None:
    """Print a comparison on stdout, and the failed and missing trials on stderr."""
    from lvzoo.report.table import print_study
    from lvzoo.workflows.compare import NOTHING

    if result.study is None:
        click.echo(NOTHING)
    else:
        print_study(result.study)
        click.echo(f"report: {result.report}")
    show_failed(result)


def show_markdown(result: Comparison) -> None:
    """Print a comparison on stdout as Markdown."""
    from lvzoo.report.markdown import markdown
    from lvzoo.workflows.compare import NOTHING

    click.echo(NOTHING if result.study is None else markdown(result.study), nl=result.study is None)


def show_failed(result: Comparison) -> None:
    """Print the failed and the missing trials on stderr."""
    for name, reason in result.failed.items():
        click.echo(f"failed: {name}: {reason} (more in trials/{name}/status.json)", err=True)
    for name, reason in result.failed_elsewhere.items():
        trial, _, test_set = name.partition(" on ")
        where = f"also/{test_set}/trials/{trial}/status.json"
        click.echo(f"failed: {name}: {reason} (more in {where})", err=True)
    if result.missing:
        click.echo(result.missing_line, err=True)


def show_run(result: Comparison) -> int:
    """Print the result of a run or of a shard that has just ended, and return the exit code."""
    if result.study is None:
        show_failed(result)
    else:
        show(result)
    click.echo(f"run: {result.folder}")
    failed = result.failed or result.failed_elsewhere
    return 1 if failed or (result.study is not None and result.missing) else 0
