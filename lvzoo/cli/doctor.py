"""`lvzoo doctor`: check the installation."""

from __future__ import annotations

import dataclasses

import click

from lvzoo.cli.options import json_option, print_json


@click.command()
@json_option
def doctor(*, as_json: bool) -> int:
    """Check the installation: versions, torch and GPU, OpenCV, cache and disk, every plugin.

    If there is a problem, the exit code is 1. A note is not a problem.
    """
    from lvzoo.doctor import examine

    found = []
    for each in examine():
        found.append(each)
        if not as_json:
            remedy = f"; {each.remedy}" if each.remedy else ""
            click.echo(f"{each.verdict:<7}  {each.name}: {each.found}{remedy}")
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
    return 1 if any(each.verdict == "problem" for each in found) else 0
