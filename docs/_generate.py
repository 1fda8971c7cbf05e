"""Generates parts of the pages in this folder from the code; run `cog -r docs/*.md` after a change."""  # noqa: INP001 - a page's helper, not a package

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import TYPE_CHECKING

import click

from lvzoo import hookspecs
from lvzoo.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WIDTH = 80


def commands_page() -> str:
    """Return the `--help` of every command."""
    return "\n".join(_helps(cli, "lvzoo", None))


def hooks_page() -> str:
    """Return the signature, the purpose and the example of every hook."""
    hooks = [each for name, each in vars(hookspecs).items() if hasattr(each, f"{hookspecs.PROJECT}_spec")]
    return "\n".join(_hook(hook) for hook in hooks)


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **command.context_settings,
    )
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            child = command.get_command(context, each)
            if child is not None and not child.hidden:
                yield from _helps(child, each, context)


def _hook(hook: Callable[..., object]) -> str:
    text = inspect.getdoc(hook) or ""
    purpose, _, example = text.partition(">>> ")
    signature = str(inspect.signature(hook)).replace("'", "")
    return (
        f"## {hook.__name__}\n\n```python\n{hook.__name__}{signature}\n```\n\n{purpose.strip()}\n\n"
        f"```pycon\n>>> {example.strip()}\n```\n"
    )


def checks_table() -> str:
    """Return the checks of the conformance suite as a table: name and requirement."""
    from lvzoo.testing.conformance import CHECKS

    rows = [f"| `{each.name}` | {each.about}{' (slow)' if each.slow else ''} |" for each in CHECKS]
    return "\n".join(["| check | requirement |", "|---|---|", *rows, ""])


def ranges_table() -> str:
    """Return a table of the phantom's quantities with range, unit and reason."""
    from lvzoo.phantom.ranges import RANGES

    rows = [
        f"| `{each.name}` | {getattr(RANGES, each.name)} | {each.metadata['unit']} | {each.metadata['reason']} |"
        for each in fields(RANGES)
    ]
    return "\n".join(["| quantity | range | unit | reason |", "|---|---|---|---|", *rows, ""])


def shifts_table() -> str:
    """Return a table of the shifted phantoms: each shifted quantity with its range and the standard range."""
    from lvzoo.phantom.ranges import RANGES, SHIFTS, describe_shift

    rows = [
        f"| {'' if number else f'`{shift}`'} | `{name}` | {text} | {getattr(RANGES, name)} |"
        for shift in SHIFTS
        for number, (name, text) in enumerate(describe_shift(shift).items())
    ]
    return "\n".join(["| shift | quantity | its range | standard |", "|---|---|---|---|", *rows, ""])
