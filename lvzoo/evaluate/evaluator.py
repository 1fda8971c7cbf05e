"""Frames and a model in, a row of scores a frame out: the same for masks and landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.evaluate.anatomy import apex_below_base, topology
from lvzoo.evaluate.boundary import Boundaries, boundaries, boundary_scores
from lvzoo.evaluate.dice import PackedMasks, pack, packed_dice_N
from lvzoo.evaluate.predict import predict_masks
from lvzoo.types import Condition, FrameSet, Scores


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
        predicted_NHW = predict_masks(model, frames.frames_NHW, device=self.device, precision=self.precision)
        return score_masks(predicted_NHW, frames, condition, self._references_of(frames))

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
