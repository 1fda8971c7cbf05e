"""The coordinate regressor: it predicts points in pixels for any frame size, and starts near the mean shape."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from lvzoo.errors import LvzooError
from lvzoo.evaluate.dice import dice_N
from lvzoo.models.base import LandmarkModel
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo_landmarks.coords import CoordinateRegressor, mean_shape
from tests.toys import toy_batch, toy_frames


def model_of(landmarks: int = 7, encoder: str = "small") -> CoordinateRegressor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return CoordinateRegressor(landmarks=landmarks, encoder=encoder, curve="spline")


@pytest.mark.parametrize(
    ("name", "landmarks", "curve"), [("coords7", 7, "spline"), ("contour41", 41, "polygon")]
)
def test_the_entries_have_their_landmarks_curve_paper_and_licence(
    name: str, landmarks: int, curve: str
) -> None:
    (entry,) = open_zoo().select(name)
    model = build_model(entry)
    assert isinstance(model, LandmarkModel)
    assert (model.landmarks, model.curve) == (landmarks, curve)
    assert entry.family.kind == "landmark"
    assert entry.licence == "MIT"
    assert entry.paper


@pytest.mark.parametrize("landmarks", [5, 7, 9, 13, 21, 41])
def test_training_starts_near_the_mean_shape(landmarks: int) -> None:
    model = model_of(landmarks).eval()
    frames_B1HW = torch.from_numpy(toy_frames(3).frames_NHW)[:, None].float() / 255
    with torch.inference_mode():
        prediction = model.decode(model(frames_B1HW))
    assert prediction.landmarks_BK2 is not None
    assert np.abs(prediction.landmarks_BK2 - (112 * mean_shape(landmarks) - 0.5)).max() < 6
    assert 800 < prediction.masks_BHW.sum(axis=(1, 2)).mean() < 2500, "a ventricle, not a knot"


@pytest.mark.parametrize("size_HW", [(112, 112), (75, 90), (224, 160), (32, 32)])
def test_points_scale_with_the_frame(size_HW: tuple[int, int]) -> None:
    model = model_of().eval()
    with torch.no_grad():
        model.head.weight.zero_()
        points_K2 = model(torch.rand(2, 1, *size_HW))[0]
    rows, columns = size_HW
    expected = mean_shape(7) * np.array([columns, rows]) - 0.5
    assert np.abs(points_K2.numpy() - expected).max() < 1e-3


def test_the_mean_shape_has_its_apex_on_top_and_equal_steps_on_each_wall() -> None:
    shape = mean_shape(41)
    assert shape[:, 1].argmin() in (19, 20, 21)
    assert shape[0, 0] < shape[-1, 0]
    steps = np.linalg.norm(np.diff(shape, axis=0), axis=1)
    assert steps[:20].std() / steps[:20].mean() < 0.02
    assert steps[20:].std() / steps[20:].mean() < 0.02
    assert np.abs(mean_shape(7)[3] - shape[20]).max() < 1e-6


def test_every_weight_is_trained_and_the_loss_is_counted_in_pixels() -> None:
    batch = toy_batch(2)
    model = model_of()
    model.loss(model(batch.frames_B1HW), batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    assert all(weight.grad is not None and weight.grad.any() for weight in model.parameters())
    off_by_ten = batch.contours_BP2[:, ::20] + 10
    assert float(model.loss(off_by_ten, batch)) == pytest.approx(9.5, abs=1e-3)


def test_a_timm_encoder_takes_grey_frames_of_any_size() -> None:
    model = model_of(encoder="mobilenetv3_small_050").eval()
    with torch.inference_mode():
        assert model(torch.rand(2, 1, 112, 112)).shape == (2, 7, 2)
        assert model(torch.rand(1, 1, 75, 90)).shape == (1, 7, 2)


def test_unknown_encoder_is_refused_with_the_close_names() -> None:
    with pytest.raises(LvzooError, match=r"timm has no encoder 'resnet_18'.*did you mean 'resnet18'"):
        model_of(encoder="resnet_18")


def test_without_timm_the_small_encoder_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    model_of()
    with pytest.raises(LvzooError, match=r"encoder 'resnet18' needs timm .*pip install timm"):
        model_of(encoder="resnet18")


def test_the_untrained_model_already_overlaps_a_ventricle() -> None:
    frames = toy_frames(4)
    model = model_of().eval()
    with torch.inference_mode():
        masks = model.decode(model(torch.from_numpy(frames.frames_NHW)[:, None].float() / 255)).masks_BHW
    assert dice_N(masks, frames.masks_NHW).mean() > 0.4
