"""`lvzoo list`: list the models of the zoo, and the plugins that do not work."""

from __future__ import annotations

import shutil
import textwrap
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import click

from lvzoo.cli.options import json_option, print_json, registry_option
from lvzoo.registry import open_zoo
from lvzoo.weights.carried import find_carried

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lvzoo.plugins import Plugin
    from lvzoo.registry import Zoo
    from lvzoo.types import Entry

GAP: Final = "  "
NARROWEST: Final = 24
WIDEST: Final = 120


@click.command("list")
@click.argument("pattern", metavar="[GLOB]", default="*")
@click.option("--kind", type=click.Choice(["mask", "landmark"]), help="List only models of this kind.")
@json_option
@registry_option
def list_(*, pattern: str, kind: str | None, as_json: bool, registries: tuple[Path, ...]) -> None:
    """List the models of the zoo, and the plugins that do not work.

    GLOB selects models by name, for example 'unet*'. For an entry with trained weights, the summary says what they
    were trained on.
    """
    zoo = open_zoo(registries=registries)
    entries = _select(zoo, pattern, kind)
    if as_json:
        print_json(_plain(zoo, entries))
    else:
        click.echo("\n".join(_lines(zoo, entries)))


def _select(zoo: Zoo, pattern: str, kind: str | None) -> list[Entry]:
    named = [entry for entry in zoo.entries if fnmatchcase(entry.name, pattern)]
    if not named and pattern != "*":
        raise zoo.explain_missing(pattern)
    return [entry for entry in named if kind in (None, entry.family.kind)]


def _plain(zoo: Zoo, entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "entries": [
            {
                "name": entry.name,
                "kind": entry.family.kind,
                "family": entry.family.name,
                "summary": entry.summary,
                "plugin": entry.plugin,
                "options": dict(entry.options),
                "recipe": dict(entry.recipe),
                "paper": entry.paper,
                "licence": entry.licence,
                "missing": list(zoo.missing(entry)),
                "weights": (found := find_carried(entry)) and found.plain(),
            }
            for entry in entries
        ],
        "quarantined": [
            {
                "plugin": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "reason": plugin.fault,
            }
            for plugin in zoo.quarantined
        ],
        "absent": [{"name": entry.name, "family": entry.family} for entry in zoo.absent],
    }


def _lines(zoo: Zoo, entries: Sequence[Entry]) -> Iterator[str]:
    width = min(shutil.get_terminal_size().columns, WIDEST)
    # The table: the summary gets the room that the other columns leave, and wraps.
    rows = [("NAME", "KIND", "PLUGIN", "SUMMARY"), *(_row(zoo, entry) for entry in entries)]
    *fixed, _ = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = max(NARROWEST, width - sum(fixed) - len(GAP) * len(fixed))
    for *cells, summary in rows:
        first, *more = textwrap.wrap(summary, room)
        yield GAP.join([*(cell.ljust(size) for cell, size in zip(cells, fixed, strict=True)), first])
        indent = " " * (sum(fixed) + len(GAP) * len(fixed))
        yield from (indent + line for line in more)
    # The plugins that are not used, and the entries that need them.
    broken = [plugin for plugin in zoo.quarantined if not plugin.disabled]
    disabled = [plugin for plugin in zoo.quarantined if plugin.disabled]
    for heading, plugins in (
        ("quarantined plugins (the others work without them):", broken),
        ("disabled plugins:", disabled),
    ):
        if plugins:
            yield from ("", heading)
        for plugin in plugins:
            yield from _reason(plugin, width)
    if zoo.absent:
        names = ", ".join(f"{entry.name} (family {entry.family})" for entry in zoo.absent)
        yield from ("", *textwrap.wrap(f"not available without them: {names}", width, subsequent_indent="  "))


def _row(zoo: Zoo, entry: Entry) -> tuple[str, str, str, str]:
    missing = ", ".join(zoo.missing(entry))
    needs = f" (needs {missing})" if missing else ""
    return entry.name, entry.family.kind, entry.plugin, entry.summary + needs + _weights_note(entry)


def _weights_note(entry: Entry) -> str:
    """Return a note on what an entry's weights were trained on, or that they cannot be used."""
    found = find_carried(entry)
    if found is None:
        return ""
    if found.card is None:
        return " [weights: cannot be used; `lvzoo info` says why]"
    return f" [weights: trained on {found.card.data}]"


def _reason(plugin: Plugin, width: int) -> list[str]:
    text = f"{plugin.name} ({plugin.distribution} {plugin.version}): {plugin.fault}"
    return textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
