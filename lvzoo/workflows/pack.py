"""A trial's model as one small file to hand on: float16, with its card in its header and as a page beside it.

`lvzoo.pack` is the same as the command `lvzoo pack`.
"""

from __future__ import annotations

import dataclasses
import logging
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from lvzoo.errors import DataError, UsageError
from lvzoo.evaluate.dice import dice_N
from lvzoo.evaluate.predict import predict_masks
from lvzoo.files import atomic_file
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.trials.command import RUNS
from lvzoo.types import FAILURE_DICE, FrameSet, model_name
from lvzoo.weights import KEY, Rounding, WeightsCard, read_card
from lvzoo.weights.locate import SUFFIX, Located
from lvzoo.weights.network import read_model
from lvzoo.weights.page import card_page
from lvzoo.weights.trained import TrainedModel, find_trained

log = logging.getLogger(__name__)

PHANTOM: Final = "smoke"
"""The phantom on whose test frames the cost of rounding is measured: small, and made in seconds."""
RELATIVE_STEP: Final = 2.0**-10
"""The largest relative error of a number within float16's normal range, twice over."""
LEAST_AGREEMENT: Final = 0.99
"""Where masks before and after agree less, somebody should look."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """What packing wrote: the weights file, the page beside it, and the card that both hold.

    `kept_float32` names the tensors that float16 cannot hold.
    """

    path: Path
    page: Path
    card: WeightsCard
    kept_float32: tuple[str, ...]


def pack(trial: str | Path, *, out: str | Path | None = None) -> Packed:
    """Write a trial's model as a weights file in float16, and its card as Markdown beside it.

    Args:
        trial: a trial's folder of a run.
        out: the file, ending in .safetensors; by default the model's name, here. Its page is called alike, ending
            in .md. Nothing is overwritten.

    Raises:
        DataError: the trial is not finished, damaged or not in its run, or a file of that name exists.
        UsageError: `out` does not end in .safetensors.
    """
    folder = Path(trial)
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder; name a trial's folder of a run, such as runs/NAME/trials/unet-s0"
        )
    found = find_trained(folder)
    if found.card.dice.test is None:
        raise DataError(
            f"{folder}: is not finished, so nobody knows its Dice; repeat the command that began its run"
        )
    path = (
        Path(out) if out is not None else Path(f"{model_name(found.card.entry, found.card.recipe)}{SUFFIX}")
    )
    page = path.with_suffix(".md")
    _refuse(path, page)
    model = read_model(Located(path=found.weights, entry=found.entry, card="model.json"))
    weights, kept = _halved(model)
    card = dataclasses.replace(
        found.card,
        rounding=_rounding(model, weights),
        commands=_commands(found, path),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary:
        save_file(weights, temporary, metadata={KEY: card.to_json()})
    with atomic_file(page) as temporary:
        text = card_page(read_card(path), file=path.name, size_bytes=path.stat().st_size)
        temporary.write_text(text, encoding="utf-8")
    return Packed(path=path, page=page, card=card, kept_float32=kept)


def _refuse(path: Path, page: Path) -> None:
    if path.suffix != SUFFIX:
        raise UsageError(f"{path}: a weights file's name ends in {SUFFIX}; name it {path.stem}{SUFFIX}")
    for each in (path, page):
        if each.exists():
            raise DataError(f"{each}: exists; remove it, or name another --out")


def _commands(found: TrainedModel, path: Path) -> tuple[str, ...]:
    """Return the commands that make the file again, from the folder above `runs`, where the run lies.

    The one that trained names its run for the one that packs: the name that a run has by default tells the data's
    fingerprint, and the same phantom may have another one on another machine.
    """
    assert found.trial is not None  # noqa: S101 - a folder was asked for
    trial = found.trial.resolve()
    run = f"{RUNS}/{trial.parent.parent.name}"
    named = (_named(line, run) for line in found.card.commands)
    return *named, shlex.join(["lvzoo", "pack", f"{run}/trials/{trial.name}", "--out", path.name])


def _named(command: str, run: str) -> str:
    """Return a command whose run is called so, whatever it was called when the command was given."""
    words = shlex.split(command)
    if "--out" in words:
        at = words.index("--out")
        del words[at : at + 2]
    return shlex.join([*words, "--out", run])


# --- Rounding -------------------------------------------------------------------------------------------------


def _halved(model: nn.Module) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """Return the weights in float16, and the names of those that it cannot hold, which stay as they are.

    A parameter is held where it does not overflow: what underflows is far below all that a network adds up. Of
    buffers (statistics of batch norms, constants), which are divided by or looked up, every value must be held to
    float16's own step.
    """
    buffers = {name for name, _ in model.named_buffers()}
    weights: dict[str, torch.Tensor] = {}
    for name, tensor in model.state_dict().items():
        full = tensor.detach().cpu().contiguous()
        half = full.half()
        near = (half.float() - full).abs() <= RELATIVE_STEP * full.abs() if full.is_floating_point() else None
        held = near is not None and bool(near.all() if name in buffers else half.isfinite().all())
        weights[name] = half if held else full
    kept = tuple(name for name, tensor in weights.items() if tensor.dtype == torch.float32)
    return weights, kept


def _rounding(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> Rounding:
    """Measure what rounding cost, on the test frames of a small phantom; the model is left with rounded weights."""
    frames = Phantom(cached_phantom(size=PHANTOM, seed=0)).load("test")
    before_NHW = _masks(model, frames)
    model.load_state_dict(dict(weights))
    after_NHW = _masks(model, frames)
    shown_N = (before_NHW | after_NHW).any(axis=(1, 2))
    agreement_N = dice_N(after_NHW[shown_N], before_NHW[shown_N])
    cost = Rounding(
        before=float(dice_N(before_NHW, frames.masks_NHW).mean()),
        after=float(dice_N(after_NHW, frames.masks_NHW).mean()),
        agreement=float(agreement_N.mean()) if len(agreement_N) else 0.0,
        frames=len(frames),
        data=f"phantom `{PHANTOM}` ({frames.source.version}, synthetic)",
        empty=int((~shown_N).sum()),
    )
    if cost.before < FAILURE_DICE:
        log.warning("Dice is %.3f on the %s: is this the model that you mean?", cost.before, cost.data)
    if cost.agreement < LEAST_AGREEMENT:
        log.warning("rounding to float16 changed the masks: they agree with a Dice of %.3f", cost.agreement)
    return cost


def _masks(model: nn.Module, frames: FrameSet) -> NDArray[np.bool_]:
    """Return the masks (N, H, W), computed in float32 on the CPU."""
    return predict_masks(model, frames.frames_NHW, device=torch.device("cpu"), precision=torch.float32)
