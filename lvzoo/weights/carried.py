"""Finds the trained weights that an entry carries, and reads their card. Reads only the header of the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import DataError
from lvzoo.weights import read_card
from lvzoo.weights.hub_name import is_hub_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.types import Entry, Kind
    from lvzoo.weights import WeightsCard

DEFAULT_MODELS: Final = ("unet-fast",)
"""The entries with which clips are predicted if no model is named; with several, by their mean."""
OTHER_KIND: Final[Mapping[Kind, str]] = {"mask": "landmark7-fast", "landmark": "unet-fast"}
"""The entry that gives a second opinion on a model of this kind: one of the other kind."""
IN_A_PACKAGE: Final = re.compile(r"(?P<package>[A-Za-z_]\w+):(?P<path>[^\\]+)")
"""As in `lvzoo_unet:weights/unet-fast.safetensors`. A single letter before the colon would be a drive."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """The weights that an entry names: a file and its card, or the fault that prevents their use."""

    named: str
    path: Path | None = None
    card: WeightsCard | None = None
    fault: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return plain values for JSON, without the path, so that they are the same on every machine."""
        return {"file": self.named, "card": self.card and self.card.plain(), "fault": self.fault}


def find_carried(entry: Entry) -> Carried | None:
    """Return the weights of an entry, or None if it names none. An unusable file is returned as a `fault`."""
    if entry.weights is None:
        return None
    try:
        path = _find_file(entry, entry.weights)
        card = read_card(path)
    except DataError as error:
        return Carried(named=entry.weights, fault=str(error))
    if difference := _difference(entry, card):
        where = f"{path}: weights of another model than the entry {entry.name!r}"
        return Carried(
            named=entry.weights, fault=f"{where}: {difference}; correct the entry, or train it again"
        )
    return Carried(named=entry.weights, path=path, card=card)


def _find_file(entry: Entry, named: str) -> Path:
    """Return the path of the weights file. A package that holds it is found without importing it."""
    if is_hub_name(named):  # a listing of the zoo must not wait for a network
        raise DataError(f"{named}: an entry names a file; download it, and name the file here")
    inside = IN_A_PACKAGE.fullmatch(named)
    if inside is None:
        return Path(entry.catalogue or "").parent / named
    try:
        spec = find_spec(inside["package"])
    except (ValueError, ImportError) as error:  # a module without a spec, such as __main__
        raise DataError(
            f"{named}: {inside['package']!r} is not a package ({error}); correct the entry"
        ) from error
    if spec is None:
        raise DataError(
            f"{named}: package {inside['package']!r} is not installed; install it for its weights"
        )
    folders = list(spec.submodule_search_locations or [])
    if not folders:
        raise DataError(
            f"{named}: {inside['package']!r} is not a package (it is a single module); correct the entry"
        )
    return Path(folders[0]) / inside["path"]


def _difference(entry: Entry, card: WeightsCard) -> str | None:
    """Return how a card's model differs from an entry's, or None. Options for training only are ignored."""
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
