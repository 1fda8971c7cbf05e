"""Adopts a model that was trained elsewhere: writes its weights as a file of lvzoo, with a card that says so.

`lvzoo.adopt` is the same as the command `lvzoo adopt`. The network is that of an entry, so a plugin must offer it.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import nn

import lvzoo
from lvzoo.arguments import check_path
from lvzoo.errors import DataError, PluginError, UsageError, name_option, one_line
from lvzoo.evaluate.dice import dice_N
from lvzoo.evaluate.predict import predict_masks
from lvzoo.foreign.file_network import Stated, find_file_network
from lvzoo.models.build import as_trained, build_model
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.registry import open_zoo
from lvzoo.types import FAILURE_DICE, Entry, Recipe
from lvzoo.weights.card import WeightsCard, trained_elsewhere
from lvzoo.weights.checkpoint import list_shorter_names, read_checkpoint
from lvzoo.weights.locate import SUFFIX
from lvzoo.weights.network import find_mismatch, find_odd_tensor
from lvzoo.weights.trained import digest_file
from lvzoo.weights.write import check_output, write_weights

log = logging.getLogger(__name__)

PHANTOM: Final = "smoke"
"""The phantom on which an adopted model is tried. It is made in seconds."""
INSIDE: Final = "network"
"""The attribute in which a wrapper keeps the network that its authors wrote, as `lvzoo.foreign.wrap` does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adopted:
    """The written weights file, the page beside it, and the card that both contain.

    `dice` is the mean Dice on the test frames of a small phantom. It shows whether the network sees the frames as it
    expects them, and nothing about patients.
    """

    path: Path
    page: Path
    card: WeightsCard
    dice: float
    data: str


def adopt(
    entry: str,
    checkpoint: str | Path | None = None,
    *,
    trained_on: str | None = None,
    out: str | Path | None = None,
    registries: Sequence[Path] = (),
) -> Adopted:
    """Write a model that was trained elsewhere as a weights file, and its card as Markdown beside it.

    Args:
        entry: the name of the entry whose network it is.
        checkpoint: the file with its tensors: of `torch.save` (.pt, .pth), or .safetensors. The tensors may lie in a
            dict under "state_dict", and all names may begin with the same word, such as "module.". It is read without
            running code. An entry that reads an ONNX file needs none.
        trained_on: the data that it was trained on, as its author says. Every ranking shows this text. It may be left
            out for an ONNX file of `lvzoo export`, which states its data.
        out: the weights file, ending in .safetensors; by default the entry's name, in the working folder. The page
            has the same name, ending in .md. Existing files are not overwritten.
        registries: further registry.yaml files.

    Raises:
        DataError: the checkpoint is missing, damaged, of another network or would run code, or a file exists. Nothing
            is written.
        PluginError: there is no such entry, or its network cannot be built or run.
        UsageError: the entry needs a checkpoint, or needs none; `out` or `trained_on` is unusable; or `trained_on` is
            missing, or differs from what the file states.
    """
    if out is not None:
        check_path(out, "out")
    zoo = open_zoo(registries=registries)
    found = as_trained(zoo.select_one(entry))
    if missing := zoo.missing(found):
        raise PluginError(f"{found.name} needs {', '.join(missing)}; install it")
    path = Path(out) if out is not None else Path(f"{found.name}{SUFFIX}")
    check_output(path)
    model = build_model(found)
    source = None
    if checkpoint is not None:
        check_path(checkpoint, "checkpoint")
        source = Path(checkpoint)
    _read_tensors(model, source, found.name)
    file = find_file_network(model)
    card = _make_card(found, source, trained_on, None if file is None else file.stated, path)
    dice, data = _try_on_phantom(model.eval())
    weights = {
        name: tensor.detach().cpu().clone().contiguous() for name, tensor in model.state_dict().items()
    }
    page = write_weights(weights, card, path)
    return Adopted(path=path, page=page, card=card, dice=dice, data=data)


def _read_tensors(model: nn.Module, checkpoint: Path | None, name: str) -> None:
    """Read a checkpoint into a model: all of it, or the network that it wraps.

    Raises:
        DataError: the tensors are not those of the network, or are not finite.
        UsageError: a checkpoint is needed and none is given, or the other way round.
    """
    has_tensors = any(True for _ in model.parameters())
    if checkpoint is None:
        if has_tensors:
            raise UsageError(f"{name} has tensors of its own; name the checkpoint that holds them")
        return
    if not has_tensors:
        raise UsageError(
            f"{name} has no tensors of its own, so it needs no checkpoint; leave {checkpoint} out"
        )
    _load_tensors(model, checkpoint, name)
    if odd := find_odd_tensor(model.state_dict()):
        raise DataError(f"{checkpoint}: {odd}: damaged, or its training diverged; get it again")


def _load_tensors(model: nn.Module, checkpoint: Path, name: str) -> None:
    """Read the tensors of a checkpoint into a model, or into the network that it wraps.

    If all names of the checkpoint begin with the same words, which the network lacks, these are left out.

    Raises:
        DataError: the tensors are not those of the network.
    """
    inside = getattr(model, INSIDE, None)
    targets = [model, *([inside] if isinstance(inside, nn.Module) else [])]
    wanted = [target.state_dict() for target in targets]
    mistake = beginning = ""
    for beginning, tensors in list_shorter_names(read_checkpoint(checkpoint)):
        mistakes = [find_mismatch(tensors, each) for each in wanted]
        if None in mistakes:
            targets[mistakes.index(None)].load_state_dict(tensors)
            if beginning:
                log.warning("%s: all names begin with %r; it is left out", checkpoint, beginning)
            return
        mistake = mistake or str(mistakes[-1])
    also = f"; all names begin with {beginning!r}, and do not fit without it either" if beginning else ""
    raise DataError(
        f"{checkpoint}: weights of another network than that of {name} ({mistake}{also}); correct the entry's "
        "options or the plugin"
    )


def _choose_data(given: str | None, stated: Stated | None) -> str:
    """Return what a model was trained on: what the caller says, or else what its file states.

    Raises:
        UsageError: there is neither, the text is empty, or they differ.
    """
    option = name_option("trained_on")
    if given is None:
        if stated is None:
            raise UsageError(f"{option} is missing; write what its author says, or 'not known'")
        return stated.trained_on
    if not given.strip():
        raise UsageError(f"{option} is empty; write what its author says, or that it is not known")
    if stated is not None and one_line(given) != stated.trained_on:
        raise UsageError(
            f"{option} is {one_line(given)!r}, but the file states that it was trained on {stated.trained_on!r}; "
            "leave the option out"
        )
    return given


def _make_card(
    entry: Entry, checkpoint: Path | None, trained_on: str | None, stated: Stated | None, path: Path
) -> WeightsCard:
    """Return the card. It names files without their folders, which may hold the user's name.

    Raises:
        UsageError: `trained_on` is missing or empty, has control characters, or differs from what the file states.
    """
    data = _choose_data(trained_on, stated)
    named = [] if checkpoint is None else [checkpoint.name]
    said = [] if trained_on is None else ["--trained-on", trained_on]
    command = ["lvzoo", "adopt", entry.name, *named, *said, "--out", path.name]
    read = (
        {} if checkpoint is None else {"checkpoint": f"{checkpoint.name} (SHA-256 {digest_file(checkpoint)})"}
    )
    try:
        return WeightsCard(
            entry=entry.name,
            kind=entry.family.kind,
            family=entry.family.name,
            plugin=entry.plugin,
            options=dict(entry.options),
            summary=entry.summary,
            paper=entry.paper or (stated.paper if stated else None),
            licence=entry.licence or (stated.licence if stated else None),
            trained_on=trained_elsewhere(one_line(data), synthetic=stated is not None and stated.synthetic),
            recipe=Recipe(),
            seed=0,
            best_epoch=0,
            lvzoo=lvzoo.__version__,
            computed=read,
            commands=(shlex.join(command),),
        )
    except ValueError as error:
        raise UsageError(
            f"its card cannot say so ({one_line(error)}); change {name_option('trained_on')}"
        ) from error


def _try_on_phantom(model: nn.Module) -> tuple[float, str]:
    """Return the mean Dice on the test frames of a small phantom, and the name of the phantom.

    Logs a warning if the model does not find the ventricle there.
    """
    frames = Phantom(cached_phantom(size=PHANTOM, seed=0)).load("test")
    masks_NHW = predict_masks(model, frames.frames_NHW, device=torch.device("cpu"), precision=torch.float32)
    dice = float(dice_N(masks_NHW, frames.masks_NHW).mean())
    data = f"phantom `{PHANTOM}` ({frames.source.version}, synthetic)"
    if dice < FAILURE_DICE:
        log.warning(
            "the network hardly finds the ventricle in simulated frames, which may be too strange for it; if it "
            "fails on real ones too, look for wrong grey levels, sizes or classes in the entry's options"
        )
    return dice, data
