"""Records of training and evaluation: batches, predictions, trained models, and the columns of score tables."""

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
"""A frame with a lower Dice counts as a failure: the model did not find the ventricle."""

VOLUME_COLUMNS: Final = ("volume_pred", "volume_ref", "volume_perfect", "ef_listed")
"""Columns of scores for the ejection fraction. NaN where a value is not known, as in the runs of earlier versions."""
LABEL_COLUMNS: Final = ("view", "quality")
"""Columns of scores that say more about a frame. "" where it is not known, as in the runs of earlier versions."""
SCORE_COLUMNS: Final = (
    *("model", "seed", "patient", "video", "frame", "phase", "corruption", "severity"),
    *("dice", "nsd1", "nsd2", "hd95", "assd", "area_pred", "area_ref"),
    *("components", "holes", "apex_below_base"),
    *VOLUME_COLUMNS,
    *LABEL_COLUMNS,
)
"""Columns of a table of scores. It has one row per model, training seed, frame and condition.

patient, video, frame, phase    which frame: its patient, its video, its index in the video, "ED", "ES" or "other"
corruption, severity            the condition: "clean" and 0, or a corruption at severity 1..5
dice                            foreground Dice, 0..1
nsd1, nsd2                      surface Dice at a tolerance of 1 and 2 px, 0..1
hd95, assd                      95th percentile of the boundary distances, and their mean, in px
area_pred, area_ref             areas of the predicted and of the reference mask, in pixels
components, holes               how many connected pieces and holes the predicted mask has
apex_below_base                 True if the apex of the predicted mask lies on the atrium's side of the mitral line
volume_pred                     volume of the prediction by the method of disks, px³: of a mask about its principal
                                axis, of landmarks about their own annulus and apex; NaN if it cannot be measured
volume_ref                      the same of the reference contour, about its annulus and apex
volume_perfect                  the same of a perfect prediction of this model's kind: the reference mask, or the
                                reference's landmarks
ef_listed                       ejection fraction of the frame's video in percent, as the data set lists it, or NaN
view, quality                   the frame's view and picture quality in the data set's own words, or ""
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One training batch on the model's device: frames float32 0..1, masks bool, contours float32 in px."""

    frames_B1HW: torch.Tensor
    masks_BHW: torch.Tensor
    contours_BP2: torch.Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """The prediction of any model: masks, and for landmark models also the (x, y) landmarks in px."""

    masks_BHW: NDArray[np.bool_]
    landmarks_BK2: NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """One line of a trial's history: an epoch's number (from 1), mean training loss, validation Dice and time."""

    epoch: int
    train_loss: float
    val_dice: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A trained model with the weights of its best epoch (highest validation Dice), and its history."""

    model: nn.Module
    history: tuple[Epoch, ...]
    best_epoch: int


Scores: TypeAlias = "pd.DataFrame"
"""A table with the columns SCORE_COLUMNS."""
ScoreModel: TypeAlias = "Callable[[nn.Module, FrameSet], float]"
"""The validation score that chooses the best epoch: a model's mean Dice on clean frames."""
OnEpoch: TypeAlias = Callable[[Epoch], None]
OnBatch: TypeAlias = "Callable[[int, int, torch.Tensor], None]"
"""Called with (steps done, total steps, loss). The loss is still a tensor: reading its value waits for the device."""
