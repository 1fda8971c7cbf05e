"""`lvzoo check NAME`: run the conformance checks on a model."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import click

from lvzoo.cli.options import json_option, print_json, registry_option

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lvzoo.testing.conformance import Result

VERDICTS: Final = {True: "ok", False: "FAILED", None: "-"}


@click.command()
@click.argument("name")
@click.option("--fast", is_flag=True, help="Skip the checks that train a model (a minute or more on a CPU).")
@json_option
@registry_option
@click.pass_obj
def check(debug: object, *, name: str, fast: bool, as_json: bool, registries: tuple[Path, ...]) -> int:
    """Check that a model works with the benchmark.

    NAME is an entry or a glob, or a family or plugin to check all of its entries. Each failed check says what to
    change. If a check fails, the exit code is 1.
    """
    from lvzoo.testing.conformance import check_models, list_left_out

    running = check_models(name, fast=fast, registries=registries)
    omitted = list_left_out(name, registries=registries) if fast else []
    results = list(running) if as_json else _print_results(running, len(omitted), tracebacks=bool(debug))
    if as_json:
        print_json([dataclasses.asdict(result) for result in (*results, *omitted)])
    return 0 if all(result.ok for result in results) else 1


def _print_results(running: Iterable[Result], omitted: int, *, tracebacks: bool) -> list[Result]:
    """Print each result when its check ends, then a summary; return the results."""
    results: list[Result] = []
    for result in running:
        if not results or result.entry != results[-1].entry:
            click.echo(result.entry)
        message = f"  {result.message}" if result.message else ""
        click.echo(f"  {VERDICTS[result.ok]:<6}  {result.name:<16}  {result.seconds:6.2f} s{message}")
        if tracebacks and result.traceback:
            click.echo(result.traceback, err=True)
        results.append(result)
    passed = sum(result.ok is True for result in results)
    click.echo(
        f"{passed} of {len(results)} checks passed" + (f", {omitted} left out by --fast" if omitted else "")
    )
    return results
