"""The heatmap family: every sensible combination of its options trains, and contradictory ones are refused."""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pytest
import torch

from lvzoo.errors import LvzooError
from lvzoo.models.base import LandmarkModel
from lvzoo.models.build import build_model
from lvzoo.models.losses import heatmap_loss
from lvzoo.models.targets import log_band_maps, log_gaussian_maps
from lvzoo.registry import open_zoo
from lvzoo.types import OptionValue
from lvzoo_landmarks.heatmap import HeatmapUNet
from tests.toys import toy_batch

SIZE_HW = (112, 112)
SENSIBLE = {
    ("cross-entropy", "gaussian", "mean"),
    ("cross-entropy", "gaussian", "dark"),
    ("cross-entropy", "gaussian", "argmax"),
    ("cross-entropy", "band", "dark"),
    ("cross-entropy", "band", "argmax"),
    ("dsnt", "gaussian", "mean"),
    ("mse", "gaussian", "dark"),
    ("mse", "gaussian", "argmax"),
    ("mse", "band", "dark"),
    ("mse", "band", "argmax"),
}
EVERY = sorted(product(("cross-entropy", "dsnt", "mse"), ("gaussian", "band"), ("mean", "dark", "argmax")))


def landmark_model(**options: OptionValue) -> HeatmapUNet:
    (entry,) = open_zoo().select("landmark7")
    small = {"width": 4, "levels": 2}
    model = build_model(dataclasses.replace(entry, options={**entry.options, **small, **options}))
    assert isinstance(model, HeatmapUNet)
    return model


@pytest.mark.parametrize(("loss", "target", "decode"), sorted(SENSIBLE))
def test_the_loss_is_least_at_heatmaps_that_decode_to_the_truth(loss: str, target: str, decode: str) -> None:
    model = landmark_model(loss=loss, target=target, decode=decode, sigma_px=3.0)
    batch = toy_batch(4)
    truth_BK2 = batch.contours_BP2[:, ::20]

    def output(points_BK2: torch.Tensor) -> torch.Tensor:
        log_maps = log_gaussian_maps(points_BK2, SIZE_HW, SIZE_HW, 3.0)
        log_maps = log_band_maps(log_maps, batch.masks_BHW) if target == "band" else log_maps
        return log_maps.exp() if loss == "mse" else log_maps

    prediction = model.decode(output(truth_BK2), size_HW=SIZE_HW)
    assert prediction.landmarks_BK2 is not None
    miss_BK = np.linalg.norm(prediction.landmarks_BK2 - truth_BK2.numpy(), axis=-1)
    assert miss_BK.mean() < {"mean": 0.1, "dark": 0.5, "argmax": 0.8}[decode]
    right, wrong = (float(model.loss(output(truth_BK2 + shift), batch)) for shift in (0.0, 3.0))
    assert right < wrong


@pytest.mark.parametrize(("loss", "target", "decode"), [each for each in EVERY if each not in SENSIBLE])
def test_contradictory_options_are_refused_with_the_right_ones(loss: str, target: str, decode: str) -> None:
    with pytest.raises(LvzooError, match=r"decode '(mean|dark)'"):
        landmark_model(loss=loss, target=target, decode=decode)


@pytest.mark.parametrize(("loss", "target", "decode"), sorted(SENSIBLE))
def test_every_weight_is_trained(loss: str, target: str, decode: str) -> None:
    model, batch = landmark_model(loss=loss, target=target, decode=decode), toy_batch(2)
    model.loss(model(batch.frames_B1HW), batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
        assert weight.grad.any(), name


def test_the_default_is_the_softmax_heatmap_with_its_mean() -> None:
    model, batch = landmark_model(), toy_batch(2)
    output = model(batch.frames_B1HW)
    expected = heatmap_loss(output, batch.contours_BP2[:, ::20], 2.0, SIZE_HW)
    assert torch.equal(model.loss(output, batch), expected)


@pytest.mark.parametrize("landmarks", [5, 7, 9, 13, 21])
def test_the_model_predicts_and_knows_its_number_of_landmarks(landmarks: int) -> None:
    model = landmark_model(landmarks=landmarks, curve="polygon").eval()
    with torch.inference_mode():
        prediction = model.decode(model(torch.rand(2, 1, 75, 90)), size_HW=(75, 90))
    assert prediction.landmarks_BK2 is not None
    assert prediction.landmarks_BK2.shape == (2, landmarks, 2)
    assert prediction.masks_BHW.shape == (2, 75, 90)
    assert (model.landmarks, model.curve) == (landmarks, "polygon")


def test_landmark13_has_thirteen() -> None:
    model = build_model(open_zoo().select("landmark13")[0])
    assert isinstance(model, LandmarkModel)
    assert model.landmarks == 13
