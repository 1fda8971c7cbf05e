"""Packs a trial's model into one small file: float16, with its card in the header and as a page beside it.

`lvzoo.pack` is the same as the command `lvzoo pack`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.arguments import check_path
from lvzoo.errors import DataError, UsageError, one_line
from lvzoo.evaluate.dice import dice_N
from lvzoo.evaluate.predict import predict_masks
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.trials.command import RUNS
from lvzoo.types import FAILURE_DICE, FrameSet, model_name
from lvzoo.weights import Rounding, WeightsCard
from lvzoo.weights.card import parse_card
from lvzoo.weights.hub_name import is_hub_name, undo_pathlib
from lvzoo.weights.locate import CARD, SUFFIX
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import TrainedModel, find_trained
from lvzoo.weights.write import check_output, write_weights

log = logging.getLogger(__name__)

PHANTOM: Final = "smoke"
"""The phantom whose test frames measure the cost of rounding. It is made in seconds."""
RELATIVE_STEP: Final = 2.0**-10
"""Twice the largest relative rounding error of float16 within its normal range, which is 2**-11."""
LEAST_AGREEMENT: Final = 0.99
"""The agreement of masks before and after rounding (Dice) below which a warning is logged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """The written weights file, the page beside it, and the card that both contain.

    `kept_float32` names the tensors that float16 cannot represent.
    """

    path: Path
    page: Path
    card: WeightsCard
    kept_float32: tuple[str, ...]


def pack(trial: str | Path, *, out: str | Path | None = None) -> Packed:
    """Write a trial's model as a weights file in float16, and its card as Markdown beside it.

    Args:
        trial: a trial's folder of a run.
        out: the weights file, ending in .safetensors; by default the model's name, in the working folder. The page
            has the same name, ending in .md. Existing files are not overwritten.

    Raises:
        DataError: the trial is unfinished, damaged or outside its run, or a file of that name exists. Nothing is
            written.
        UsageError: `out` does not end in .safetensors, or has control characters.
    """
    check_path(trial, "trial")
    if is_hub_name(trial):
        raise UsageError(
            f"{undo_pathlib(trial)}: is a weights file with a card already; `lvzoo pack` takes a trial's folder"
        )
    folder = Path(trial)
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder; name a trial's folder of a run, for example runs/NAME/trials/unet-s0"
        )
    found = find_trained(folder)
    if found.card.dice.test is None:
        raise DataError(
            f"{folder}: is not finished, so its Dice is unknown; repeat the command that began its run"
        )
    path = (
        Path(out) if out is not None else Path(f"{model_name(found.card.entry, found.card.recipe)}{SUFFIX}")
    )
    check_output(path)
    card = _make_card(found, path)
    model = read_model(found.located)
    weights, kept = _round_weights(model)
    card = dataclasses.replace(card, rounding=_measure_rounding(model, weights))
    page = write_weights(weights, card, path)
    return Packed(path=path, page=page, card=card, kept_float32=kept)


def _make_card(found: TrainedModel, path: Path) -> WeightsCard:
    """Return the trial's card with the commands that make the file again. The file's header can hold it.

    Raises:
        DataError: the trial's files have values that no card can have.
    """
    try:
        card = dataclasses.replace(found.card, commands=_make_commands(found, path))
        return parse_card(json.loads(card.to_json()))
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"{found.named}: a weights file cannot hold its card ({one_line(error)}); its {CARD} or the run's "
            "run.json was changed; train it again in another folder"
        ) from error


def _make_commands(found: TrainedModel, path: Path) -> tuple[str, ...]:
    """Return the commands that make the file again, to be called in the folder above `runs`.

    The command that trains names its run explicitly, so that the command that packs finds it. The default name
    depends on the data's fingerprint, which may differ on another machine for the same phantom.
    """
    assert found.trial is not None  # noqa: S101 - `pack` takes a trial's folder
    trial = found.trial.resolve()
    run = f"{RUNS}/{trial.parent.parent.name}"
    training = (_set_out(line, run) for line in found.card.commands)
    return *training, shlex.join(["lvzoo", "pack", f"{run}/trials/{trial.name}", "--out", path.name])


def _set_out(command: str, run: str) -> str:
    """Return a command with `--out RUN` in place of the folder that it named, if any."""
    words = shlex.split(command)
    if "--out" in words:
        at = words.index("--out")
        del words[at : at + 2]
    return shlex.join([*words, "--out", run])


# --- Rounding -------------------------------------------------------------------------------------------------


def _round_weights(model: nn.Module) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """Return the weights in float16, and the names of the tensors that stay float32.

    A parameter becomes float16 if no value overflows; values that underflow add nothing to a network's sums. A
    buffer (statistics of batch norms, constants) may be a divisor or an index. It becomes float16 only if every value
    is within float16's relative error.
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


def _measure_rounding(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> Rounding:
    """Measure the cost of rounding on the test frames of a small phantom. The model then has rounded weights."""
    frames = Phantom(cached_phantom(size=PHANTOM, seed=0)).load("test")
    before_NHW = _predict(model, frames)
    model.load_state_dict(dict(weights))
    after_NHW = _predict(model, frames)
    # two empty masks agree perfectly, and would hide that the model finds nothing
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
        log.warning("Dice is %.3f on the %s; check that this is the right model", cost.before, cost.data)
    if cost.agreement < LEAST_AGREEMENT:
        log.warning(
            "rounding to float16 changed the masks: Dice between before and after is %.3f", cost.agreement
        )
    return cost


def _predict(model: nn.Module, frames: FrameSet) -> NDArray[np.bool_]:
    """Return the masks (N, H, W), predicted in float32 on the CPU."""
    return predict_masks(model, frames.frames_NHW, device=torch.device("cpu"), precision=torch.float32)
