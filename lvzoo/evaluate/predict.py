"""Runs a model on grey frames, batch by batch, and raises an error for outputs that cannot be scored."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.device import autocast
from lvzoo.errors import LvzooError, PluginError, is_out_of_memory, make_memory_error
from lvzoo.evaluate.folding import fold_batch_norms
from lvzoo.interfaces import LVModel
from lvzoo.plugins import explain_plugin_error
from lvzoo.types import Prediction

CPU_BATCH: Final = 16
"""Frames per forward pass on the CPU: the layers of larger batches do not fit into its caches."""
GPU_BATCH: Final = 64


def choose_batch_size(device: torch.device) -> int:
    """Return how many frames a device predicts at once. Rounding may depend on it, so it is fixed for a device."""
    return CPU_BATCH if device.type == "cpu" else GPU_BATCH


def predict_batches(
    model: nn.Module, frames_NHW: NDArray[np.uint8], *, device: torch.device, precision: torch.dtype
) -> Iterator[Prediction]:
    """Yield a model's predictions for grey frames, batch by batch, in order.

    Raises:
        PluginError: the model's code raises an exception, its outputs are not finite, or its masks are not of the
            frames' size and type.
        DataError: memory runs out.
    """
    model = prepare_to_predict(model)
    size = choose_batch_size(device)
    for start in range(0, len(frames_NHW), size):
        batch_BHW = frames_NHW[start : start + size]
        with explain_lack_of_memory(batch_BHW, device):
            output = run_forward(model, make_tensor(batch_BHW, device), precision=precision)
            prediction = run_decode(model, output, shape_BHW=batch_BHW.shape)
        yield prediction


def predict_masks(
    model: nn.Module, frames_NHW: NDArray[np.uint8], *, device: torch.device, precision: torch.dtype
) -> NDArray[np.bool_]:
    """Return a model's masks (N, H, W) for grey frames; raises the errors of `predict_batches`."""
    predictions = predict_batches(model, frames_NHW, device=device, precision=precision)
    return np.concatenate([prediction.masks_BHW for prediction in predictions])


def prepare_to_predict(model: nn.Module) -> nn.Module:
    """Set a model to eval mode, and return it or a copy that predicts the same faster."""
    return fold_batch_norms(model.eval())


def make_tensor(frames_BHW: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """Return grey frames as a model sees them: (B, 1, H, W) from 0 to 1."""
    frames_B1HW = torch.from_numpy(np.array(frames_BHW)).to(device)[:, None] / 255
    return frames_B1HW.contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def run_forward(model: nn.Module, frames_B1HW: torch.Tensor, *, precision: torch.dtype) -> torch.Tensor:
    """Return a model's output for frames; raises PluginError as `predict_batches` does."""
    with blame_plugin(model, "forward"), autocast(frames_B1HW.device, precision):
        output = model(frames_B1HW)
    _check_output(output, model)
    return cast("torch.Tensor", output)


@torch.inference_mode()
def run_decode(model: nn.Module, output: torch.Tensor, *, shape_BHW: tuple[int, ...]) -> Prediction:
    """Return a model's prediction for an output; raises PluginError as `predict_batches` does."""
    with blame_plugin(model, "decode"):
        prediction = cast("LVModel", model).decode(output, size_HW=(shape_BHW[1], shape_BHW[2]))
    check_prediction(prediction, shape_BHW, model)
    return prediction


@contextmanager
def explain_lack_of_memory(batch_BHW: NDArray[np.uint8], device: torch.device) -> Iterator[None]:
    """Raise DataError in place of an exception that says that memory ran out."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        count, rows, columns = batch_BHW.shape
        what = f"{count} frame{'' if count == 1 else 's'} of {columns} x {rows}"
        raise make_memory_error(what, on_gpu=device.type == "cuda") from error


@contextmanager
def blame_plugin(model: nn.Module, method: str) -> Iterator[None]:
    """Raise PluginError in place of an exception of a plugin's method, unless memory ran out."""
    try:
        yield
    except LvzooError:
        raise
    except (Exception, SystemExit) as error:
        if is_out_of_memory(error):
            raise
        raise PluginError(
            f"{type(model).__name__}.{method} raised {explain_plugin_error(error, type(model).__module__)}; "
            "correct its plugin (`lvzoo check NAME` tests a model)"
        ) from error


def _check_output(output: object, model: nn.Module) -> None:
    """Raise an error unless an output is a finite tensor. NaN would be decoded to an empty mask and score 0."""
    name = f"{type(model).__name__}.forward"
    if not isinstance(output, torch.Tensor):
        raise PluginError(f"{name} returned a {type(output).__name__}; return one tensor")
    if output.is_floating_point() and output.numel() and not _has_finite_peak(output):
        raise PluginError(
            f"{name} returned values that are not finite in eval mode; lower the learning rate or use --precision "
            "float32, and look for divisions by zero"
        )


def _has_finite_peak(output: torch.Tensor) -> bool:
    """Return whether the largest magnitude is finite, so that all values are. `torch.isfinite` is 15 times slower."""
    return math.isfinite(float(output.abs().amax()))


def check_prediction(
    prediction: object, expected: tuple[int, ...], model: nn.Module, method: str = "decode"
) -> None:
    """Raise an error if the masks do not have the expected shape and type, or if landmarks are not finite."""
    name = f"{type(model).__name__}.{method}"
    if not isinstance(prediction, Prediction):
        raise PluginError(
            f"{name} returned a {type(prediction).__name__}; return a Prediction, from lvzoo.types"
        )
    masks_BHW: object = prediction.masks_BHW
    landmarks_BK2 = prediction.landmarks_BK2
    if not isinstance(masks_BHW, np.ndarray):
        raise PluginError(f"{name} returned masks as a {type(masks_BHW).__name__}; return a numpy array")
    if masks_BHW.shape != expected or masks_BHW.dtype != np.bool_:
        raise PluginError(
            f"{name} returned masks of {masks_BHW.dtype} {masks_BHW.shape}; "
            f"they must be bool {expected}, one for each frame"
        )
    if landmarks_BK2 is not None and not np.isfinite(landmarks_BK2).all():
        raise PluginError(
            f"{name} returned landmarks that are not finite; compute them in float32, and look for "
            "divisions by zero"
        )
