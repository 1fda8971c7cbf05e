"""Checks of training: the loss, its gradient, and whether the model can learn.

Letters in names: B batch, K landmarks, P contour points.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from lvzoo.errors import PluginError, name_some
from lvzoo.geometry.contour import landmark_stride
from lvzoo.testing.subject import (
    DICE_TO_REACH,
    FRAMES,
    compute_loss,
    describe_value,
    landmarks_of,
    mean_dice_on_cpu,
    select_rows,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from lvzoo.testing.subject import Subject
    from lvzoo.types import Epoch

BATCHES_PER_EPOCH: Final = 100
"""Length of the one epoch of a family's own trainer: enough for a trainer that works to improve the model."""
DICE_TOLERANCE: Final = 1e-6
FAR_PX: Final = 5.0
"""Mean distance from the reference landmarks that is too large if the masks fit."""


def loss(subject: Subject) -> None:
    """The loss of a training batch is one finite number with a gradient."""
    value: object = compute_loss(subject.build().train(), subject.batch)
    if not isinstance(value, torch.Tensor) or value.ndim:
        raise PluginError(
            f"loss returned {describe_value(value)}; return one number, such as the mean over the batch"
        )
    if not torch.isfinite(value):
        raise PluginError(
            f"the loss of a training batch is {value.item()}; compute it in float32, and avoid log(0)"
        )
    if not value.requires_grad:
        raise PluginError(
            "the loss has no gradient; compute it with torch from the output, without detach() or numpy"
        )


def gradients(subject: Subject) -> None:
    """Every trainable parameter gets a finite gradient that is not all 0, at the latest after one step."""
    model = subject.build().train()
    first = _compute_gradients(model, subject)
    torch.optim.AdamW(model.parameters(), lr=subject.recipe.learning_rate / 4).step()
    model.zero_grad()
    second = _compute_gradients(model, subject)
    # A branch behind a factor that starts at 0 (for example a residual branch) has a gradient after one step.
    if dead := [name for name in first if not (first[name].any() or second[name].any())]:
        raise PluginError(
            f"the gradients of {name_some(dead, 3)} are all 0, also after a step; look for an operation that has no "
            "gradient (round, clamp, an activation that is always 0), or freeze them with requires_grad_(False)"
        )


def _compute_gradients(model: nn.Module, subject: Subject) -> dict[str, torch.Tensor]:
    """Return the gradient of each trainable parameter for the batch.

    Raises:
        PluginError: a parameter has no gradient, or a gradient is not finite.
    """
    compute_loss(model, subject.batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    trained = {name: each.grad for name, each in model.named_parameters() if each.requires_grad}
    if without := [name for name, gradient in trained.items() if gradient is None]:
        raise PluginError(
            f"{name_some(without, 3)} get no gradient; use them in forward, remove them, or freeze them with "
            "requires_grad_(False)"
        )
    found = {name: gradient.clone() for name, gradient in trained.items() if gradient is not None}
    if not_finite := [name for name, gradient in found.items() if not gradient.isfinite().all()]:
        raise PluginError(
            f"the gradients of {name_some(not_finite, 3)} are not finite; look for sqrt or norm of 0 in the loss"
        )
    return found


def black_batch(subject: Subject) -> None:
    """The loss of a training batch of black frames is finite."""
    batch = subject.batch
    black = dataclasses.replace(batch, frames_B1HW=torch.zeros_like(batch.frames_B1HW))
    value = compute_loss(subject.build().train(), black)
    if not torch.isfinite(value):
        raise PluginError(
            f"the loss of black frames is {value.item()}; add a small number to what you divide by"
        )


def overfits(subject: Subject) -> None:
    """Trained on eight phantom frames, the model reaches a Dice above 0.9 on them."""
    result = subject.overfit
    if not result.dice > DICE_TO_REACH:
        raise PluginError(
            f"after {result.length} on {FRAMES} frames, the Dice on these frames is {result.dice:.3f}, not above "
            f"{DICE_TO_REACH}; check that loss and decode read the output in the same way, that points are (x, y), "
            "and that the network expects frames from 0 to 1"
        )


def landmark_order(subject: Subject) -> None:
    """Trained on eight phantom frames, the landmarks run left annulus, left wall, apex, right wall, right annulus."""
    points_BK2 = landmarks_of(subject.overfit.prediction)
    reference_BK2 = subject.batch.contours_BP2[:, :: landmark_stride(points_BK2.shape[1])].numpy()
    distance_px = _mean_distance_px(points_BK2, reference_BK2)
    mistakes = {"in reverse order": reference_BK2[:, ::-1], "as (y, x)": reference_BK2[..., ::-1]}
    for how, mistaken_BK2 in mistakes.items():
        if _mean_distance_px(points_BK2, mistaken_BK2) < distance_px:
            raise PluginError(
                f"the landmarks fit the references better {how}; return (x, y), from the left annulus over the "
                "apex to the right annulus"
            )
    if subject.overfit.dice > DICE_TO_REACH and distance_px > FAR_PX:
        raise PluginError(
            f"the masks fit, but the landmarks are {distance_px:.1f} px from the references; return pixels of the "
            "frame, at equal arc lengths, in the order left annulus, left wall, apex, right wall, right annulus"
        )


def _mean_distance_px(points_BK2: NDArray[np.floating], others_BK2: NDArray[np.floating]) -> float:
    return float(np.linalg.norm(points_BK2 - others_BK2, axis=-1).mean())


def own_trainer(subject: Subject) -> None:
    """The family's own trainer runs one epoch, reports the true Dice, and returns a better model."""
    train, val = subject.split("train"), subject.split("val")
    recipe = dataclasses.replace(subject.recipe, epochs=1, batch_size=FRAMES)
    copies = math.ceil(BATCHES_PER_EPOCH * FRAMES / len(train))
    repeated = select_rows(train, list(range(len(train))) * copies)
    reported: list[Epoch] = []
    fitted = subject.fit(repeated, val, recipe, on_epoch=reported.append)
    if len(fitted.history) != 1 or len(reported) != 1 or fitted.best_epoch != 1:
        raise PluginError(
            f"for recipe.epochs=1, the trainer called on_epoch {len(reported)} times and returned a history of "
            f"{len(fitted.history)} epochs with best_epoch {fitted.best_epoch}; train recipe.epochs epochs, and "
            "count them from 1"
        )
    epoch, dice = fitted.history[0], mean_dice_on_cpu(fitted.model, val)
    untrained_dice = mean_dice_on_cpu(subject.build(), val)
    if not math.isfinite(epoch.train_loss):
        raise PluginError(
            f"the trainer reports a train_loss of {epoch.train_loss}; report the mean of the epoch, or raise an "
            "LvzooError"
        )
    if not abs(epoch.val_dice - dice) <= DICE_TOLERANCE:
        raise PluginError(
            f"the trainer reports a val_dice of {epoch.val_dice:.6f}, but the model that it returns has {dice:.6f}; "
            "report score(model, val), and return the model with the weights of its best epoch"
        )
    if not dice > untrained_dice:
        raise PluginError(
            f"after an epoch of {len(repeated)} frames the Dice is {dice:.3f}, and before it {untrained_dice:.3f}; "
            "check that the trainer changes the weights of the model that it returns"
        )
