"""An ONNX file gives the same masks in lvzoo as when ONNX Runtime runs it directly."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto

import lvzoo
from lvzoo.errors import DataError, PluginError
from lvzoo.evaluate.predict import predict_batches, predict_masks
from lvzoo.foreign.onnx import OnnxLandmarkModel, OnnxMaskModel, OnnxNetwork
from lvzoo.foreign.wrap import Scores
from tests.foreign.made_onnx import write_constant, write_onnx
from tests.toys import toy_batch, toy_frames

TARGET = 2
MEAN, STD = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)


def run_by_hand(path: Path, frames_NHW: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what ONNX Runtime gives for the frames one by one, repeated to three channels and normalised."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    planes = [frames_NHW.astype(np.float32) / 255 - mean for mean in MEAN]
    images_NCHW = np.stack([plane / std for plane, std in zip(planes, STD, strict=True)], axis=1)
    scores = [
        session.run(None, {"images": image_CHW[None].astype(np.float32)})[0] for image_CHW in images_NCHW
    ]
    return np.concatenate([np.asarray(each) for each in scores])


def predict(model: torch.nn.Module, frames_NHW: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return predict_masks(model, frames_NHW, device=torch.device("cpu"), precision=torch.float32)


@pytest.mark.parametrize(
    ("scores", "activation"),
    [("logits", None), ("sigmoid", "Sigmoid"), ("class-logits", None), ("softmax", "Softmax")],
)
def test_the_masks_are_those_of_the_file_run_by_hand(
    tmp_path: Path, scores: Scores, activation: str | None
) -> None:
    frames = toy_frames(5).frames_NHW
    path = write_onnx(tmp_path / "theirs.onnx", activation=activation)
    by_hand_NCHW = run_by_hand(path, frames)
    if scores in ("class-logits", "softmax"):
        inside_NHW = by_hand_NCHW.argmax(axis=1) == TARGET
    else:
        inside_NHW = by_hand_NCHW[:, TARGET] >= (0.5 if scores == "sigmoid" else 0)
    model = OnnxMaskModel(path, mean=MEAN, std=STD, scores=scores, target=TARGET)
    assert 0.02 < inside_NHW.mean() < 0.98
    assert (predict(model, frames) == inside_NHW).mean() > 0.9999


def test_size_channels_batch_and_type_are_those_that_the_file_states(tmp_path: Path) -> None:
    frames = toy_frames(5).frames_NHW
    fixed = write_onnx(tmp_path / "fixed.onnx", size_HW=(64, 48), batch=2)
    model = OnnxMaskModel(fixed)
    assert (model.size_HW, model.channels) == ((64, 48), 3)
    free = OnnxMaskModel(write_onnx(tmp_path / "free.onnx"), size_HW=(64, 48))
    assert np.array_equal(predict(model, frames), predict(free, frames))
    half = OnnxMaskModel(write_onnx(tmp_path / "half.onnx", dtype=TensorProto.FLOAT16), size_HW=(64, 48))
    assert (predict(half, frames) == predict(free, frames)).mean() > 0.999
    assert predict(free, frames).any()
    with pytest.raises(PluginError, match=r"size_HW is \(32, 32\), but .*fixed.onnx takes \(64, 48\)"):
        OnnxMaskModel(fixed, size_HW=(32, 32))


def test_weights_of_another_file_are_refused(tmp_path: Path) -> None:
    one, other = (OnnxMaskModel(write_onnx(tmp_path / f"{seed}.onnx", seed=seed)) for seed in (0, 1))
    again = OnnxMaskModel(tmp_path / "0.onnx")
    again.load_state_dict(one.state_dict())
    with pytest.raises(
        DataError, match=r"1\.onnx: is not the file that was adopted; name that file in the option"
    ):
        other.load_state_dict(one.state_dict())


def test_a_file_cannot_be_trained(tmp_path: Path) -> None:
    batch = toy_batch(2)
    model = OnnxMaskModel(write_onnx(tmp_path / "theirs.onnx"))
    with pytest.raises(PluginError, match="an ONNX file cannot be trained; score it with `lvzoo eval`"):
        model.loss(model(batch.frames_B1HW), batch)


def test_files_that_cannot_be_run_are_errors_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        PluginError, match=r"gone\.onnx: cannot be read \(no such file or directory\); name the ONNX file"
    ):
        OnnxNetwork(tmp_path / "gone.onnx")
    (tmp_path / "odd.onnx").write_bytes(b"no graph")
    with pytest.raises(PluginError, match=r"odd\.onnx: ONNX Runtime cannot run it") as caught:
        OnnxNetwork(tmp_path / "odd.onnx")
    assert "\n" not in str(caught.value)
    with pytest.raises(
        PluginError, match=r"none\.onnx: takes no input; lvzoo runs files with one float input"
    ):
        OnnxNetwork(write_constant(tmp_path / "none.onnx"))
    whole = OnnxNetwork(write_onnx(tmp_path / "int.onnx"))
    with pytest.raises(PluginError, match=r"ONNX Runtime failed on frames \(1, 2, 9, 9\)"):
        whole(torch.zeros(1, 2, 9, 9))


def test_metadata_that_this_lvzoo_does_not_know_are_an_error(tmp_path: Path) -> None:
    damaged = write_onnx(tmp_path / "damaged.onnx", metadata="{")
    newer = write_onnx(
        tmp_path / "newer.onnx", metadata=json.dumps({"format": 99, "kind": "mask", "rule": {}})
    )
    for path, why in ((damaged, "JSONDecodeError"), (newer, "format 99, this lvzoo knows 1")):
        with pytest.raises(PluginError, match=f"its metadata are not as this lvzoo writes them .*{why}"):
            OnnxMaskModel(path)
    with pytest.raises(
        PluginError, match="was not written by `lvzoo export`, so the order of its landmarks is unknown"
    ):
        OnnxLandmarkModel(write_onnx(tmp_path / "theirs.onnx"))


@pytest.mark.parametrize(
    ("name", "wrapper"), [("unet-fast", OnnxMaskModel), ("landmark7-fast", OnnxLandmarkModel)]
)
@pytest.mark.slow
def test_an_exported_model_comes_back_with_the_same_masks(
    tmp_path: Path, name: str, wrapper: type[OnnxMaskModel | OnnxLandmarkModel]
) -> None:
    frames = toy_frames(20).frames_NHW
    path = lvzoo.export(name, out=tmp_path / "out.onnx").path
    ours, back = lvzoo.load(name), wrapper(path)
    assert predict(ours, frames).any()
    assert (predict(ours, frames) == predict(back, frames)).mean() > 0.9999
    on_cpu = partial(predict_batches, device=torch.device("cpu"), precision=torch.float32)
    for one, other in zip(on_cpu(ours, frames), on_cpu(back, frames), strict=True):
        if one.landmarks_BK2 is not None and other.landmarks_BK2 is not None:
            assert np.abs(one.landmarks_BK2 - other.landmarks_BK2).max() < 0.01
    wrong = OnnxLandmarkModel if wrapper is OnnxMaskModel else OnnxMaskModel
    with pytest.raises(PluginError, match=r"holds a (mask|landmark) model; use a family of"):
        wrong(path)
