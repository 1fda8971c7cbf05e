"""Finds a trained model by one of its three names: a trial's folder, a weights file, or an entry with weights.

A trial's folder holds `model.safetensors`, and beside it `model.json`, which says what the model is. The model that
is built always belongs to a family that an installed plugin declares, so a file from elsewhere runs no code.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lvzoo.errors import DataError, UsageError
from lvzoo.registry import Zoo, open_zoo
from lvzoo.types import Entry
from lvzoo.weights.carried import carried_by
from lvzoo.weights.described import entry_described
from lvzoo.weights.header import read_card

WEIGHTS: Final = "model.safetensors"
CARD: Final = "model.json"
SUFFIX: Final = ".safetensors"
KINDS: Final = (
    "a trial's folder of a run (runs/NAME/trials/unet-s0), a weights file (.safetensors), or an entry that carries "
    "weights (`lvzoo list` shows which)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """Where a trained model's weights lie, and what they are of; `card` is who says so, for errors."""

    path: Path
    entry: Entry
    card: str
    trial: Path | None = None
    """The trial's folder, where the model is one of a run."""


def locate(model: str | Path, *, registries: Sequence[Path] = ()) -> Located:
    """Find a trained model by one of its three names: see `load`, also for the errors."""
    zoo = open_zoo(registries=registries)
    if isinstance(model, str) and _may_be_a_name(model) and (entry := _entry_called(model, zoo)):
        return _carried(entry, zoo)
    path = Path(model)
    if path.is_dir():
        return _of_trial(path, zoo)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; name {KINDS}")
    card = read_card(path)
    entry = entry_described(
        zoo,
        name=card.entry,
        plugin=card.plugin,
        family=card.family,
        options=card.options,
        texts={"summary": card.summary, "paper": card.paper, "licence": card.licence},
        where=str(path),
    )
    if card.kind != entry.family.kind:
        raise DataError(
            f"{path}: its card is damaged (it says {card.kind}, and the family {card.family!r} is of kind "
            f"{entry.family.kind}); copy or download it again, or pack its trial again"
        )
    return Located(path=path, entry=entry, card="its card")


def check_files(folder: Path) -> None:
    """See that a folder holds a trained model.

    Raises:
        DataError: it does not.
    """
    if not (folder / CARD).is_file() or not (folder / WEIGHTS).is_file():
        raise DataError(
            f"{folder}: no trained model here ({WEIGHTS} or {CARD} is missing); name a trial's folder of a "
            "run, such as runs/NAME/trials/unet-s0, or train one with `lvzoo train`"
        )


def _may_be_a_name(model: str) -> bool:
    """Tell names from paths: a name has no folder before it and no suffix of a weights file."""
    return not {os.sep, "/"} & set(model) and not model.endswith(SUFFIX) and model not in (".", "..")


def _entry_called(name: str, zoo: Zoo) -> Entry | None:
    """Return the entry of that name, or None where there is only a file or folder.

    Raises:
        PluginError: neither, or an entry whose plugin is quarantined; names close matches, or that plugin.
        UsageError: the name is a glob.
    """
    found = next((entry for entry in zoo.entries if entry.name == name), None)
    if name in {entry.name for entry in zoo.absent}:  # whatever may lie in the working folder
        raise zoo.why_not(name)
    if found is None and not Path(name).exists():
        several = zoo.select(name)  # says why not, where there is none
        raise UsageError(f"{name!r} is a pattern ({len(several)} entries match); name one model")
    return found


def _carried(entry: Entry, zoo: Zoo) -> Located:
    found = carried_by(entry)
    if found is None:
        others = ", ".join(each.name for each in zoo.entries if each.weights is not None)
        instead = f", or name one that does: {others}" if others else ""
        raise UsageError(
            f"the entry {entry.name!r} carries no weights; train it with `lvzoo train {entry.name}` and name its "
            f"trial's folder{instead}"
        )
    if found.path is None:
        raise DataError(f"{entry.name}: {found.fault}")
    return Located(path=found.path, entry=entry, card="its card")


def _of_trial(folder: Path, zoo: Zoo) -> Located:
    check_files(folder)
    path = folder / CARD
    try:
        plain: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))["trial"]["entry"]
        entry = entry_described(
            zoo,
            name=plain["name"],
            plugin=plain["plugin"],
            family=plain["family"]["name"],
            options=plain["options"],
            texts={key: plain[key] for key in ("summary", "paper", "licence")},
            where=str(path),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a model card of lvzoo ({error}); train the trial again") from error
    return Located(path=folder / WEIGHTS, entry=entry, card=CARD, trial=folder)
