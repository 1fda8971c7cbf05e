"""What a check looks at: one entry, and what several checks need made once.

Letters in names: B batch, H rows, W columns, P contour points.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final, TypeVar, cast

import numpy as np
import torch
from torch import nn

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

PHANTOM: Final = "smoke"
FRAMES: Final = 8
MOST_STEPS: Final = 400
STEPS_A_LOOK: Final = 20
DICE_TO_REACH: Final = 0.9
CPU: Final = torch.device("cpu")
SCORE: Final = partial(mean_dice, device=CPU, precision=torch.float32)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Overfitted:
    """A model that was trained on one batch until its mean Dice there passed DICE_TO_REACH, or the steps ran out."""

    prediction: Prediction
    dice: float
    steps: int
    by: str = "steps"
    """What `steps` counts."""


class Subject:
    """One entry under check, on the CPU in float32; `missing` names required modules that are not installed."""

    def __init__(self, entry: Entry, plugin: Plugin, missing: tuple[str, ...] = ()) -> None:
        self.entry = entry
        self.plugin = plugin
        self.missing = missing
        self.stopped_by: str | None = None
        """The failed check without which the others cannot be made."""

    def build(self, *, seed: int = 0) -> nn.Module:
        """Build a new model, laid out in memory as training and testing lay it out; no weights are downloaded."""
        return build_model(as_trained(self.entry), seed=seed).to(memory_format=torch.channels_last)

    def split(self, split: Split) -> FrameSet:
        """Return a split of the smallest phantom, which is made and cached when missing."""
        return Phantom(cached_phantom(size=PHANTOM, seed=0)).load(split)

    @cached_property
    def batch(self) -> Batch:
        """Eight training frames of the smallest phantom."""
        return FramesInMemory(self.split("train"), CPU).batch(torch.arange(FRAMES))

    @cached_property
    def overfitted(self) -> Overfitted:
        """The model trained on this one batch: by the family's own trainer where it has one, else by AdamW."""
        return (
            self._overfit_plainly() if self.entry.family.trainer is None else self._overfit_by_own_trainer()
        )

    def _overfit_plainly(self) -> Overfitted:
        """Take up to MOST_STEPS steps of AdamW, and stop early where the model fits.

        The rate is a quarter of the peak that the entry's recipe trains at, warmed up over the first steps.
        """
        recipe = self.recipe
        model = self.build()
        optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate / 4)
        warmed = torch.optim.lr_scheduler.LinearLR(optimiser, start_factor=0.05, total_iters=STEPS_A_LOOK)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for steps in range(1, MOST_STEPS + 1):
                model.train()
                optimiser.zero_grad()
                loss_of(model, self.batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
                nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
                optimiser.step()
                warmed.step()
                if steps % STEPS_A_LOOK == 0 and (fitted := self._look(model, steps)).dice > DICE_TO_REACH:
                    break
        return fitted

    def _overfit_by_own_trainer(self) -> Overfitted:
        """Fit for the recipe's epochs, the batch's frames repeated so that batches of them make MOST_STEPS steps."""
        recipe = dataclasses.replace(self.recipe, batch_size=FRAMES)
        frames = rows_of(self.split("train"), range(FRAMES))
        copies = math.ceil(MOST_STEPS / recipe.epochs)
        fitted = self.fit(rows_of(frames, list(range(FRAMES)) * copies), frames, recipe)
        return self._look(fitted.model, recipe.epochs, by="epochs of its own trainer")

    @property
    def recipe(self) -> Recipe:
        """The entry's own recipe, in float32 and without augmentation."""
        settled = {**self.entry.recipe, "precision": "float32", "augment": "none"}
        return Recipe(**settled)  # type: ignore[arg-type] # the registry has checked every type

    def fit(
        self, train: FrameSet, val: FrameSet, recipe: Recipe, *, on_epoch: OnEpoch = lambda _epoch: None
    ) -> Fitted:
        """Train a new model by the family's own trainer."""
        trainer: Trainer = resolve(self.entry.family.trainer or "")()
        with tempfile.TemporaryDirectory(prefix="lvzoo-") as folder, torch.random.fork_rng(devices=[]):
            return trainer.fit(
                self.build(),
                train,
                val,
                recipe,
                Trial(entry=as_trained(self.entry), data="check", seed=0, recipe=recipe),
                score=SCORE,
                device=CPU,
                checkpoints=Path(folder),
                on_epoch=on_epoch,
                on_batch=None,
            )

    def _look(self, model: nn.Module, steps: int, *, by: str = "steps") -> Overfitted:
        prediction = predict(model, self.batch.frames_B1HW)
        dice_B = dice_N(prediction.masks_BHW, self.batch.masks_BHW.numpy())
        return Overfitted(prediction=prediction, dice=float(dice_B.mean()), steps=steps, by=by)


def rows_of(frames: FrameSet, rows: Sequence[int]) -> FrameSet:
    """Return some frames of a set, in the order given, any of them more than once."""

    def tuple_of(values: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(values[row] for row in rows)

    return dataclasses.replace(
        frames,
        frames_NHW=frames.frames_NHW[list(rows)],
        masks_NHW=frames.masks_NHW[list(rows)],
        contours_NP2=frames.contours_NP2[list(rows)],
        sectors=tuple_of(frames.sectors),
        patients=tuple_of(frames.patients),
        videos=tuple_of(frames.videos),
        frame_indices=tuple_of(frames.frame_indices),
        phases=tuple_of(frames.phases),
        spacing_mm=None if frames.spacing_mm is None else tuple_of(frames.spacing_mm),
    )


def noise_frames(count: int, size_HW: tuple[int, int]) -> torch.Tensor:
    """Return frames (B, 1, H, W) of grey noise, the same ones each time."""
    frames_B1HW = torch.rand(count, 1, *size_HW, generator=torch.Generator().manual_seed(0))
    return frames_B1HW.contiguous(memory_format=torch.channels_last)


def loss_of(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Return the model's loss on a batch, computed as training computes it."""
    frames_B1HW = batch.frames_B1HW.contiguous(memory_format=torch.channels_last)
    return cast("LVModel", model).loss(model(frames_B1HW), batch)


def forward(model: nn.Module, frames_B1HW: torch.Tensor) -> torch.Tensor:
    """Return the model's output as prediction computes it: eval mode, no gradient.

    Raises:
        PluginError: the output is no tensor of floating-point numbers with a row a frame, or not finite.
    """
    model.eval()
    with torch.inference_mode():
        output: object = model(frames_B1HW)
    given = f"forward gave {_described(output)} for frames {tuple(frames_B1HW.shape)}"
    if not isinstance(output, torch.Tensor):
        raise PluginError(f"{given}; return one tensor, and let decode make masks of it")
    if not output.is_floating_point() or output.ndim < 2 or len(output) != len(frames_B1HW):
        raise PluginError(f"{given}; return floating-point numbers whose first dimension is the batch")
    if not torch.isfinite(output).all():
        raise PluginError(
            f"{given} that are not all finite; look for a division by zero or a logarithm of it"
        )
    return output


def decode(model: nn.Module, output: torch.Tensor, size_HW: tuple[int, int]) -> Prediction:
    """Return what the model makes of an output.

    Raises:
        PluginError: its masks are not bool, not one a frame, or not of the frame's size.
    """
    with torch.inference_mode():
        prediction: object = cast("LVModel", model).decode(output, size_HW=size_HW)
    if not isinstance(prediction, Prediction):
        raise PluginError(f"decode gave {_described(prediction)}; return a Prediction of lvzoo.types")
    masks_BHW: object = prediction.masks_BHW
    due = (len(output), *size_HW)
    if not isinstance(masks_BHW, np.ndarray) or masks_BHW.shape != due or masks_BHW.dtype != np.bool_:
        raise PluginError(f"decode gave masks as {_described(masks_BHW)}; give a numpy array of bool {due}")
    return prediction


def predict(model: nn.Module, frames_B1HW: torch.Tensor) -> Prediction:
    """Return the model's prediction for frames, its output and masks checked on the way."""
    rows, columns = frames_B1HW.shape[-2:]
    return decode(model, forward(model, frames_B1HW), (rows, columns))


def _described(value: object) -> str:
    """Return the type of a value, and where it has them its shape and the type of its elements."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None:
        return f"a {type(value).__name__}"
    return f"a {type(value).__name__} of {str(dtype).removeprefix('torch.')} {tuple(shape)}"
