"""The forms in which a model's outputs for several frames can be averaged.

A mean makes sense for the logits of masks, for landmarks, and for signed distances. It makes none for heatmaps, and
nothing is known of outputs that a model decodes in a way of its own. So each model has the form that fits it:

- a mask model that decodes as `MaskModel` does: its logits, before they are upsampled and before the threshold;
- a landmark model that decodes as `LandmarkModel` does: its landmarks, from which it then draws the mask;
- any other model: the signed distances to the border of the masks that it decodes.

Letters in names: B frames, C channels, H rows, W columns, K landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.decoding.copies import Move
from lvzoo.decoding.distances import measure_distances
from lvzoo.errors import PluginError
from lvzoo.evaluate.predict import blame_plugin, check_prediction, run_decode, run_forward
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.types import Prediction


class Form(Protocol):
    """Reads values of frames from a model, and decodes values, averaged or not, into masks."""

    averaged: ClassVar[str]
    """What the values are, for people."""

    def read(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the values of frames: float32, one row per frame.

        Raises:
            PluginError: the model's code fails, or its output cannot be used.
        """
        ...

    def move_back(
        self, values_B: torch.Tensor, move: Move, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the values of moved frames as values of the frames themselves, and the weight of each value.

        The weight is 1, and less where the moved frame does not reach. The values are already multiplied by it.
        """
        ...

    def decode(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the masks (B, H, W) of values."""
        ...


def choose_form(model: nn.Module, precision: torch.dtype) -> Form:
    """Return the form in which a model's outputs are averaged. The model computes in the given precision."""
    model.eval()
    decode = getattr(getattr(model, "decode", None), "__func__", None)
    if isinstance(model, MaskModel) and decode is MaskModel.decode:
        return Logits(model=model, precision=precision)
    if isinstance(model, LandmarkModel) and decode is LandmarkModel.decode:
        return Landmarks(model=model, precision=precision)
    return Distances(model=model, precision=precision)


@dataclass(frozen=True, kw_only=True, slots=True)
class Logits:
    """The logits (B, 1, H, W) of a mask model, which may be coarser than the frames."""

    model: MaskModel
    precision: torch.dtype
    averaged: ClassVar[str] = "logits"

    def read(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the output of `forward`."""
        logits_B1HW = run_forward(self.model, frames_B1HW, precision=self.precision).float()
        if logits_B1HW.ndim != 4 or logits_B1HW.shape[:2] != frames_B1HW.shape[:2]:
            raise PluginError(
                f"{type(self.model).__name__}.forward returned shape {tuple(logits_B1HW.shape)} for "
                f"{len(frames_B1HW)} frames; return logits (B, 1, H, W)"
            )
        return logits_B1HW

    def move_back(
        self, values_B: torch.Tensor, move: Move, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the maps moved back, and which part of each pixel they reach."""
        return _move_maps_back(values_B, move, size_HW)

    def decode(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the masks as the model decodes them."""
        return run_decode(self.model, values_B, shape_BHW=(len(values_B), *size_HW)).masks_BHW


@dataclass(frozen=True, kw_only=True, slots=True)
class Landmarks:
    """The landmarks (B, K, 2) of a landmark model, in px of the frame."""

    model: LandmarkModel
    precision: torch.dtype
    averaged: ClassVar[str] = "landmarks"

    def read(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the landmarks that the model decodes, to a fraction of a pixel."""
        landmarks_BK2 = _predict(self.model, frames_B1HW, self.precision).landmarks_BK2
        if landmarks_BK2 is None:
            raise AssertionError  # LandmarkModel.decode returns landmarks
        return torch.from_numpy(landmarks_BK2).to(frames_B1HW)

    def move_back(
        self, values_B: torch.Tensor, move: Move, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the points moved back."""
        return move.move_points_back(values_B, size_HW), torch.ones_like(values_B)

    def decode(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the masks as the model draws them."""
        landmarks_BK2 = values_B.cpu().numpy()
        with blame_plugin(self.model, "draw"):
            masks_BHW = self.model.draw(landmarks_BK2, size_HW)
        check_prediction(
            Prediction(masks_BHW=masks_BHW), (len(values_B), *size_HW), self.model, method="draw"
        )
        return masks_BHW


@dataclass(frozen=True, kw_only=True, slots=True)
class Distances:
    """The signed distances (B, 1, H, W) to the border of a model's masks, in px; positive inside."""

    model: nn.Module
    precision: torch.dtype
    averaged: ClassVar[str] = "signed distances"

    def read(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the distances of the masks that the model decodes."""
        masks_BHW = _predict(self.model, frames_B1HW, self.precision).masks_BHW
        return torch.from_numpy(measure_distances(masks_BHW)).to(frames_B1HW)[:, None]

    def move_back(
        self, values_B: torch.Tensor, move: Move, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the maps moved back, in px of the frame itself, and which part of each pixel they reach."""
        return _move_maps_back(values_B / move.scale, move, size_HW)

    def decode(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the pixels inside."""
        del size_HW  # the distances are those of each pixel
        masks_BHW: NDArray[np.bool_] = (values_B[:, 0] >= 0).cpu().numpy()
        return masks_BHW


def _predict(model: nn.Module, frames_B1HW: torch.Tensor, precision: torch.dtype) -> Prediction:
    """Return a model's prediction for frames."""
    output = run_forward(model, frames_B1HW, precision=precision)
    return run_decode(model, output, shape_BHW=(len(frames_B1HW), *frames_B1HW.shape[-2:]))


def _move_maps_back(
    maps_BCHW: torch.Tensor, move: Move, size_HW: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return maps of moved frames moved back, and which part of each pixel they reach."""
    return move.move_maps_back(maps_BCHW, size_HW), move.move_maps_back(torch.ones_like(maps_BCHW), size_HW)
