"""`lvzoo doctor`: whether the installation is well."""

from __future__ import annotations

import dataclasses

import click

from lvzoo.cli.options import json_option, print_json


@click.command()
@json_option
def doctor(*, as_json: bool) -> int:
    """Examine the installation: versions, torch and GPU, OpenCV, cache and disk, every plugin.

    A note stops nothing; where there is a problem, the exit code is 1.
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
