"""What cog writes into the pages of this folder, read from the code: `cog -r docs/*.md` after a change."""  # noqa: INP001 - a page's helper, not a package

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
    """Return the help of every command, as `--help` prints it."""
    return "\n".join(_helps(cli, "lvzoo", None))


def hooks_page() -> str:
    """Return every hook: its signature, what it is for, its example."""
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
    """Return the checks of the conformance suite: name, what it asks for, when it is made."""
    from lvzoo.testing.conformance import CHECKS

    rows = [f"| `{each.name}` | {each.about}{' (slow)' if each.slow else ''} |" for each in CHECKS]
    return "\n".join(["| check | what it asks for |", "|---|---|", *rows, ""])


def ranges_table() -> str:
    """Return every quantity of the phantom: its range, its unit, its reason."""
    from lvzoo.phantom.ranges import RANGES

    rows = [
        f"| `{each.name}` | {getattr(RANGES, each.name)} | {each.metadata['unit']} | {each.metadata['reason']} |"
        for each in fields(RANGES)
    ]
    return "\n".join(["| quantity | range | unit | reason |", "|---|---|---|---|", *rows, ""])


def shifts_table() -> str:
    """Return every shifted phantom: what it draws from which range, beside the standard one."""
    from lvzoo.phantom.ranges import RANGES, SHIFTS, shifted

    rows = [
        f"| {f'`{shift}`' if first else ''} | `{name}` | {text} | {getattr(RANGES, name)} |"
        for shift in SHIFTS
        for first, (name, text) in zip(
            [True, *[False] * len(shifted(shift))], shifted(shift).items(), strict=False
        )
    ]
    return "\n".join(["| shift | quantity | its range | standard |", "|---|---|---|---|", *rows, ""])
