"""Frames and a model in, a row of scores a frame out: the same for masks and landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.device import autocast
from lvzoo.errors import PluginError
from lvzoo.evaluate.anatomy import apex_below_base, topology
from lvzoo.evaluate.boundary import Boundaries, boundaries, boundary_scores
from lvzoo.evaluate.dice import PackedMasks, dice_N, pack, packed_dice_N
from lvzoo.interfaces import LVModel
from lvzoo.types import Condition, FrameSet, Prediction, Scores

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
        _check(prediction, chunk_BHW.shape, model)
        yield prediction


@dataclass(frozen=True, kw_only=True, slots=True)
class References:
    """A set's reference masks, with what is computed of them once for all models and conditions."""

    masks_NHW: NDArray[np.bool_]
    boundaries: Boundaries
    packed: PackedMasks

    @classmethod
    def of(cls, masks_NHW: NDArray[np.bool_]) -> References:
        """Prepare a set's references."""
        return cls(masks_NHW=masks_NHW, boundaries=boundaries(masks_NHW), packed=pack(masks_NHW))


class FrameEvaluator:
    """Scores every frame against its reference: overlap, boundaries, areas and anatomy, for any kind of model."""

    def __init__(self, device: torch.device, precision: torch.dtype) -> None:
        self.device = device
        self.precision = precision
        self._references: References | None = None

    def score(self, model: nn.Module, frames: FrameSet, condition: Condition) -> Scores:
        """Return a row a frame: the columns SCORE_COLUMNS but for model and seed, which the caller knows.

        Frame sets that share one array of masks, such as one set under many conditions, have their references
        prepared once.
        """
        return score_masks(self._predict(model, frames), frames, condition, self._references_of(frames))

    def mean_dice(self, model: nn.Module, frames: FrameSet) -> float:
        """Return the mean over patients of the mean Dice of a patient's frames, and measure nothing else."""
        dice = dice_N(self._predict(model, frames), frames.masks_NHW)
        return float(pd.Series(dice).groupby(list(frames.patients)).mean().mean())

    def _predict(self, model: nn.Module, frames: FrameSet) -> NDArray[np.bool_]:
        predictions = predict_batches(model, frames.frames_NHW, device=self.device, precision=self.precision)
        return np.concatenate([prediction.masks_BHW for prediction in predictions])

    def _references_of(self, frames: FrameSet) -> References:
        if self._references is None or self._references.masks_NHW is not frames.masks_NHW:
            self._references = References.of(frames.masks_NHW)
        return self._references


def score_masks(
    predicted_NHW: NDArray[np.bool_], frames: FrameSet, condition: Condition, references: References
) -> Scores:
    """Return the table of scores of masks that were predicted for frames under a condition."""
    packed, found = pack(predicted_NHW), boundaries(predicted_NHW)
    distances = boundary_scores(found, references.boundaries)
    pieces = topology(predicted_NHW)
    return pd.DataFrame(
        {
            "patient": frames.patients,
            "video": frames.videos,
            "frame": frames.frame_indices,
            "phase": frames.phases,
            "corruption": condition.corruption,
            "severity": condition.severity,
            "dice": packed_dice_N(packed, references.packed),
            "nsd1": distances.nsd1_N,
            "nsd2": distances.nsd2_N,
            "hd95": distances.hd95_N,
            "assd": distances.assd_N,
            "area_pred": packed.areas_N,
            "area_ref": references.packed.areas_N,
            "components": pieces.components_N,
            "holes": pieces.holes_N,
            "apex_below_base": apex_below_base(found, frames.contours_NP2),
        }
    )


def _check_finite(output: torch.Tensor, model: nn.Module) -> None:
    """Refuse an output that is not finite: decoded it would be an empty mask, and score 0 in silence."""
    if not torch.isfinite(output).all():
        raise PluginError(
            f"{type(model).__name__} gave outputs that are not finite in eval mode; lower the learning rate or use "
            "--precision float32, and look for divisions by zero in forward"
        )


def _check(prediction: Prediction, expected: tuple[int, ...], model: nn.Module) -> None:
    name, masks_BHW, landmarks_BK2 = type(model).__name__, prediction.masks_BHW, prediction.landmarks_BK2
    if masks_BHW.shape != expected or masks_BHW.dtype != np.bool_:
        raise PluginError(
            f"{name}.decode gave masks of {masks_BHW.dtype} {masks_BHW.shape}; "
            f"they must be bool {expected}, one for each frame"
        )
    if landmarks_BK2 is not None and not np.isfinite(landmarks_BK2).all():
        raise PluginError(
            f"{name}.decode gave landmarks that are not finite; compute them in float32, and divide by no 0"
        )
