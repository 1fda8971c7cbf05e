"""Computes the score that chooses the best epoch of a training: the mean Dice on the validation frames."""

from __future__ import annotations

import pandas as pd
import torch
from torch import nn

from lvzoo.evaluate.dice import dice_N
from lvzoo.evaluate.predict import predict_masks
from lvzoo.types import FrameSet


def mean_dice(model: nn.Module, frames: FrameSet, *, device: torch.device, precision: torch.dtype) -> float:
    """Return the mean Dice of a model: averaged over each patient's frames, then over patients."""
    masks_NHW = predict_masks(model, frames.frames_NHW, device=device, precision=precision)
    dice = dice_N(masks_NHW, frames.masks_NHW)
    return float(pd.Series(dice).groupby(list(frames.patients)).mean().mean())
