"""`lvzoo.export` writes a model as a file that other programs run, with everything that they must know."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, NoSplitError, PluginError, UsageError
from lvzoo.evaluate.dice import dice_N
from lvzoo.evaluate.predict import predict_masks
from lvzoo.exports.network import Graph, LandmarkRule, MaskRule, parse_rule, trace_network
from lvzoo.exports.network_pt2 import write_pt2
from lvzoo.foreign.onnx import OnnxLandmarkModel, OnnxMaskModel
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.models.build import build_model
from lvzoo.models.decode import masks_from_landmarks
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.registry import open_zoo
from lvzoo.types import FrameSet, Prediction
from lvzoo.weights.card import trained_elsewhere
from lvzoo.weights.moved import move_outwards
from lvzoo.weights.trained import find_trained
from lvzoo.workflows import export as export_workflow
from lvzoo.workflows.export_check import check_batches, check_difference, check_rule, compute_expected
from lvzoo.workflows.export_facts import describe_model
from lvzoo.workflows.export_int8 import load_int8_frames
from lvzoo.workflows.exported import ExportedNetwork, make_array, open_exported
from tests.made_weights import MOVED, OPTIONS, write_weights

UNDECIDED = 1e-3
"""Programs round differently, so a pixel with a logit nearer to 0 may be in one mask and not in the other."""

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@pytest.fixture(scope="module")
def frames() -> FrameSet:
    return Phantom(cached_phantom(size="smoke", seed=0)).load("test")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the models in the box, exported once in each format."""
    folder = tmp_path_factory.mktemp("exported")
    return {
        f"{model}.{form}": lvzoo.export(model, format=form, out=folder / f"{model}.{form}").path
        for model in ("unet-fast", "landmark7-fast")
        for form in ("onnx", "pt2")
    }


def open_plainly(path: Path) -> tuple[Run, dict[str, Any]]:
    """Return the function that runs a file, and its metadata, as a program without lvzoo reads them."""
    if path.suffix == ".onnx":
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        text = session.get_modelmeta().custom_metadata_map["lvzoo"]
        return lambda batch_B1HW: session.run(None, {"frames_B1HW": batch_B1HW})[0], json.loads(text)
    extra = {"lvzoo": ""}
    network = torch.export.load(path, extra_files=extra).module()
    return lambda batch_B1HW: network(torch.from_numpy(batch_B1HW)).detach().numpy(), json.loads(
        extra["lvzoo"]
    )


def grey(frames: FrameSet) -> NDArray[np.float32]:
    return make_array(frames.frames_NHW)


def small_network(family: str, **options: Any) -> nn.Module:  # noqa: ANN401 - of any type that options have
    [entry] = open_zoo().select(family)
    return build_model(dataclasses.replace(entry, options={**entry.options, **options}), seed=3).eval()


def make_contiguous(network: nn.Module) -> nn.Module:
    """Make every buffer contiguous: safetensors takes no other."""
    for name, buffer in network.named_buffers():
        if not buffer.is_contiguous():
            setattr(network, name, buffer.contiguous())
    return network


def write_landmarks(path: Path, **changes: Any) -> Path:  # noqa: ANN401 - fields of the card
    """Write a weights file of a small heatmap model."""
    card = {"entry": "points", "kind": "landmark", "family": "landmark-heatmap", "plugin": "landmarks"}
    return write_weights(path, model=small_network("landmark7", **OPTIONS), **{**card, **changes})


# --- What other programs get ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["onnx", "pt2"])
@pytest.mark.parametrize("batch", [1, 3, 5])
def test_a_mask_model_gives_the_same_masks(
    files: dict[str, Path], frames: FrameSet, form: str, batch: int
) -> None:
    run, metadata = open_plainly(files[f"unet-fast.{form}"])
    assert metadata["output"]["name"] == "logits_B1HW"
    given_N1HW = grey(frames)
    logits_N1HW = np.concatenate([run(given_N1HW[n : n + batch]) for n in range(0, len(frames), batch)])
    assert logits_N1HW.shape == (len(frames), 1, 112, 112)
    masks_NHW = logits_N1HW[:, 0] >= metadata["rule"]["threshold"]
    expected_NHW = predict_masks(
        lvzoo.load("unet-fast"), frames.frames_NHW, device=torch.device("cpu"), precision=torch.float32
    )
    decided_NHW = np.abs(logits_N1HW[:, 0]) > UNDECIDED
    assert np.array_equal(masks_NHW[decided_NHW], expected_NHW[decided_NHW])
    assert decided_NHW.mean() > 0.999
    assert dice_N(masks_NHW, frames.masks_NHW).mean() > 0.85  # the frames are normalised in the graph


@pytest.mark.parametrize("form", ["onnx", "pt2"])
@pytest.mark.parametrize("batch", [1, 3, 5])
def test_a_landmark_model_gives_the_same_landmarks(
    files: dict[str, Path], frames: FrameSet, form: str, batch: int
) -> None:
    run, metadata = open_plainly(files[f"landmark7-fast.{form}"])
    assert metadata["output"]["name"] == "points_BK2"
    drawing = metadata["rule"].pop("drawing")
    assert "square root" in drawing["curve"]
    assert "half to even" in drawing["fill"]
    assert drawing["points"] == 16 * 7
    assert "offset" not in drawing
    assert metadata["rule"] == {
        "landmarks": 7,
        "curve": "spline",
        "offset_px": 0.0,
        "order": "left annulus, left wall, apex, right wall, right annulus",
    }
    given_N1HW = grey(frames)
    points_NK2 = np.concatenate([run(given_N1HW[n : n + batch]) for n in range(0, len(frames), batch)])
    network = lvzoo.load("landmark7-fast")
    assert isinstance(network, LandmarkModel)
    with torch.inference_mode():
        expected = network.decode(network(torch.from_numpy(given_N1HW)))
    assert expected.landmarks_BK2 is not None
    np.testing.assert_allclose(points_NK2, expected.landmarks_BK2, atol=0.01)
    masks_NHW = masks_from_landmarks(points_NK2, (112, 112), curve=metadata["rule"]["curve"])
    assert dice_N(masks_NHW, expected.masks_BHW).min() > 0.995


def test_the_metadata_say_what_a_reader_must_know(files: dict[str, Path]) -> None:
    _, metadata = open_plainly(files["unet-fast.onnx"])
    assert metadata == open_plainly(files["unet-fast.pt2"])[1]
    assert (metadata["format"], metadata["kind"], metadata["model"]) == (1, "mask", "unet-fast")
    assert metadata["input"] == {
        "name": "frames_B1HW",
        "type": "float32",
        "shape": ["batch", 1, 112, 112],
        "size_HW": [112, 112],
        "channels": 1,
        "range": [0, 1],
    }
    assert metadata["rule"] == {"threshold": 0.0}
    assert metadata["licence"] == "MIT"
    assert metadata["trained_on"]["synthetic"] is True
    assert metadata["trained_on"]["patients"] == 7465
    assert metadata["calibration"] is None
    assert metadata["int8"] is None
    assert "not a medical device" in metadata["note"]
    assert metadata["check"]["batch_sizes"] == [1, 3]
    graph = onnx.load(files["unet-fast.onnx"]).graph
    assert [each.type.tensor_type.shape.dim[0].dim_param for each in (*graph.input, *graph.output)] == 2 * [
        "batch"
    ]


def test_the_metadata_claim_nothing_about_data_that_only_the_author_knows(tmp_path: Path) -> None:
    weights = write_weights(tmp_path / "theirs.safetensors", trained_on=trained_elsewhere("our clips"))
    about = describe_model(find_trained(weights))["trained_on"]
    assert about["synthetic"] is None
    assert about["text"] == "our clips (trained elsewhere, as its author says)"


def test_no_file_says_where_the_code_lies(files: dict[str, Path], tmp_path: Path) -> None:
    here = str(Path(lvzoo.__file__).parents[1]).encode()
    for path in files.values():
        folder = tmp_path / path.name
        folder.mkdir()
        if path.suffix == ".pt2":
            shutil.unpack_archive(path, folder, "zip")
        else:
            shutil.copy(path, folder)
        contents = [each.read_bytes() for each in folder.rglob("*") if each.is_file()]
        assert contents
        assert not any(here in content or b".py" in content for content in contents), path


@pytest.mark.parametrize(
    ("family", "options", "rule"),
    [
        pytest.param(
            "landmark7",
            {**OPTIONS, "loss": "mse", "decode": "dark"},
            LandmarkRule(landmarks=7),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "landmark7", {**OPTIONS, "decode": "argmax"}, LandmarkRule(landmarks=7), marks=pytest.mark.slow
        ),
        ("contour41", {}, LandmarkRule(landmarks=41, curve="polygon")),
    ],
    ids=["dark", "argmax", "polygon"],
)
def test_every_way_to_read_landmarks_is_kept(
    tmp_path: Path, family: str, options: dict[str, Any], rule: LandmarkRule
) -> None:
    network = small_network(family, **options)
    [entry] = open_zoo().select(family)
    weights = write_weights(
        tmp_path / "mine.safetensors",
        model=make_contiguous(network),
        entry="mine",
        kind="landmark",
        family=entry.family.name,
        plugin="landmarks",
        options={**entry.options, **options},
    )
    made = lvzoo.export(weights, format="pt2", out=tmp_path / "mine.pt2")
    assert parse_rule(open_plainly(made.path)[1]) == rule
    assert made.difference.largest < 0.01


def test_coarse_logits_are_upsampled_in_the_graph(frames: FrameSet) -> None:
    class Coarse(MaskModel):
        def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
            return nn.functional.avg_pool2d(frames_B1HW, 4) - 0.3

    graph, few = Graph(Coarse(), "mask").eval(), frames.frames_NHW[:3]
    expected = compute_expected(graph, Coarse(), few, named="coarse")
    assert expected.output.shape == (3, 1, 112, 112)
    check_rule(MaskRule(), expected, Coarse(), named="coarse")


@pytest.mark.parametrize("model", ["unet-fast", "landmark7-fast"])
def test_a_file_gives_the_same_masks_as_a_network_from_elsewhere(
    files: dict[str, Path], frames: FrameSet, model: str
) -> None:
    """A plugin that reads ONNX files needs nothing but the path of an exported one."""
    read = OnnxMaskModel if model == "unet-fast" else OnnxLandmarkModel
    masks_NHW, expected_NHW = (
        predict_masks(each, frames.frames_NHW, device=torch.device("cpu"), precision=torch.float32)
        for each in (read(files[f"{model}.onnx"]), lvzoo.load(model))
    )
    assert np.count_nonzero(masks_NHW != expected_NHW) <= 1  # of 150,528: one may lie on the border
    assert expected_NHW.any()


# --- Calibrated models ------------------------------------------------------------------------------------------


def test_the_constant_of_a_calibrated_mask_model_is_in_the_graph(tmp_path: Path, frames: FrameSet) -> None:
    number = 0.01
    plain, moved = tmp_path / "plain.safetensors", tmp_path / "moved.safetensors"
    write_weights(plain)
    write_weights(moved, calibration=dataclasses.replace(MOVED, number=number))
    outputs = []
    for path in (plain, moved):
        run, metadata = open_plainly(lvzoo.export(path, format="pt2", out=path.with_suffix(".pt2")).path)
        outputs.append(run(grey(frames)))
        assert metadata["rule"] == {"threshold": 0.0}
    np.testing.assert_allclose(outputs[1] - outputs[0], number, atol=1e-5)
    assert metadata["calibration"]["number"] == number
    assert metadata["trained_on"]["text"].endswith("border calibrated on echonet-dynamic (reader-1)")


def test_the_offset_of_a_calibrated_landmark_model_is_in_the_rule(tmp_path: Path, frames: FrameSet) -> None:
    calibration = dataclasses.replace(MOVED, number=2.0, unit="px")
    weights = write_landmarks(tmp_path / "points.safetensors", calibration=calibration)
    made = lvzoo.export(weights, format="pt2", out=tmp_path / "points.pt2")
    run, metadata = open_plainly(made.path)
    assert metadata["rule"]["offset_px"] == 2.0
    network = lvzoo.load(weights)
    assert isinstance(network, LandmarkModel)
    with torch.inference_mode():
        expected = network.decode(network(torch.from_numpy(grey(frames))))
    moved = np.stack([move_outwards(points_K2, 2.0) for points_K2 in run(grey(frames))])
    assert expected.landmarks_BK2 is not None
    np.testing.assert_allclose(moved, expected.landmarks_BK2, atol=0.01)
    exported = open_exported(made.path)
    assert np.array_equal(exported.predict_masks(frames.frames_NHW), expected.masks_BHW)


@pytest.mark.slow
def test_a_calibrated_landmark_model_keeps_its_border_elsewhere(tmp_path: Path, frames: FrameSet) -> None:
    calibration = dataclasses.replace(MOVED, number=2.0, unit="px")
    weights = write_landmarks(tmp_path / "points.safetensors", calibration=calibration)
    path = lvzoo.export(weights, out=tmp_path / "points.onnx").path
    masks_NHW, expected_NHW = (
        predict_masks(each, frames.frames_NHW, device=torch.device("cpu"), precision=torch.float32)
        for each in (OnnxLandmarkModel(path), lvzoo.load(weights))
    )
    assert np.count_nonzero(masks_NHW != expected_NHW) <= 1


# --- Files that are not kept ------------------------------------------------------------------------------------


def test_a_file_that_differs_from_torch_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_wrongly(program: torch.export.ExportedProgram, path: Path, metadata: dict[str, Any]) -> None:
        with torch.no_grad():
            program.state_dict["network.body.head.bias"] += 0.05
        write_pt2(program, path, metadata)

    monkeypatch.setattr(export_workflow, "write_pt2", write_wrongly)
    weights = write_weights(tmp_path / "small.safetensors")
    with pytest.raises(
        PluginError, match=r"small\.safetensors: the exported file differs from torch by 0\.05 logit"
    ):
        lvzoo.export(weights, format="pt2", out=tmp_path / "out/small.pt2")
    assert not list((tmp_path / "out").iterdir())


def test_a_file_that_gives_nan_is_not_kept(frames: FrameSet) -> None:
    network = small_network("unet", **OPTIONS)
    expected = compute_expected(Graph(network, "mask"), network, frames.frames_NHW[:3], named="mine")
    exported = ExportedNetwork(run=lambda batch: batch * np.float32("nan"), rule=MaskRule(), metadata={})
    with pytest.raises(PluginError, match="mine: the exported file differs from torch by nan logit"):
        check_difference(exported, expected, named="mine")


def test_a_file_that_only_runs_with_one_batch_size_is_not_kept(frames: FrameSet) -> None:
    def run(batch_B1HW: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(batch_B1HW) != 1:
            raise ValueError("the batch must be 1")
        return batch_B1HW

    exported = ExportedNetwork(run=run, rule=MaskRule(), metadata={})
    with pytest.raises(
        PluginError, match=r"mine: .* run with batches of 3 \(ValueError: the batch must be 1"
    ):
        check_batches(exported, frames.frames_NHW[:6], named="mine")


def test_the_int8_file_must_not_depend_on_the_batch(frames: FrameSet) -> None:
    exported = ExportedNetwork(run=lambda batch: batch - len(batch) / 10, rule=MaskRule(), metadata={})
    with pytest.raises(PluginError, match="masks of the int8 file depend on the size of the batch"):
        check_batches(exported, frames.frames_NHW[:6], named="mine")


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        {},
        {"format": 2, "kind": "mask", "rule": {"threshold": 0.0}},
        {"format": 1, "kind": "mask", "rule": 3},
        {"format": 1, "kind": "mask", "rule": {"threshold": "high"}},
        {"format": 1, "kind": "mask", "rule": {"threshold": 0.0, "smooth": True}},
        {"format": 1, "kind": "graph", "rule": {"threshold": 0.0}},
        {"format": 1, "kind": "landmark", "rule": {"landmarks": 7, "curve": "bezier", "offset_px": 0.0}},
        {
            "format": 1,
            "kind": "landmark",
            "rule": {"landmarks": 7, "curve": "spline", "offset_px": float("inf")},
        },
        {"format": 1, "kind": "landmark", "rule": {"curve": "spline"}},
    ],
    ids=str,
)
def test_a_rule_that_this_version_does_not_know_is_refused(metadata: object) -> None:
    """A reader that left out a step of the rule would make wrong masks in silence."""
    with pytest.raises(ValueError, match=r"format|rule|kind"):
        parse_rule(metadata)


# --- Models that cannot be exported -----------------------------------------------------------------------------


class LooksAtTheFrames(MaskModel):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return frames_B1HW - 0.5 if frames_B1HW.mean() > 0.1 else frames_B1HW - 0.2


class FixedBatch(MaskModel):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return frames_B1HW.reshape(2, 1, 112, 112)


@pytest.mark.parametrize(
    ("network", "reason"),
    [(LooksAtTheFrames(), "GuardOnDataDependent"), (FixedBatch(), r"batch|reshape|shape")],
)
def test_a_network_that_cannot_be_traced_is_named_with_the_cause(network: nn.Module, reason: str) -> None:
    with pytest.raises(PluginError, match=reason) as caught:
        trace_network(Graph(network, "mask"), named="mine")
    told = str(caught.value)
    assert told.startswith(
        f"mine: {type(network).__name__} cannot be exported, because torch cannot trace it ("
    )
    assert "\n" not in told
    assert len(told) < 500


def test_a_model_that_makes_masks_in_its_own_way_is_refused(frames: FrameSet) -> None:
    class Holes(MaskModel):
        def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
            return frames_B1HW - 0.2

        def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
            found = super().decode(output, size_HW=size_HW)
            found.masks_BHW[:, 50:60, 50:60] = False
            return found

    expected = compute_expected(Graph(Holes(), "mask"), Holes(), frames.frames_NHW[:3], named="mine")
    with pytest.raises(PluginError, match="mine: Holes cannot be exported, because it makes its masks in a"):
        check_rule(MaskRule(), expected, Holes(), named="mine")


def test_an_output_of_another_shape_is_refused(frames: FrameSet) -> None:
    class TwoClasses(MaskModel):
        def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
            return torch.cat([frames_B1HW, -frames_B1HW], dim=1)

        def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
            return super().decode(output[:, :1], size_HW=size_HW)

    with pytest.raises(PluginError, match=r"shape \(3, 2, 112, 112\); return logits \(B, 1, H, W\)"):
        compute_expected(Graph(TwoClasses(), "mask"), TwoClasses(), frames.frames_NHW[:3], named="mine")


# --- int8 -------------------------------------------------------------------------------------------------------


def test_int8_says_what_it_costs(tmp_path: Path, files: dict[str, Path], frames: FrameSet) -> None:
    made = lvzoo.export("unet-fast", int8=True, phantom_size="smoke", out=tmp_path / "small.onnx")
    run, metadata = open_plainly(made.path)
    cost = metadata["int8"]
    assert (cost["frames"], cost["patients"], cost["synthetic"]) == (len(frames), 6, True)
    assert (cost["calibrated_on"], cost["calibration_frames"]) == ("train", 16)
    assert cost["data"].startswith("synthetic phantom")
    for name, each in (("dice_int8", run), ("dice_float32", open_plainly(files["unet-fast.onnx"])[0])):
        masks_NHW = each(grey(frames))[:, 0] >= 0
        assert cost[name] == pytest.approx(dice_N(masks_NHW, frames.masks_NHW).mean(), abs=1e-4)
    assert cost["agreement"] > 0.98
    assert cost["dice_int8"] != cost["dice_float32"]
    assert made.path.stat().st_size < 0.4 * files["unet-fast.onnx"].stat().st_size
    assert any(each.op_type == "QuantizeLinear" for each in onnx.load(made.path).graph.node)
    assert [each.name for each in tmp_path.iterdir()] == ["small.onnx"]


def test_a_network_that_cannot_be_quantised_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("no scale for Einsum")

    monkeypatch.setattr("lvzoo.workflows.export_int8.quantise", refuse)
    with pytest.raises(
        PluginError, match=r"unet-fast: cannot be written in int8 \(ValueError: no scale.*without --int8"
    ):
        lvzoo.export("unet-fast", int8=True, phantom_size="smoke", out=tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_int8_uses_frames_of_a_data_set_but_no_test_frames(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(cached_phantom(size="smoke", seed=0), tmp_path / "data"))
    listed = folder / "FileList.csv"
    listed.write_text(listed.read_text().replace("TRAIN", "VAL"))
    found = load_int8_frames(folder, phantom_size=None, registries=[])
    assert (found.split, len(found.test)) == ("val", 12)
    known = {frame_HW.tobytes() for frame_HW in found.test.frames_NHW}
    assert not known & {frame_HW.tobytes() for frame_HW in found.calibration_NHW}
    listed.write_text(listed.read_text().replace("VAL", "TEST"))
    with pytest.raises(NoSplitError, match=r"int8 needs frames of the split train or val"):
        load_int8_frames(folder, phantom_size=None, registries=[])


# --- Arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"format": "tflite"}, "unknown format 'tflite'; use one of onnx, pt2"),
        ({"format": "pt2", "int8": True}, "int8 is for ONNX files only; use --format onnx"),
        ({"data": "somewhere"}, "--data .* is for int8 only"),
        ({"phantom_size": "smoke"}, "--phantom-size .* is for int8 only"),
        ({"int8": True, "data": "somewhere", "phantom_size": "smoke"}, "leave one out"),
        ({"out": "x.pt2"}, r"ends in \.onnx; name it x\.onnx, or use --format pt2"),
        ({"out": "x.bin", "format": "pt2"}, r"ends in \.pt2; name it x\.pt2$"),
        ({"out": "x\x1b.onnx"}, "has control characters"),
    ],
)
def test_odd_options_are_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(export_workflow, "read_model", lambda *_, **__: pytest.fail("the model was read"))
    with pytest.raises(UsageError, match=reason):
        lvzoo.export("unet-fast", **options)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_text("mine")
    with pytest.raises(DataError, match=r"mine\.onnx: exists; name another --out"):
        lvzoo.export("unet-fast", out=tmp_path / "mine.onnx")


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], package: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "lvzoo.exports.network_onnx.find_spec", lambda name: None if name == package else find(name)
    )
    assert main(["export", "unet-fast", "--out", str(tmp_path / "x.onnx")]) == 2
    assert capsys.readouterr().err == f"error: an ONNX file needs {package}; pip install 'lvzoo[onnx]'\n"
    assert not list(tmp_path.iterdir())


def test_torch_s_own_format_needs_no_package_for_onnx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        monkeypatch.setitem(sys.modules, package, None)
    weights = write_weights(tmp_path / "small.safetensors")
    assert lvzoo.export(weights, format="pt2", out=tmp_path / "x.pt2").path.is_file()


def test_a_file_from_elsewhere_is_no_exported_network(files: dict[str, Path], tmp_path: Path) -> None:
    model = onnx.load(files["unet-fast.onnx"])
    [metadata] = model.metadata_props
    metadata.value = metadata.value.replace('"format": 1', '"format": 2')
    onnx.save(model, tmp_path / "newer.onnx")
    with pytest.raises(DataError, match=r"newer\.onnx: .*its metadata have format 2, this lvzoo knows 1"):
        open_exported(tmp_path / "newer.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "bare.onnx")
    with pytest.raises(DataError, match=r"bare\.onnx: is no network that lvzoo exported"):
        open_exported(tmp_path / "bare.onnx")


def test_the_command_prints_the_file_and_how_it_was_checked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_weights(tmp_path / "small.safetensors")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lvzoo.workflows.export_int8.MOST_LOST", -1.0)
    words = ["export", "small.safetensors", "--int8", "--phantom-size", "smoke"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert told.out == "small-int8.onnx\n"
    first, second = told.err.splitlines()
    assert first.startswith("float32: differs from torch by at most ")
    assert "logit on 6 synthetic frames" in first
    assert second.startswith("int8: Dice 0.")
    assert "12 clean test frames of 6 patients of synthetic phantom" in second
    assert "int8 costs a Dice of" in caplog.text
    assert main(words) == 4
    assert "small-int8.onnx: exists" in capsys.readouterr().err
