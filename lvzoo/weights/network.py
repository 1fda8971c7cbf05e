"""Writes a network's weights, and builds the network of a trained model with its weights in place."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

import lvzoo
from lvzoo.errors import DataError, PluginError
from lvzoo.files import atomic_file
from lvzoo.models.build import as_trained, build_model
from lvzoo.plugins import raised, resolve
from lvzoo.types import Trial
from lvzoo.weights.bounded import Bounded, TooLargeError
from lvzoo.weights.header import Header, read_header
from lvzoo.weights.locate import CARD, WEIGHTS, Located, locate


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
