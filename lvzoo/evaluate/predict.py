"""Runs a model on grey frames, batch by batch, and raises an error for outputs that cannot be scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.device import autocast
from lvzoo.errors import PluginError
from lvzoo.interfaces import LVModel
from lvzoo.types import Prediction

BATCH_SIZE = 64


def predict_batches(
    model: nn.Module, frames_NHW: NDArray[np.uint8], *, device: torch.device, precision: torch.dtype
) -> Iterator[Prediction]:
    """Yield a model's predictions for grey frames, batch by batch, in order.

    Raises:
        PluginError: the model's outputs are not finite, or its masks are not of the frames' size and type.
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
            _check_finite(output, model)
            prediction = cast("LVModel", model).decode(output, size_HW=size_HW)
        _check_prediction(prediction, chunk_BHW.shape, model)
        yield prediction


def predict_masks(
    model: nn.Module, frames_NHW: NDArray[np.uint8], *, device: torch.device, precision: torch.dtype
) -> NDArray[np.bool_]:
    """Return a model's masks (N, H, W) for grey frames; raises the errors of `predict_batches`."""
    predictions = predict_batches(model, frames_NHW, device=device, precision=precision)
    return np.concatenate([prediction.masks_BHW for prediction in predictions])


def _check_finite(output: torch.Tensor, model: nn.Module) -> None:
    """Raise an error if an output is not finite. It would be decoded to an empty mask and silently score 0."""
    if not torch.isfinite(output).all():
        raise PluginError(
            f"{type(model).__name__}.forward returned values that are not finite in eval mode; lower the learning "
            "rate or use --precision float32, and look for divisions by zero"
        )


def _check_prediction(prediction: Prediction, expected: tuple[int, ...], model: nn.Module) -> None:
    """Raise an error if the masks do not have the expected shape and type, or if landmarks are not finite."""
    name, masks_BHW, landmarks_BK2 = type(model).__name__, prediction.masks_BHW, prediction.landmarks_BK2
    if masks_BHW.shape != expected or masks_BHW.dtype != np.bool_:
        raise PluginError(
            f"{name}.decode returned masks of {masks_BHW.dtype} {masks_BHW.shape}; "
            f"they must be bool {expected}, one for each frame"
        )
    if landmarks_BK2 is not None and not np.isfinite(landmarks_BK2).all():
        raise PluginError(
            f"{name}.decode returned landmarks that are not finite; compute them in float32, and look for "
            "divisions by zero"
        )
