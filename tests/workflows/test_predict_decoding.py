"""`lvzoo.predict` smooths in time, averages moved copies and several models, and says what it did."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom.examples
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

import lvzoo
from lvzoo.cli import main
from lvzoo.data.clips.recognise import read_whole
from lvzoo.decoding.means import average_masks
from lvzoo.device import choose_precision
from lvzoo.errors import UsageError
from lvzoo.evaluate.jitter import measure_jitter
from lvzoo.evaluate.predict import (
    make_tensor,
    predict_masks,
    prepare_to_predict,
    run_decode,
    run_forward,
)
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import Recipe, Trial
from lvzoo.weights.network import save_model
from tests.made_videos import write_video
from tests.made_weights import write_registry

CPU = torch.device("cpu")
SIGMA_S = 0.04
NO_TIMES = "its masks are not smoothed in time, because the times of its frames are not known"


def save_untrained(folder: Path, name: str, boxes: Path) -> Path:
    """Write an untrained model as a trial, whose outputs follow the frames; half of their pixels are inside."""
    folder.mkdir(parents=True)
    entry = open_zoo(registries=[write_registry(folder)]).select_one(name)
    network, frames_B1HW = build_model(entry, seed=1), make_tensor(np.asarray(read_whole(boxes)), CPU)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = 1.0
        network.train()(frames_B1HW)  # batch norm measures the frames
        *_, last = (layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
        if isinstance(network, MaskModel) and last.bias is not None:
            last.bias -= network.eval()(frames_B1HW).median()
    save_model(network, Trial(entry=entry, data="x", seed=0, recipe=Recipe()), folder)
    return folder


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clip of 30 flickering frames, 50 per second."""
    rng = np.random.default_rng(0)
    frames = rng.normal(0, 20, (30, 112, 112)) + rng.uniform(20, 220, (30, 1, 1))
    frames[:, 30:80, 40:70] *= rng.uniform(0.2, 1, (30, 1, 1))
    clip = frames.clip(0, 255).astype(np.uint8)
    return write_video(tmp_path_factory.mktemp("clips") / "clip.avi", clip, fps=50)


@pytest.fixture(scope="module")
def model(boxes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained mask model."""
    return save_untrained(tmp_path_factory.mktemp("run") / "trials" / "small-s0", "small", boxes)


@pytest.fixture(scope="module")
def points(boxes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained landmark model."""
    return save_untrained(tmp_path_factory.mktemp("run") / "trials" / "points-s0", "points", boxes)


def weights_at(times_s: NDArray[np.float64]) -> torch.Tensor:
    """Return the weights (N, N) of frames at their times for each frame."""
    gaps = times_s[:, None] - times_s
    weights = np.where(np.abs(gaps) < 0.121, np.exp(-(gaps**2) / (2 * SIGMA_S**2)), 0)
    return torch.from_numpy(weights / weights.sum(1, keepdims=True)).float()


def about(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def predict_framewise(model: Path, clip: Path) -> NDArray[np.bool_]:
    frames_NHW = read_whole(clip)
    return predict_masks(
        lvzoo.load(model), np.asarray(frames_NHW), device=CPU, precision=choose_precision(CPU)
    )


def test_a_mask_models_logits_are_smoothed_over_the_true_times(
    model: Path, boxes: Path, tmp_path: Path
) -> None:
    (result,) = lvzoo.predict(boxes, model=model, out=tmp_path, device="cpu")
    network = prepare_to_predict(lvzoo.load(model))  # rounds as `predict` does
    frames_B1HW = make_tensor(np.asarray(read_whole(boxes)), CPU)
    logits = run_forward(network, frames_B1HW, precision=choose_precision(CPU)).float()
    mean = torch.tensordot(weights_at(np.arange(30) / 50), logits, dims=1)
    wanted_NHW = run_decode(network, mean, shape_BHW=(30, 112, 112)).masks_BHW
    assert (result.masks_NHW != wanted_NHW).mean() < 1e-4
    assert (predict_framewise(model, boxes) != wanted_NHW).mean() > 0.001, "smoothing matters here"
    said = about(result.folder)
    assert said["smoothing"] == {"sigma_ms": 40.0}
    assert said["models"][0]["averaged"] == "logits"
    assert said["jitter"] == pytest.approx(measure_jitter(wanted_NHW.sum(axis=(1, 2)).tolist()), rel=0.02)


def test_a_landmark_models_landmarks_are_smoothed_and_it_draws_the_masks(
    points: Path, boxes: Path, tmp_path: Path
) -> None:
    (result,) = lvzoo.predict(boxes, model=points, out=tmp_path, device="cpu")
    network, frames_B1HW = lvzoo.load(points), make_tensor(np.asarray(read_whole(boxes)), CPU)
    assert isinstance(network, LandmarkModel)
    output = run_forward(network, frames_B1HW, precision=choose_precision(CPU))
    landmarks = run_decode(network, output, shape_BHW=(30, 112, 112)).landmarks_BK2
    assert landmarks is not None
    mean = torch.tensordot(weights_at(np.arange(30) / 50), torch.from_numpy(landmarks), dims=1)
    wanted_NHW = network.draw(mean.numpy(), (112, 112))
    assert (result.masks_NHW != wanted_NHW).mean() < 1e-3
    assert about(result.folder)["models"][0]["averaged"] == "landmarks"


def test_without_smoothing_each_frame_is_predicted_as_in_the_bench(
    model: Path, points: Path, boxes: Path, tmp_path: Path
) -> None:
    for each in (model, points):
        command = ["predict", str(boxes), "--model", str(each), "--out", str(tmp_path / each.name)]
        assert main([*command, "--no-smoothing", "--device", "cpu"]) == 0
        (folder,) = (tmp_path / each.name).iterdir()
        masks = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(folder.glob("masks/*.png"))]
        assert np.array_equal(
            np.stack([mask for mask in masks if mask is not None]) > 0, predict_framewise(each, boxes)
        )
        said = about(folder)
        assert said["smoothing"] == {"sigma_ms": None, "reason": "not asked for"}
        assert NO_TIMES not in said["warnings"]


def write_pictures(folder: Path, clip: Path) -> Path:
    folder.mkdir()
    for index, frame_HW in enumerate(read_whole(clip)):
        assert cv2.imwrite(str(folder / f"{index}.png"), frame_HW)
    return folder


def test_a_clip_without_times_is_not_smoothed_and_that_is_said_once(
    model: Path, boxes: Path, tmp_path: Path
) -> None:
    pictures = write_pictures(tmp_path / "frames", boxes)
    (result,) = lvzoo.predict(pictures, model=model, out=tmp_path / "out", device="cpu")
    assert np.array_equal(result.masks_NHW, predict_framewise(model, boxes))
    said = about(result.folder)
    assert said["warnings"].count(NO_TIMES) == 1
    assert said["smoothing"] == {"sigma_ms": None, "reason": "the times of its frames are not known"}
    (timed,) = lvzoo.predict(pictures, model=model, out=tmp_path / "out", device="cpu", fps=50)
    assert about(timed.folder)["smoothing"] == {"sigma_ms": 40.0}
    (not_asked,) = lvzoo.predict(pictures, model=model, out=tmp_path / "no", device="cpu", smoothing=False)
    assert NO_TIMES not in about(not_asked.folder)["warnings"]


def test_times_that_stand_still_in_the_middle_end_the_smoothing_of_the_whole_clip(
    model: Path, tmp_path: Path
) -> None:
    dataset = pydicom.dcmread(pydicom.examples.get_path("ybr_color"))
    dataset.FrameTimeVector = [0.0, *[33.0] * 19, 0.0, *[33.0] * 9]
    dataset.FrameIncrementPointer = 0x00181065
    del dataset.FrameTime
    dataset.save_as(tmp_path / "still.dcm")
    options: dict[str, Any] = {"model": model, "device": "cpu"}
    (result,) = lvzoo.predict(tmp_path / "still.dcm", out=tmp_path / "a", **options)
    (plain,) = lvzoo.predict(tmp_path / "still.dcm", out=tmp_path / "b", smoothing=False, **options)
    said = about(result.folder)
    assert said["times_from"] is None
    assert said["warnings"].count(NO_TIMES) == 1
    assert said["frames"] == 30
    assert np.array_equal(result.masks_NHW, plain.masks_NHW)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["still"], "nothing half done is left"


def test_several_models_give_the_mean_of_their_masks(
    model: Path, points: Path, boxes: Path, tmp_path: Path
) -> None:
    alone = [
        lvzoo.predict(boxes, model=each, out=tmp_path / each.name, device="cpu")[0].masks_NHW
        for each in (model, points)
    ]
    (both,) = lvzoo.predict(boxes, model=[model, points], out=tmp_path / "both", device="cpu")
    assert np.array_equal(both.masks_NHW, average_masks(alone))
    assert not np.array_equal(both.masks_NHW, alone[0])
    said = about(both.folder)
    assert [each["model"] for each in said["models"]] == [model.name, points.name]
    assert [each["averaged"] for each in said["models"]] == ["logits", "landmarks"]
    assert len(said["made_from"]["weights"]) == 2
    command = ["predict", str(boxes), "--model", str(points), "--model", str(model), "--device", "cpu"]
    assert main([*command, "--out", str(tmp_path / "both")]) == 0
    assert [path.name for path in (tmp_path / "both").iterdir()] == ["clip"], "the order does not matter"
    (one,) = lvzoo.predict(boxes, model=[model], out=tmp_path / "both", device="cpu")
    assert one.folder.name == "clip-2", "one of the two is another model"


def test_the_same_model_twice_and_no_model_are_refused(model: Path, boxes: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is named twice; name it once"):
        lvzoo.predict(boxes, model=[model, model], out=tmp_path)
    (tmp_path / "link").symlink_to(model)
    with pytest.raises(UsageError, match="are the same weights"):
        lvzoo.predict(boxes, model=[model, tmp_path / "link"], out=tmp_path / "out")
    with pytest.raises(UsageError, match="no model is named"):
        lvzoo.predict(boxes, model=[], out=tmp_path)


def test_moved_copies_are_averaged_when_asked_for(model: Path, boxes: Path, tmp_path: Path) -> None:
    (plain,) = lvzoo.predict(boxes, model=model, out=tmp_path, device="cpu")
    command = ["predict", str(boxes), "--model", str(model), "--out", str(tmp_path), "--device", "cpu"]
    assert main([*command, "--tta"]) == 0
    copied = lvzoo.predict(boxes, model=model, out=tmp_path, device="cpu", tta=True)[0]
    assert (copied.folder.name, copied.earlier) == ("clip-2", True)
    assert not np.array_equal(copied.masks_NHW, plain.masks_NHW)
    assert (about(plain.folder)["tta"], about(copied.folder)["tta"]) == (False, True)


def change(settings: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda said: said["made_from"].update(settings)


@pytest.mark.parametrize(
    ("edit", "smoothing", "earlier"),
    [
        (change({}), True, True),
        (change({}), False, False),
        (change({"smoothing_ms": 80.0}), True, False),
        (change({"tta": True}), True, False),
        (change({"checks": []}), True, False),
        (change({"options": ["nifti"]}), True, False),
        (lambda said: said.update(schema=0), True, False),
    ],
)
def test_results_of_other_settings_are_not_returned(
    model: Path,
    boxes: Path,
    tmp_path: Path,
    edit: Callable[[dict[str, Any]], None],
    smoothing: bool,  # noqa: FBT001 - a case of the table
    earlier: bool,  # noqa: FBT001 - a case of the table
) -> None:
    (first,) = lvzoo.predict(boxes, model=model, out=tmp_path, device="cpu")
    said = about(first.folder)
    edit(said)
    (first.folder / "summary.json").write_text(json.dumps(said))
    (again,) = lvzoo.predict(boxes, model=model, out=tmp_path, device="cpu", smoothing=smoothing)
    assert again.earlier is earlier
