"""Checks of training: the loss, its gradient, and whether the model can learn at all.

Letters in names: B batch, K landmarks.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from lvzoo.errors import PluginError
from lvzoo.geometry.contour import landmark_stride
from lvzoo.testing.subject import DICE_TO_REACH, FRAMES, SCORE, loss_of, rows_of

if TYPE_CHECKING:
    from torch import nn

    from lvzoo.testing.subject import Subject
    from lvzoo.types import Epoch

SHOWN: Final = 3
STEPS_OF_AN_EPOCH: Final = 100
"""How long the one epoch of an own trainer is made, in batches: enough that who learns is better for it."""
SAME_DICE: Final = 1e-6
FAR_PX: Final = 5.0
"""Mean distance of landmarks from the references' that no model has whose masks fit and whose order is right."""


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
    """Every trainable parameter gets a finite gradient, which before or after one step is not all 0."""
    model = subject.build().train()
    first = _gradients_of(model, subject)
    torch.optim.AdamW(model.parameters(), lr=subject.recipe.learning_rate / 4).step()
    model.zero_grad()
    second = _gradients_of(model, subject)
    # What begins behind a factor of 0 (a residual branch, say) gets its gradient once that factor has moved.
    if dead := [name for name in first if not (first[name].any() or second[name].any())]:
        raise PluginError(
            f"the gradients of {_few(dead)} are all 0, also after a step; see what cuts them off (round, "
            "clamp, an activation that never fires), or freeze them with requires_grad_(False)"
        )


def _gradients_of(model: nn.Module, subject: Subject) -> dict[str, torch.Tensor]:
    """Return the gradient of each trainable parameter for the batch, all of them finite.

    Raises:
        PluginError: there is none for some parameter, or it is not finite.
    """
    loss_of(model, subject.batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    trained = {name: each.grad for name, each in model.named_parameters() if each.requires_grad}
    if without := [name for name, gradient in trained.items() if gradient is None]:
        raise PluginError(
            f"{_few(without)} get no gradient; use them in forward, remove them, or freeze them with "
            "requires_grad_(False)"
        )
    found = {name: gradient.clone() for name, gradient in trained.items() if gradient is not None}
    if wild := [name for name, gradient in found.items() if not gradient.isfinite().all()]:
        raise PluginError(
            f"the gradients of {_few(wild)} are not finite; look for sqrt or norm at 0 in the loss"
        )
    return found


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
            f"after {fitted.steps} {fitted.by} on {len(fitted.prediction.masks_BHW)} frames its Dice there is "
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
    if subject.overfitted.dice > DICE_TO_REACH and off_px > FAR_PX:
        raise PluginError(
            f"the masks fit, but the landmarks are {off_px:.1f} px from the references; give them in pixels of the "
            "frame, at equal arc lengths in the order left annulus, left wall, apex, right wall, right annulus"
        )


def own_trainer(subject: Subject) -> None:
    """The family's own trainer runs one epoch, tells its Dice truly, and gives back a better model than it got."""
    train, val = subject.split("train"), subject.split("val")
    recipe = dataclasses.replace(subject.recipe, epochs=1, batch_size=FRAMES)
    copies = math.ceil(STEPS_OF_AN_EPOCH * FRAMES / len(train))
    told: list[Epoch] = []
    fitted = subject.fit(rows_of(train, list(range(len(train))) * copies), val, recipe, on_epoch=told.append)
    if len(fitted.history) != 1 or len(told) != 1 or fitted.best_epoch != 1:
        raise PluginError(
            f"one epoch was asked for; the trainer told {len(told)} to on_epoch and returned {len(fitted.history)} "
            f"with best_epoch {fitted.best_epoch}; recipe.epochs says how many, and they count from 1"
        )
    epoch, dice, untrained = fitted.history[0], SCORE(fitted.model, val), SCORE(subject.build(), val)
    if not math.isfinite(epoch.train_loss):
        raise PluginError(
            f"the trainer tells a train_loss of {epoch.train_loss}; give the epoch's mean, or raise an LvzooError"
        )
    if not abs(epoch.val_dice - dice) <= SAME_DICE:
        raise PluginError(
            f"the trainer tells a val_dice of {epoch.val_dice:.6f}, but the model that it returns has {dice:.6f}; "
            "tell score(model, val), and return the model with the weights of its best epoch"
        )
    if not dice > untrained:
        raise PluginError(
            f"after an epoch of {copies * len(train)} frames the Dice is {dice:.3f}, and was {untrained:.3f} before; "
            "see that the trainer changes the weights of the model that it returns"
        )


def _described(value: object) -> str:
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + (f" of shape {tuple(shape)}" if shape is not None else "")


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
