"""Finds a trained model: a trial's folder, a weights file here or on the hub, or an entry that carries weights.

A trial's folder holds `model.safetensors` and `model.json`, which describes the model. Only families that
installed plugins declare are built, so a file from elsewhere runs no code.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lvzoo.arguments import check_path
from lvzoo.errors import DataError, LvzooError, UsageError, name_option
from lvzoo.files import read_json
from lvzoo.registry import Zoo, open_zoo
from lvzoo.types import Entry
from lvzoo.weights.carried import find_carried
from lvzoo.weights.described import build_entry
from lvzoo.weights.header import AGAIN, read_card
from lvzoo.weights.hub import find_hub_file
from lvzoo.weights.hub_name import SCHEME, HubName, is_hub_name, undo_pathlib

WEIGHTS: Final = "model.safetensors"
CARD: Final = "model.json"
SUFFIX: Final = ".safetensors"
LIKE_FILES: Final = frozenset(
    (SUFFIX, ".pt", ".pth", ".pkl", ".ckpt", ".bin", ".h5", ".hdf5", ".onnx", ".npz")
)
"""The suffixes of weights files of any kind. A name with one of them is the name of a file, not of an entry."""
KINDS: Final = (
    "a trial's folder of a run (runs/NAME/trials/unet-s0), a weights file (.safetensors), an entry that carries "
    f"weights (`lvzoo list` shows which), or a model on the Hugging Face hub ({SCHEME}OWNER/NAME@REVISION)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """The weights file of a trained model, and its entry."""

    path: Path
    entry: Entry
    trial: Path | None = None
    """The trial's folder, if the model belongs to a run."""
    hub: HubName | None = None
    """The pinned name, if the model comes from the hub."""

    @property
    def named(self) -> str:
        """The name of the weights file, for errors: a model of the hub is not named by its path in the cache."""
        return str(self.path if self.hub is None else self.hub)

    @property
    def card(self) -> str:
        """What describes the model, for errors."""
        return "its card" if self.trial is None else CARD


def locate(model: str | Path, *, registries: Sequence[Path] = ()) -> Located:
    """Find a trained model. `lvzoo.load` says what `model` may be, and lists the errors."""
    check_path(model, "model")
    zoo = open_zoo(registries=registries)
    if is_hub_name(model):
        return _locate_hub_file(model, zoo)
    if "," in str(model) and not Path(model).exists():
        raise UsageError(f"{str(model)!r}: has a comma; name each model by itself")
    if isinstance(model, str) and _may_be_entry(model) and (entry := _find_entry(model, zoo)):
        return _locate_entry(entry, zoo)
    path = Path(model)
    if path.is_dir():
        return _locate_trial(path, zoo)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; name {KINDS}")
    return _locate_file(path, zoo)


def _locate_hub_file(model: str | Path, zoo: Zoo) -> Located:
    """Locate a model on the hub. Errors name it as the hub does, not by its path in the cache."""
    found = find_hub_file(model)
    try:
        return dataclasses.replace(_locate_file(found.path, zoo), hub=found.name)
    except LvzooError as error:
        raise type(error)(str(error).replace(str(found.path), str(found.name))) from error


def _locate_file(path: Path, zoo: Zoo) -> Located:
    card = read_card(path)
    entry = build_entry(zoo, {**dataclasses.asdict(card), "name": card.entry}, where=str(path))
    if card.kind != entry.family.kind:
        raise DataError(
            f"{path}: its card is damaged (it says {card.kind}, and the family {card.family!r} is of kind "
            f"{entry.family.kind}); {AGAIN}"
        )
    return Located(path=path, entry=entry)


def check_is_no_model(clip: Path, *, registries: Sequence[Path] = ()) -> None:
    """Check that the path of a clip does not name a model, as in `lvzoo predict unet-fast`.

    Raises:
        UsageError: it is an entry, a weights file or a trial's folder.
    """
    if is_hub_name(clip):
        named = undo_pathlib(clip)
        raise UsageError(f"{named}: is a model, not a clip; name it by {name_option('model', named)}")
    is_file = clip.suffix == SUFFIX or ((clip / CARD).is_file() and (clip / WEIGHTS).is_file())
    entries = () if clip.exists() else open_zoo(registries=registries).entries
    if is_file or str(clip) in {entry.name for entry in entries}:
        raise UsageError(f"{clip}: is a model, not a clip; name it by {name_option('model', str(clip))}")


def check_files(folder: Path) -> None:
    """Raise DataError unless a folder holds a trained model."""
    if not (folder / CARD).is_file() or not (folder / WEIGHTS).is_file():
        raise DataError(
            f"{folder}: no trained model here ({WEIGHTS} or {CARD} is missing); name a trial's folder of a "
            "run, such as runs/NAME/trials/unet-s0, or train one with `lvzoo train`"
        )


def _may_be_entry(model: str) -> bool:
    """Return whether a text may be an entry's name: it has no folder in it and no suffix of a weights file."""
    return not {os.sep, "/"} & set(model) and not model.endswith(SUFFIX) and model not in (".", "..")


def _find_entry(name: str, zoo: Zoo) -> Entry | None:
    """Return the entry of that name, or None if the name belongs to a file or folder, or ends like a weights file.

    Raises:
        PluginError: nothing has the name, or the entry's plugin is quarantined.
        UsageError: the name is a glob.
    """
    found = next((entry for entry in zoo.entries if entry.name == name), None)
    if name in {entry.name for entry in zoo.absent}:  # even if a file of that name exists
        raise zoo.explain_missing(name)
    path = Path(name)
    if found is None and path.suffix.lower() not in LIKE_FILES and not path.exists():
        several = zoo.select(name)  # raises if nothing matches
        raise UsageError(f"{name!r} is a pattern ({len(several)} entries match); name one model")
    return found


def _locate_entry(entry: Entry, zoo: Zoo) -> Located:
    found = find_carried(entry)
    if found is None:
        others = ", ".join(each.name for each in zoo.entries if each.weights is not None)
        instead = f", or name an entry that carries weights: {others}" if others else ""
        raise UsageError(
            f"the entry {entry.name!r} carries no weights; train it with `lvzoo train {entry.name}` and name its "
            f"trial's folder{instead}"
        )
    if found.path is None:
        raise DataError(f"{entry.name}: {found.fault}")
    return Located(path=found.path, entry=entry)


def _locate_trial(folder: Path, zoo: Zoo) -> Located:
    check_files(folder)
    path = folder / CARD
    try:
        plain: Mapping[str, Any] = read_json(path)["trial"]["entry"]
        entry = build_entry(zoo, {**plain, "family": plain["family"]["name"]}, where=str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not a model card of lvzoo ({error}); train the trial again") from error
    return Located(path=folder / WEIGHTS, entry=entry, trial=folder)
