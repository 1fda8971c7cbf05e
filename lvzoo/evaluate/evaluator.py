"""Frames and a model in, a row of scores a frame out: the same for masks and landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.device import autocast
from lvzoo.errors import PluginError
from lvzoo.evaluate.dice import dice_N
from lvzoo.interfaces import LVModel
from lvzoo.types import Condition, FrameSet, Prediction, Scores

BATCH_SIZE = 64


def predict_batches(
    model: nn.Module, frames_NHW: NDArray[np.uint8], *, device: torch.device, precision: torch.dtype
) -> Iterator[Prediction]:
    """Yield a model's predictions for grey frames, batch by batch, in order.

    Raises:
        PluginError: the model's masks are not of the frames' size and type.
    """
    size_HW = (frames_NHW.shape[1], frames_NHW.shape[2])
    model.eval()
    for start in range(0, len(frames_NHW), BATCH_SIZE):
        chunk_BHW = np.array(frames_NHW[start : start + BATCH_SIZE])
        frames_B1HW = torch.from_numpy(chunk_BHW).to(device)[:, None] / 255
        frames_B1HW = frames_B1HW.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            with autocast(device, precision):
                output = model(frames_B1HW)
            prediction = cast("LVModel", model).decode(output, size_HW=size_HW)
        _check(prediction.masks_BHW, chunk_BHW.shape, model)
        yield prediction


class DiceEvaluator:
    """Scores every frame by foreground Dice against its reference mask."""

    def __init__(self, device: torch.device, precision: torch.dtype) -> None:
        self.device = device
        self.precision = precision

    def score(self, model: nn.Module, frames: FrameSet, condition: Condition) -> Scores:
        """Return a row a frame: who and when it is, the condition, Dice, and both areas in pixels."""
        predictions = predict_batches(model, frames.frames_NHW, device=self.device, precision=self.precision)
        predicted_NHW = np.concatenate([prediction.masks_BHW for prediction in predictions])
        return pd.DataFrame(
            {
                "patient": frames.patients,
                "video": frames.videos,
                "frame": frames.frame_indices,
                "phase": frames.phases,
                "corruption": condition.corruption,
                "severity": condition.severity,
                "dice": dice_N(predicted_NHW, frames.masks_NHW),
                "area_pred": predicted_NHW.sum(axis=(1, 2)),
                "area_ref": frames.masks_NHW.sum(axis=(1, 2)),
            }
        )


def _check(masks_BHW: NDArray[np.bool_], expected: tuple[int, ...], model: nn.Module) -> None:
    if masks_BHW.shape != expected or masks_BHW.dtype != np.bool_:
        raise PluginError(
            f"{type(model).__name__}.decode gave masks of {masks_BHW.dtype} {masks_BHW.shape}; "
            f"they must be bool {expected}, one for each frame"
        )
