"""The subject of the checks: one entry, and the models, frames and helpers that several checks share.

Letters in names: B batch, K landmarks, H rows, W columns, N frames, P contour points.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LinearLR

from lvzoo.device import autocast
from lvzoo.errors import PluginError
from lvzoo.evaluate.dice import dice_N
from lvzoo.evaluate.validate import mean_dice
from lvzoo.interfaces import LVModel, Trainer
from lvzoo.models.build import as_trained, build_model
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.plugins import Plugin, resolve
from lvzoo.train.memory import FramesInMemory
from lvzoo.types import Batch, Entry, Fitted, FrameSet, OnEpoch, Prediction, Recipe, Split, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PHANTOM: Final = "smoke"
FRAMES: Final = 8
MOST_STEPS: Final = 400
STEPS_PER_MEASUREMENT: Final = 20
DICE_TO_REACH: Final = 0.9
"""A model whose shape is limited can reach it too: the tapered ellipse of docs/examples has a ceiling of 0.94."""
CPU: Final = torch.device("cpu")
mean_dice_on_cpu: Final = partial(mean_dice, device=CPU, precision=torch.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Overfit:
    """What a model predicts for a batch after it was trained on that batch alone, and how long that took."""

    prediction: Prediction
    dice: float
    length: str
    """The length of the training, for a message: "60 steps"."""


class Subject:
    """One entry under check, on the CPU in float32. `missing` names required modules that are not installed."""

    def __init__(self, entry: Entry, plugin: Plugin, missing: tuple[str, ...] = ()) -> None:
        self.entry = entry
        self.plugin = plugin
        self.missing = missing
        self.stopped_by: str | None = None
        """The essential check that failed, if any; the checks after it are skipped."""

    def build(self, *, seed: int = 0) -> nn.Module:
        """Build a new model in the memory format of training and testing; no weights are downloaded."""
        return build_model(as_trained(self.entry), seed=seed).to(memory_format=torch.channels_last)

    def split(self, split: Split) -> FrameSet:
        """Return a split of the smallest phantom, which is made and cached if it is missing."""
        return Phantom(cached_phantom(size=PHANTOM, seed=0)).load(split)

    @cached_property
    def batch(self) -> Batch:
        """The first eight training frames of the smallest phantom."""
        return FramesInMemory(self.split("train"), CPU).batch(torch.arange(FRAMES))

    @cached_property
    def overfit(self) -> Overfit:
        """The result of training on this one batch: by the family's own trainer if it has one, else by AdamW."""
        return self._overfit_by_own_trainer() if self.entry.family.trainer else self._overfit_by_adamw()

    def _overfit_by_adamw(self) -> Overfit:
        """Train for up to MOST_STEPS steps of AdamW, and stop early if the model reaches DICE_TO_REACH.

        The learning rate is a quarter of the recipe's peak rate, with a linear warm-up.
        """
        recipe = self.recipe
        model = self.build()
        optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate / 4)
        warm_up = LinearLR(optimiser, start_factor=0.05, total_iters=STEPS_PER_MEASUREMENT)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for steps in range(1, MOST_STEPS + 1):
                model.train()
                optimiser.zero_grad()
                compute_loss(model, self.batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
                nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
                optimiser.step()
                warm_up.step()
                if steps % STEPS_PER_MEASUREMENT == 0:
                    result = self._measure(model, f"{steps} steps")
                    if result.dice > DICE_TO_REACH:
                        break
        return result

    def _overfit_by_own_trainer(self) -> Overfit:
        """Train for the recipe's epochs; the frames are repeated so that there are MOST_STEPS batches in all."""
        recipe = dataclasses.replace(self.recipe, batch_size=FRAMES)
        frames = select_rows(self.split("train"), range(FRAMES))
        copies = math.ceil(MOST_STEPS / recipe.epochs)
        fitted = self.fit(select_rows(frames, list(range(FRAMES)) * copies), frames, recipe)
        return self._measure(fitted.model, f"{recipe.epochs} epochs of its own trainer")

    @property
    def recipe(self) -> Recipe:
        """The entry's recipe, but in float32 and without augmentation."""
        values = {**self.entry.recipe, "precision": "float32", "augment": "none"}
        return Recipe(**values)  # type: ignore[arg-type] # the registry has checked the types

    def fit(
        self, train: FrameSet, val: FrameSet, recipe: Recipe, *, on_epoch: OnEpoch = lambda _epoch: None
    ) -> Fitted:
        """Train a new model with the family's own trainer."""
        trainer: Trainer = resolve(self.entry.family.trainer or "")()
        with tempfile.TemporaryDirectory(prefix="lvzoo-") as folder, torch.random.fork_rng(devices=[]):
            return trainer.fit(
                self.build(),
                train,
                val,
                recipe,
                Trial(entry=as_trained(self.entry), data="check", seed=0, recipe=recipe),
                score=mean_dice_on_cpu,
                device=CPU,
                checkpoints=Path(folder),
                on_epoch=on_epoch,
                on_batch=None,
            )

    def _measure(self, model: nn.Module, length: str) -> Overfit:
        """Return the model's prediction for the batch and its mean Dice."""
        prediction = predict(model, self.batch.frames_B1HW)
        dice_B = dice_N(prediction.masks_BHW, self.batch.masks_BHW.numpy())
        return Overfit(prediction=prediction, dice=float(dice_B.mean()), length=length)


def select_rows(frames: FrameSet, rows: Sequence[int]) -> FrameSet:
    """Return the frames at the given rows of a set, in that order; a row may occur more than once."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(frames):
        values = getattr(frames, field.name)
        if isinstance(values, np.ndarray):
            changed[field.name] = values[list(rows)]
        elif isinstance(values, tuple):
            changed[field.name] = tuple(values[row] for row in rows)
    return dataclasses.replace(frames, **changed)


def noise_frames(count: int, size_HW: tuple[int, int]) -> torch.Tensor:
    """Return frames (B, 1, H, W) of grey noise; the noise is the same in every call."""
    frames_B1HW = torch.rand(count, 1, *size_HW, generator=torch.Generator().manual_seed(0))
    return frames_B1HW.contiguous(memory_format=torch.channels_last)


def compute_loss(model: nn.Module, batch: Batch, *, precision: torch.dtype = torch.float32) -> torch.Tensor:
    """Return the model's loss for a batch, as in training: `forward` in a precision, the loss outside autocast."""
    frames_B1HW = batch.frames_B1HW.contiguous(memory_format=torch.channels_last)
    with autocast(CPU, precision):
        output = model(frames_B1HW)
    return cast("LVModel", model).loss(output, batch)


def forward(model: nn.Module, frames_B1HW: torch.Tensor) -> torch.Tensor:
    """Return the model's output in eval mode, without a gradient.

    Raises:
        PluginError: the output is not a tensor of floating-point numbers with one row per frame, or is not finite.
    """
    model.eval()
    with torch.inference_mode():
        output: object = model(frames_B1HW)
    found = f"forward returned {describe_value(output)} for frames {tuple(frames_B1HW.shape)}"
    if not isinstance(output, torch.Tensor):
        raise PluginError(f"{found}; return one tensor, and let decode turn it into masks")
    if not output.is_floating_point() or output.ndim < 2 or len(output) != len(frames_B1HW):
        raise PluginError(f"{found}; return floating-point numbers with one row per frame")
    if not torch.isfinite(output).all():
        raise PluginError(f"{found} with values that are not finite; avoid dividing by 0 and log(0)")
    return output


def decode(model: nn.Module, output: torch.Tensor, size_HW: tuple[int, int]) -> Prediction:
    """Return the model's prediction for an output.

    Raises:
        PluginError: the masks are not bool, not one per frame, or not of the frame's size.
    """
    with torch.inference_mode():
        prediction: object = cast("LVModel", model).decode(output, size_HW=size_HW)
    if not isinstance(prediction, Prediction):
        raise PluginError(
            f"decode returned {describe_value(prediction)}; return a Prediction, from lvzoo.types"
        )
    masks_BHW: object = prediction.masks_BHW
    shape = (len(output), *size_HW)
    if not isinstance(masks_BHW, np.ndarray) or masks_BHW.shape != shape or masks_BHW.dtype != np.bool_:
        raise PluginError(
            f"decode returned masks_BHW as {describe_value(masks_BHW)}; return a numpy array of bool {shape}"
        )
    return prediction


def predict(model: nn.Module, frames_B1HW: torch.Tensor) -> Prediction:
    """Return the model's prediction for frames.

    Raises:
        PluginError: the output or the masks are not what the contract asks for.
    """
    rows, columns = frames_B1HW.shape[-2:]
    return decode(model, forward(model, frames_B1HW), (rows, columns))


def landmarks_of(prediction: Prediction) -> NDArray[np.float32]:
    """Return the landmarks (B, K, 2) of a landmark model's prediction.

    Raises:
        PluginError: there are none.
    """
    if prediction.landmarks_BK2 is None:
        raise PluginError(
            "decode returned no landmarks; return Prediction(landmarks_BK2=...), or declare kind='mask'"
        )
    return prediction.landmarks_BK2


def describe_value(value: object) -> str:
    """Return a value's type, and its element type and shape if it has them: "a Tensor of float32 (8, 1)"."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None:
        return f"a {type(value).__name__}"
    return f"a {type(value).__name__} of {str(dtype).removeprefix('torch.')} {tuple(shape)}"
