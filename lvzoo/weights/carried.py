"""The trained weights that an entry carries: where they lie, and what their card says. Reads a header, no more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import DataError
from lvzoo.weights import read_card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.types import Entry
    from lvzoo.weights import WeightsCard

IN_A_PACKAGE: Final = re.compile(r"(?P<package>[A-Za-z_]\w+):(?P<path>[^\\]+)")
"""`lvzoo_unet:weights/unet-fast.safetensors`; a single letter before the colon would be a drive."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """What an entry's key `weights` leads to: a file with its card, or the fault that keeps it from being used."""

    named: str
    path: Path | None = None
    card: WeightsCard | None = None
    fault: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as JSON knows it, the same on every machine that has it."""
        return {"file": self.named, "card": self.card and self.card.plain(), "fault": self.fault}


def carried_by(entry: Entry) -> Carried | None:
    """Return what an entry carries, or None where it names no weights; a fault is told, not raised."""
    if entry.weights is None:
        return None
    try:
        path = _path(entry, entry.weights)
        card = read_card(path)
    except DataError as error:
        return Carried(named=entry.weights, fault=str(error))
    if other := _difference(entry, card):
        where = f"{path}: weights of another model than the entry {entry.name!r}"
        return Carried(named=entry.weights, fault=f"{where}: {other}; correct the entry, or train it anew")
    return Carried(named=entry.weights, path=path, card=card)


def _path(entry: Entry, named: str) -> Path:
    """Return where the weights should lie; the package that holds them is looked up, not imported."""
    inside = IN_A_PACKAGE.fullmatch(named)
    if inside is None:
        return Path(entry.catalogue or "").parent / named
    try:
        spec = find_spec(inside["package"])
    except (ValueError, ImportError) as error:  # a module without a spec, such as __main__
        raise DataError(
            f"{named}: {inside['package']!r} is no package ({error}); correct the entry"
        ) from error
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    if not folders:
        raise DataError(f"{named}: no package {inside['package']!r} is installed; install it for its weights")
    return Path(folders[0]) / inside["path"]


def _difference(entry: Entry, card: WeightsCard) -> str | None:
    """Say in what the model of a card differs from an entry's; what serves training alone does not count."""
    if (card.plugin, card.family) != (entry.plugin, entry.family.name):
        return f"family {card.family!r} of plugin {card.plugin!r}"
    if card.kind != entry.family.kind:
        return f"{card.kind} there, {entry.family.kind} here"
    if unknown := sorted(card.options.keys() - entry.family.options.keys()):
        return f"its option {unknown[0]!r} is unknown here"
    built = {name: option for name, option in entry.family.options.items() if not option.training_only}
    theirs: Mapping[str, Any] = card.options
    for name, option in built.items():
        if (value := theirs.get(name, option.default)) != entry.options[name]:
            return f"{name} is {value} there, {entry.options[name]} here"
    return None
