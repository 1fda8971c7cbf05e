"""Checks of training: the loss, its gradient, and whether the model can learn at all.

Letters in names: B batch, K landmarks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from lvzoo.errors import PluginError
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.geometry.contour import landmark_stride
from lvzoo.plugins import resolve
from lvzoo.testing.subject import CPU, DICE_TO_REACH, loss_of
from lvzoo.types import Epoch, Recipe, Trial

if TYPE_CHECKING:
    from lvzoo.interfaces import Trainer
    from lvzoo.testing.subject import Subject

SHOWN: Final = 3


def loss(subject: Subject) -> None:
    """The loss of a training batch is one finite number with a gradient."""
    model = subject.build().train()
    value: object = loss_of(model, subject.batch)
    if not isinstance(value, torch.Tensor) or value.ndim:
        raise PluginError(
            f"loss gave {_described(value)}; return one number, such as the mean over the batch"
        )
    if not torch.isfinite(value):
        raise PluginError(
            f"the loss of a training batch is {value.item()}; compute it in float32, and keep logarithms off 0"
        )
    if not value.requires_grad:
        raise PluginError(
            "the loss has no gradient; compute it with torch from the output, without detach() or numpy"
        )


def gradients(subject: Subject) -> None:
    """Every trainable parameter gets a finite gradient."""
    model = subject.build().train()
    loss_of(model, subject.batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    trained = {name: each.grad for name, each in model.named_parameters() if each.requires_grad}
    if without := [name for name, gradient in trained.items() if gradient is None]:
        raise PluginError(
            f"{_few(without)} get no gradient; use them in forward, remove them, or freeze them with "
            "requires_grad_(False)"
        )
    if wild := [
        name for name, gradient in trained.items() if gradient is not None and not gradient.isfinite().all()
    ]:
        raise PluginError(
            f"the gradients of {_few(wild)} are not finite; look for sqrt or norm at 0 in the loss"
        )


def black_batch(subject: Subject) -> None:
    """Black frames in training leave the loss finite."""
    batch = subject.batch
    black = type(batch)(
        frames_B1HW=torch.zeros_like(batch.frames_B1HW),
        masks_BHW=batch.masks_BHW,
        contours_BP2=batch.contours_BP2,
    )
    value = loss_of(subject.build().train(), black)
    if not torch.isfinite(value):
        raise PluginError(
            f"the loss of black frames is {value.item()}; add a small number where you divide by a spread"
        )


def overfits(subject: Subject) -> None:
    """Trained on eight phantom frames, the model reaches a Dice above 0.9 on them."""
    fitted = subject.overfitted
    if not fitted.dice > DICE_TO_REACH:
        raise PluginError(
            f"after {fitted.steps} steps on {len(fitted.prediction.masks_BHW)} frames its Dice there is "
            f"{fitted.dice:.3f}, not above {DICE_TO_REACH}; see that loss and decode mean the same output, that "
            "points are (x, y), and that frames are 0..1"
        )


def landmark_order(subject: Subject) -> None:
    """Trained on eight phantom frames, the landmarks run left annulus, left wall, apex, right wall, right annulus."""
    points_BK2 = subject.overfitted.prediction.landmarks_BK2
    if points_BK2 is None:
        raise PluginError("decode gives no landmarks; give Prediction(landmarks_BK2=...)")
    reference_BK2 = subject.batch.contours_BP2[:, :: landmark_stride(points_BK2.shape[1])].numpy()
    off_px = float(np.linalg.norm(points_BK2 - reference_BK2, axis=-1).mean())
    others = {"in reverse": reference_BK2[:, ::-1], "as (y, x)": reference_BK2[..., ::-1]}
    for how, other_BK2 in others.items():
        if float(np.linalg.norm(points_BK2 - other_BK2, axis=-1).mean()) < off_px:
            raise PluginError(
                f"the landmarks fit the references better {how}; order them left annulus to right annulus, (x, y)"
            )


def own_trainer(subject: Subject) -> None:
    """The family's own trainer runs one epoch and gives back a model that predicts."""
    entry = subject.entry
    trainer: Trainer = resolve(entry.family.trainer or "")()
    recipe = Recipe(**{**entry.recipe, "epochs": 1})  # type: ignore[arg-type] # the registry has checked every type
    score = FrameEvaluator(CPU, torch.float32).mean_dice
    told: list[Epoch] = []
    with tempfile.TemporaryDirectory(prefix="lvzoo-") as folder, torch.random.fork_rng(devices=[]):
        fitted = trainer.fit(
            subject.build(),
            subject.split("train"),
            subject.split("val"),
            recipe,
            Trial(entry=entry, data="check", seed=0, recipe=recipe),
            score=score,
            device=CPU,
            checkpoints=Path(folder),
            on_epoch=told.append,
            on_batch=None,
        )
    if len(fitted.history) != 1 or len(told) != 1 or fitted.best_epoch != 1:
        raise PluginError(
            f"one epoch was asked for; the trainer told {len(told)} to on_epoch and returned {len(fitted.history)} "
            f"with best_epoch {fitted.best_epoch}; recipe.epochs says how many, and they count from 1"
        )
    score(fitted.model, subject.split("val"))


def _described(value: object) -> str:
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + (f" of shape {tuple(shape)}" if shape is not None else "")


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
