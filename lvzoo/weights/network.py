"""Writes the weights of a network, and builds the network of a trained model with its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

import lvzoo
from lvzoo.errors import DataError, PluginError, one_line
from lvzoo.files import atomic_file
from lvzoo.models.build import as_trained, build_model
from lvzoo.plugins import explain_plugin_error, resolve
from lvzoo.run.trial import write_json
from lvzoo.types import Trial
from lvzoo.weights.bounded import Bounded, TooLargeError
from lvzoo.weights.card import KEY
from lvzoo.weights.header import AGAIN, read_card, read_metadata
from lvzoo.weights.locate import CARD, WEIGHTS, Located, locate
from lvzoo.weights.moved import Border

DTYPES: Final[Mapping[str, torch.dtype]] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""The types of `lvzoo.weights.header.READ_TYPES`, as torch names them."""


def save_model(model: nn.Module, trial: Trial, folder: Path, **facts: object) -> None:
    """Write a trial's weights, and a file with its entry, recipe, seed and data fingerprint."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic_file(folder / WEIGHTS) as temporary:
        save_file(weights, temporary)
    card = {"lvzoo": lvzoo.__version__, "trial": dataclasses.asdict(trial), **facts}
    write_json(folder / CARD, card)


def load(model: str | Path, *, registries: Sequence[Path] = ()) -> nn.Module:
    """Return a trained model, ready to predict.

    Args:
        model: a trial's folder (`RUN/trials/unet-s0`), a weights file (`unet.safetensors`), the name of an entry that
            carries weights, or a model on the Hugging Face hub (`hf://OWNER/NAME@REVISION`). An entry comes before a
            file or folder of the same name: write `./NAME` for a path.
        registries: further registry.yaml files.

    Raises:
        DataError: the folder or a file is missing, damaged or of another model.
        PluginError: the model's plugin is not installed or is broken, or nothing has that name.
        UsageError: the entry of that name carries no weights.
    """
    return read_model(locate(model, registries=registries))


def read_model(located: Located, *, calibrated: bool = True) -> nn.Module:
    """Build the network of a located model and read its weights. float16 becomes the network's float32.

    If the file's card has a calibration, the network's border is moved, unless `calibrated` is false.

    Raises:
        DataError: the weights are damaged or do not fit the network, or no network can be built as the card says.
        PluginError: the plugin cannot be imported.
    """
    path = located.path
    has_card = KEY in read_metadata(path)  # this names what a file is that is no weights file
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise DataError(f"{located.named}: damaged ({one_line(error)}); {AGAIN}") from error
    network = _build(located, weights)
    if mistake := find_mismatch(weights, network.state_dict()):
        raise DataError(f"{located.named}: weights of another model than {located.card} says ({mistake})")
    network.load_state_dict(weights)
    # checked in the network, since a float64 number of the file may be too large for float32
    if odd := find_odd_tensor(network.state_dict()):
        raise DataError(f"{located.named}: {odd}: damaged, or its training diverged; train it again")
    calibration = read_card(path).calibration if has_card else None
    if calibration is not None and calibrated:
        Border(network, located.entry.family.kind, calibration.number)
    return network.eval()


def find_odd_tensor(weights: Mapping[str, torch.Tensor]) -> str | None:
    """Return the name of the first tensor that no weights file can hold, with the reason; None if there is none.

    >>> find_odd_tensor({"scale": torch.ones(1), "wave": torch.ones(1, dtype=torch.complex64)})
    'wave is of type complex64'
    """
    for name, tensor in weights.items():
        if tensor.dtype not in DTYPES.values():
            return f"{name} is of type {tensor.dtype}".replace("torch.", "")
        if not torch.isfinite(tensor).all():
            return f"{name} is not finite"
    return None


def _build(located: Located, weights: Mapping[str, torch.Tensor]) -> nn.Module:
    """Build the network that a file's card describes, bounded by the size of the file's weights."""
    resolve(located.entry.family.factory)  # raises the error of a broken plugin first
    try:
        with Bounded(weights.values()):
            return build_model(as_trained(located.entry))
    except PluginError as error:
        why = error.__cause__
        if why is None or isinstance(why, PluginError):  # its message explains itself
            raise PluginError(f"{located.named}: {error}") from error
        if isinstance(why, TooLargeError):
            raise DataError(
                f"{located.named}: weights of another model than {located.card} says (that model is far larger)"
            ) from error
        raise DataError(
            f"{located.named}: no network can be built as {located.card} says "
            f"({explain_plugin_error(why, located.entry.family.factory)}); the file is damaged, or was trained with "
            f"another version of the plugin {located.entry.plugin!r}; install that version, or {AGAIN}"
        ) from error


def find_mismatch(weights: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> str | None:
    """Return how the tensors of a file differ from those of a network, or None."""
    if lacking := sorted(wanted.keys() - weights.keys()):
        return f"{lacking[0]} is missing"
    if more := sorted(weights.keys() - wanted.keys()):
        return f"{more[0]!r} does not belong to it"
    for name, tensor in wanted.items():
        there = weights[name]
        if there.shape != tensor.shape:
            return f"{name} has shape {list(there.shape)}, not {list(tensor.shape)}"
        if there.is_floating_point() != tensor.is_floating_point():
            return f"{name} is {there.dtype}, not {tensor.dtype}".replace("torch.", "")
    return None
