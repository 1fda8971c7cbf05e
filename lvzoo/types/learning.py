"""What models take and give, and what training and evaluation hand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch
    from numpy.typing import NDArray
    from torch import nn

    from lvzoo.types.frames import FrameSet

FAILURE_DICE: Final = 0.5
"""A frame that scores less is a failure: the model did not find the ventricle."""

SCORE_COLUMNS: Final = (
    *("model", "seed", "patient", "video", "frame", "phase", "corruption", "severity"),
    *("dice", "nsd1", "nsd2", "hd95", "assd", "area_pred", "area_ref"),
    *("components", "holes", "apex_below_base"),
)
"""Columns of a table of scores: one row a frame under one condition.

`dice`, `nsd1` and `nsd2` (surface Dice at 1 and 2 px) are fractions; `hd95` and `assd` are pixels, areas numbers of
pixels. `components` and `holes` count those of the predicted mask; `apex_below_base` tells that it lies beyond the
mitral plane.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One training batch on the model's device: frames float32 0..1, masks bool, contours float32 px."""

    frames_B1HW: torch.Tensor
    masks_BHW: torch.Tensor
    contours_BP2: torch.Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What every model ends in, whatever its kind: masks, and landmarks (px) where it has them."""

    masks_BHW: NDArray[np.bool_]
    landmarks_BK2: NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """One line of a trial's history; epochs count from 1."""

    epoch: int
    train_loss: float
    val_dice: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A trained model (with the weights of its best epoch by validation Dice) and its history."""

    model: nn.Module
    history: tuple[Epoch, ...]
    best_epoch: int


Scores: TypeAlias = "pd.DataFrame"
"""A table with the columns SCORE_COLUMNS."""
ScoreModel: TypeAlias = "Callable[[nn.Module, FrameSet], float]"
"""The validation score that a trainer maximises: mean Dice of a model on clean frames."""
OnEpoch: TypeAlias = Callable[[Epoch], None]
OnBatch: TypeAlias = "Callable[[int, int, torch.Tensor], None]"
"""Called with (steps done, steps of the whole training, loss); only who reads the loss waits for the device."""
