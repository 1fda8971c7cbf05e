"""Which outputs of a model are averaged: those whose mean makes sense, for every model that keeps the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.decoding.forms import choose_form
from lvzoo.errors import PluginError
from lvzoo.evaluate.predict import predict_masks
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import Prediction
from tests.decoding.models import SIZE_HW, Bright, Corners, Placed, blob_frames


class OwnThreshold(Bright):
    """A mask model whose decoding is its own: nobody knows what a mean of its outputs is."""

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = SIZE_HW) -> Prediction:
        assert output.shape[-2:] == size_HW
        return Prediction(masks_BHW=(output[:, 0] >= 2).numpy())


class OwnOrder(Placed):
    """A landmark model that shows other landmarks than those that it draws."""

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = SIZE_HW) -> Prediction:
        prediction = super().decode(output, size_HW=size_HW)
        assert prediction.landmarks_BK2 is not None
        return Prediction(masks_BHW=prediction.masks_BHW, landmarks_BK2=prediction.landmarks_BK2[:, ::-1])


class Heat(LandmarkModel):
    """Heatmaps with one hot cell for each landmark, at a place that the brightness of the frame decides."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        column_B = frames_B1HW.mean(dim=(1, 2, 3)).mul(100).round().long()
        maps_BKHW = torch.zeros(len(frames_B1HW), 3, *SIZE_HW)
        for map_KHW, column in zip(maps_BKHW, column_B, strict=True):
            for landmark, (row, right) in enumerate(((80, 0), (30, 15), (80, 30))):
                map_KHW[landmark, row, column + right] = 100
        return maps_BKHW


@pytest.mark.parametrize(
    ("model", "averaged"),
    [
        (Bright(), "logits"),
        (Placed(), "landmarks"),
        (Heat(), "landmarks"),
        (OwnThreshold(), "signed distances"),
        (OwnOrder(), "signed distances"),
        (Corners(), "signed distances"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_without_any_averaging_the_masks_are_those_of_the_bench(model: nn.Module, averaged: str) -> None:
    frames_B1HW = blob_frames(np.array([[50.0, 60.0], [61.3, 48.8]]))
    frames_BHW = (255 * frames_B1HW[:, 0]).numpy().astype(np.uint8)
    form = choose_form(model, torch.float32)
    assert form.averaged == averaged
    values_B = form.read(torch.from_numpy(frames_BHW)[:, None] / 255)
    bench_BHW = predict_masks(model, frames_BHW, device=torch.device("cpu"), precision=torch.float32)
    assert np.array_equal(form.decode(values_B, SIZE_HW), bench_BHW)
    assert bench_BHW.any()


@pytest.mark.parametrize("name", ["unet-fast", "landmark7-fast", "contour41", "coords7"])
def test_models_of_the_zoo_have_the_form_of_their_kind(name: str) -> None:
    entry = open_zoo().select_one(name)
    wanted = {"mask": "logits", "landmark": "landmarks"}[entry.family.kind]
    assert choose_form(build_model(entry), torch.float32).averaged == wanted


def test_landmarks_of_heatmaps_are_averaged_and_not_the_heatmaps() -> None:
    """The mean of two heatmaps has two peaks; the mean of the landmarks lies in the middle."""
    frames_B1HW = torch.stack([torch.full((1, *SIZE_HW), level) for level in (0.2, 0.4)])
    form = choose_form(Heat(), torch.float32)
    values_BK2 = form.read(frames_B1HW)
    mean_1K2 = values_BK2.mean(dim=0, keepdim=True)
    assert mean_1K2[0, :, 0].tolist() == pytest.approx([30, 45, 60], abs=0.01)
    (mask_HW,) = form.decode(mean_1K2, SIZE_HW)
    columns = np.flatnonzero(mask_HW.any(axis=0))
    assert (columns[0], columns[-1]) == pytest.approx((30, 60), abs=2)


class Lost(MaskModel):
    """Returns one row, whatever comes."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return frames_B1HW[:1]


class DrawsFloats(Placed):
    """Draws masks of another type."""

    def draw(self, landmarks_BK2: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[Any]:
        return super().draw(landmarks_BK2, size_HW).astype(float)


class DrawsNothing(Placed):
    """Its drawing fails."""

    def draw(self, landmarks_BK2: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        raise KeyError(len(landmarks_BK2), size_HW)


def test_faults_of_a_models_code_are_told_as_the_models() -> None:
    frames_B1HW = blob_frames(np.array([[50.0, 60.0], [61.3, 48.8]]))
    with pytest.raises(PluginError, match=r"^Lost\.forward returned shape \(1, 1, 112, 112\) for 2 frames"):
        choose_form(Lost(), torch.float32).read(frames_B1HW)
    landmarks_BK2 = choose_form(Placed(), torch.float32).read(frames_B1HW)
    with pytest.raises(PluginError, match=r"^DrawsFloats\.draw returned masks of float64"):
        choose_form(DrawsFloats(), torch.float32).decode(landmarks_BK2, SIZE_HW)
    with pytest.raises(PluginError, match=r"^DrawsNothing\.draw raised KeyError"):
        choose_form(DrawsNothing(), torch.float32).decode(landmarks_BK2, SIZE_HW)


class Broken(Placed):
    """Its landmarks are not finite."""

    def points(self, output: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        return super().points(output, size_HW) / 0


def test_landmarks_are_read_without_drawing_a_mask() -> None:
    frames_B1HW = blob_frames(np.array([[50.0, 60.0], [61.3, 48.8]]))
    read_BK2 = choose_form(DrawsNothing(), torch.float32).read(frames_B1HW)
    assert torch.equal(read_BK2, choose_form(Placed(), torch.float32).read(frames_B1HW))
    with pytest.raises(PluginError, match=r"^Broken\.points returned landmarks that are not finite"):
        choose_form(Broken(), torch.float32).read(frames_B1HW)
