"""Scores a model on frames: one row of scores per frame, computed the same way for mask and landmark models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.evaluate.anatomy import apex_below_base, topology
from lvzoo.evaluate.boundary import Boundaries, boundaries, boundary_scores
from lvzoo.evaluate.dice import PackedMasks, pack, packed_dice_N
from lvzoo.evaluate.predict import predict_batches
from lvzoo.types import Condition, FrameSet, Prediction, Scores

FRAMES_AT_ONCE: Final = 512
"""Frames that are scored together, a multiple of the batches in which they are predicted and measured. If their masks
are full of specks, scoring takes 0.5 MB per frame."""

MeasureVolumes: TypeAlias = Callable[[nn.Module, Prediction], NDArray[np.float64]]
"""Returns the volume (B) of each frame's ventricle in a model's prediction, px³; NaN where it cannot be measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class References:
    """The reference masks of a frame set, with everything that is computed from them only once."""

    masks_NHW: NDArray[np.bool_]
    boundaries: Boundaries
    packed: PackedMasks

    @classmethod
    def of(cls, masks_NHW: NDArray[np.bool_]) -> References:
        """Return the references for some masks."""
        return cls(masks_NHW=masks_NHW, boundaries=boundaries(masks_NHW), packed=pack(masks_NHW))


class FrameEvaluator:
    """Scores every frame against its reference: overlap, boundary distances, areas, volume and anatomy.

    How a volume is measured is a function that the evaluator is given. Without it, all volumes are NaN.
    """

    def __init__(
        self, device: torch.device, precision: torch.dtype, measure_volumes: MeasureVolumes | None = None
    ) -> None:
        self.device = device
        self.precision = precision
        self._measure_volumes = measure_volumes or _leave_volumes
        self._masks_NHW: NDArray[np.bool_] | None = None
        self._references: list[References] = []

    def score(self, model: nn.Module, frames: FrameSet, condition: Condition) -> Scores:
        """Return one row per frame, with SCORE_COLUMNS except model, seed, and the volumes and EF of references.

        `frames` are already under the condition. They are scored in parts, so that memory stays bounded. References
        are prepared once for consecutive frame sets that share one array of masks, for example one set under many
        conditions.
        """
        references = self._prepare_references(frames)
        parts = [
            self._score_part(model, _take_part(frames, number), condition, each)
            for number, each in enumerate(references)
        ]
        return pd.concat(parts, ignore_index=True)

    def _score_part(
        self, model: nn.Module, frames: FrameSet, condition: Condition, references: References
    ) -> Scores:
        masks, volumes = [], []
        for each in predict_batches(model, frames.frames_NHW, device=self.device, precision=self.precision):
            masks.append(each.masks_BHW)
            # at once: the curves through the landmarks are kept for a short while only
            volumes.append(self._measure_volumes(model, each))
        scores = score_masks(np.concatenate(masks), frames, condition, references)
        return scores.assign(volume_pred=np.concatenate(volumes))

    def _prepare_references(self, frames: FrameSet) -> Sequence[References]:
        """Return the references of each part of a frame set, from the last call if they have the same masks."""
        if self._masks_NHW is not frames.masks_NHW:
            starts = range(0, max(len(frames), 1), FRAMES_AT_ONCE)
            parts = [frames.masks_NHW[start : start + FRAMES_AT_ONCE] for start in starts]
            self._references = [References.of(part_nHW) for part_nHW in parts]
            self._masks_NHW = frames.masks_NHW
        return self._references


def _leave_volumes(_model: nn.Module, prediction: Prediction) -> NDArray[np.float64]:
    """Return NaN for every frame: nobody said how its volume is measured."""
    return np.full(len(prediction.masks_BHW), np.nan)


def _take_part(frames: FrameSet, number: int) -> FrameSet:
    """Return a part of a frame set of at most FRAMES_AT_ONCE frames."""
    if len(frames) <= FRAMES_AT_ONCE:
        return frames
    start = number * FRAMES_AT_ONCE
    return frames.take(range(start, min(start + FRAMES_AT_ONCE, len(frames))))


def score_masks(
    predicted_NHW: NDArray[np.bool_], frames: FrameSet, condition: Condition, references: References
) -> Scores:
    """Return the scores of masks that were predicted for frames under a condition, one row per frame."""
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
