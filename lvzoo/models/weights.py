"""A trained model on disk: a trial's folder of a run, a weights file, or an entry that carries weights.

A trial's folder holds `model.safetensors`, and beside it `model.json`, which says what it is. What is built is always
a family that an installed plugin declares, never what a file names: a file from elsewhere runs no code.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

import lvzoo
from lvzoo.errors import DataError, PluginError, UsageError
from lvzoo.files import atomic_file
from lvzoo.models.bounded import Bounded, TooLargeError
from lvzoo.models.build import as_trained, build_model
from lvzoo.plugins import raised, resolve
from lvzoo.registry import Zoo, carried_by, entry_described, open_zoo
from lvzoo.types import Entry, Trial
from lvzoo.weights import Header, read_card, read_header

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


def save_model(model: nn.Module, trial: Trial, folder: Path, **facts: object) -> None:
    """Write a trial's weights, and its entry, recipe, seed and data fingerprint beside them."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic_file(folder / WEIGHTS) as temporary:
        save_file(weights, temporary)
    card = {"lvzoo": lvzoo.__version__, "trial": dataclasses.asdict(trial), **facts}
    with atomic_file(folder / CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def load(model: str | Path, *, registries: Sequence[Path] = ()) -> nn.Module:
    """Return a trained model, ready to predict.

    Args:
        model: a trial's folder (`RUN/trials/unet-s0`), a weights file (`unet.safetensors`), or the name of an entry
            that carries weights. A name that is an entry's is taken for the entry: write `./NAME` for a path.
        registries: further registry.yaml files.

    Raises:
        DataError: the folder or a file is missing, damaged or of another model.
        PluginError: the model's plugin is not installed or broken, or nothing is called so.
        UsageError: the entry of that name carries no weights.
    """
    return read_model(locate(model, registries=registries))


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


def read_model(located: Located) -> nn.Module:
    """Build the network of a located model and read its weights; float16 becomes the network's float32.

    Raises:
        DataError: the weights are damaged, or not those of the network, or no network can be as their card says.
        PluginError: the plugin cannot be imported.
    """
    path = located.path
    header = read_header(path)
    network = _build(located, header)
    mistake = _mistake(header, network.state_dict())
    if mistake:
        raise DataError(f"{path}: weights of another model than {located.card} says ({mistake})")
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise DataError(f"{path}: damaged ({error}); copy it again, or train it again") from error
    network.load_state_dict(weights)
    # as the network holds them: a number of float64 may be too large for float32
    odd = [name for name, tensor in network.state_dict().items() if not torch.isfinite(tensor).all()]
    if odd:
        raise DataError(
            f"{path}: {odd[0]} is not finite: damaged, or its training went astray; train it again"
        )
    return network.eval()


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


# --- The three names of a model -------------------------------------------------------------------------------


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


def _build(located: Located, header: Header) -> nn.Module:
    """Build the network that a file's card describes; it is the file that says how large that would be."""
    resolve(located.entry.family.factory)  # a plugin that is broken itself is told as that
    try:
        with Bounded(header):
            return build_model(as_trained(located.entry))
    except PluginError as error:
        why = error.__cause__
        if why is None or isinstance(why, PluginError):  # the plugin's own sentence
            raise PluginError(f"{located.path}: {error}") from error
        if isinstance(why, TooLargeError):
            raise DataError(
                f"{located.path}: weights of another model than {located.card} says (which is far larger)"
            ) from error
        raise DataError(
            f"{located.path}: no network can be built as {located.card} says "
            f"({raised(why, located.entry.family.factory)}); damaged, or of another version of the plugin "
            f"{located.entry.plugin!r}"
        ) from error


def _mistake(header: Header, wanted: Mapping[str, torch.Tensor]) -> str | None:
    """Say in what the tensors of a file are not those of a network, or return None."""
    if lacking := sorted(wanted.keys() - header.tensors.keys()):
        return f"{lacking[0]} is missing"
    if more := sorted(header.tensors.keys() - wanted.keys()):
        return f"{more[0]!r} is one too many"
    for name, tensor in wanted.items():
        there = header.tensors[name]
        if there.shape != tuple(tensor.shape):
            return f"{name} has shape {list(there.shape)}, not {list(tensor.shape)}"
        if there.floating != tensor.is_floating_point():
            return f"{name} is {there.dtype}, not {str(tensor.dtype).removeprefix('torch.')}"
    return None
