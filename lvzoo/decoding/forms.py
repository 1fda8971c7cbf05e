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
from torch.nn import functional

from lvzoo.decoding.copies import Move
from lvzoo.decoding.means import measure_distances
from lvzoo.errors import PluginError
from lvzoo.evaluate.predict import blame_plugin, check_prediction, prepare_to_predict, run_decode, run_forward
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.types import Prediction


class Form(Protocol):
    """Reads values of frames from a model, and decodes values, averaged or not, into masks."""

    averaged: ClassVar[str]
    """The name of the values in summary.json."""

    def read(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the values of frames: float32, one row per frame.

        Raises:
            PluginError: the model's code fails, or its output cannot be used.
        """
        ...

    def move_back(
        self, values_B: torch.Tensor, move: Move, plain_B: torch.Tensor, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the values of moved frames as values of the frames themselves, and the weight of each value.

        The weight is 1, and less where the moved frame does not reach. The values are already multiplied by it.
        `plain_B` are the values of the frames themselves.
        """
        ...

    def decode(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the masks (B, H, W) of values."""
        ...

    def read_logits(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.float32] | None:
        """Return values as logits (B, H, W) of the frames' size; None if they are no logits."""
        ...

    def read_landmarks(self, values_B: torch.Tensor) -> NDArray[np.float32] | None:
        """Return values as landmarks (B, K, 2), (x, y) px of the frame; None if they are no landmarks."""
        ...


def choose_form(model: nn.Module, precision: torch.dtype) -> Form:
    """Return the form in which a model's outputs are averaged. The model computes in the given precision."""
    model = prepare_to_predict(model)
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
        self, values_B: torch.Tensor, move: Move, plain_B: torch.Tensor, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the maps moved back, and which part of each pixel they reach."""
        del plain_B  # what a moved frame reaches depends on the move alone
        return _move_maps_back(values_B, move, size_HW)

    def decode(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the masks as the model decodes them."""
        return run_decode(self.model, values_B, shape_BHW=(len(values_B), *size_HW)).masks_BHW

    def read_logits(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.float32]:
        """Return the logits, upsampled bilinearly as the model's masks are."""
        if not len(values_B):
            return np.zeros((0, *size_HW), dtype=np.float32)
        if values_B.shape[-2:] != size_HW:
            values_B = functional.interpolate(values_B, size=size_HW, mode="bilinear", align_corners=False)
        return np.asarray(values_B[:, 0].cpu().numpy(), dtype=np.float32)

    def read_landmarks(self, values_B: torch.Tensor) -> None:
        """Return None: a mask model has no landmarks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Landmarks:
    """The landmarks (B, K, 2) of a landmark model, in px of the frame."""

    model: LandmarkModel
    precision: torch.dtype
    averaged: ClassVar[str] = "landmarks"

    @torch.inference_mode()
    def read(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the landmarks of the model's output, to a fraction of a pixel."""
        size_HW = (frames_B1HW.shape[-2], frames_B1HW.shape[-1])
        output = run_forward(self.model, frames_B1HW, precision=self.precision)
        with blame_plugin(self.model, "points"):
            landmarks_BK2 = self.model.points(output, size_HW).float()
        if not torch.isfinite(landmarks_BK2).all():
            raise PluginError(
                f"{type(self.model).__name__}.points returned landmarks that are not finite; compute them in "
                "float32, and look for divisions by zero"
            )
        return landmarks_BK2

    def move_back(
        self, values_B: torch.Tensor, move: Move, plain_B: torch.Tensor, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the points moved back, and a weight of 0 for each landmark that the moved frame does not show.

        Where a landmark lies is known from the frame itself: a heatmap cannot point out of its frame, so a landmark
        that left the moved frame would be found at its edge.
        """
        shown_BK = move.shows_points(plain_B, size_HW)
        weight_BK2 = shown_BK[..., None].to(values_B).expand_as(values_B)
        return move.move_points_back(values_B, size_HW) * weight_BK2, weight_BK2

    def decode(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the masks as the model draws them."""
        landmarks_BK2 = values_B.cpu().numpy()
        with blame_plugin(self.model, "draw"):
            masks_BHW = self.model.draw(landmarks_BK2, size_HW)
        check_prediction(
            Prediction(masks_BHW=masks_BHW), (len(values_B), *size_HW), self.model, method="draw"
        )
        return masks_BHW

    def read_logits(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> None:
        """Return None: a landmark model has no logits of masks."""

    def read_landmarks(self, values_B: torch.Tensor) -> NDArray[np.float32]:
        """Return the landmarks."""
        return np.asarray(values_B.cpu().numpy(), dtype=np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Distances:
    """The signed distances (B, 1, H, W) to the border of a model's masks, in px; positive inside."""

    model: nn.Module
    precision: torch.dtype
    averaged: ClassVar[str] = "signed distances"

    def read(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the distances of the masks that the model decodes."""
        output = run_forward(self.model, frames_B1HW, precision=self.precision)
        shape_BHW = (len(frames_B1HW), *frames_B1HW.shape[-2:])
        masks_BHW = run_decode(self.model, output, shape_BHW=shape_BHW).masks_BHW
        return torch.from_numpy(measure_distances(masks_BHW)).to(frames_B1HW)[:, None]

    def move_back(
        self, values_B: torch.Tensor, move: Move, plain_B: torch.Tensor, size_HW: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the maps moved back, in px of the frame itself, and which part of each pixel they reach."""
        del plain_B  # what a moved frame reaches depends on the move alone
        return _move_maps_back(values_B / move.scale, move, size_HW)

    def decode(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the pixels inside."""
        del size_HW  # the distances are those of each pixel
        masks_BHW: NDArray[np.bool_] = (values_B[:, 0] >= 0).cpu().numpy()
        return masks_BHW

    def read_logits(self, values_B: torch.Tensor, size_HW: tuple[int, int]) -> None:
        """Return None: distances are no logits."""

    def read_landmarks(self, values_B: torch.Tensor) -> None:
        """Return None: nothing is known of landmarks that a model decodes in a way of its own."""


def _move_maps_back(
    maps_BCHW: torch.Tensor, move: Move, size_HW: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return maps of moved frames moved back, and which part of each pixel they reach."""
    return move.move_maps_back(maps_BCHW, size_HW), move.move_maps_back(torch.ones_like(maps_BCHW), size_HW)
