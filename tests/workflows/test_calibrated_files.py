"""`lvzoo.calibrate` writes a weights file that names its calibration, and commands say that it is calibrated."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import lvzoo
from lvzoo.cli import main
from lvzoo.data.clips.recognise import read_whole
from lvzoo.models.decode import masks_from_logits
from lvzoo.phantom.write import cached_phantom
from lvzoo.weights import read_card
from tests.traced_outside import trace_outside


@pytest.fixture(scope="module")
def phantom() -> Path:
    return cached_phantom(size="smoke", seed=0)


@pytest.fixture(scope="module")
def outside(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a phantom whose readers trace 1 mm outside of the true contours."""
    return trace_outside(phantom, tmp_path_factory.mktemp("readers") / "outside", 1.0)


@pytest.fixture(scope="module")
def made(outside: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a calibrated weights file."""
    out = tmp_path_factory.mktemp("made") / "moved.safetensors"
    return lvzoo.calibrate("unet-fast", data=outside, frames=6, out=out).path


def test_the_card_names_the_calibration_and_the_tensors_stay(made: Path, outside: Path) -> None:
    card, plain = read_card(made), read_card(original())
    moved = card.calibration
    assert moved is not None
    assert (moved.unit, moved.frames, moved.patients, moved.split, moved.synthetic) == (
        "logit",
        6,
        6,
        "train",
        True,
    )
    assert (moved.name, moved.check.crossed, moved.check.patients) == ("phantom", False, 2)
    assert moved.number_half > 0
    assert card.dice.test is None, "it was measured with another border"
    assert dataclasses.replace(card, calibration=None, dice=plain.dice, commands=plain.commands) == plain
    command = (
        f"lvzoo calibrate unet-fast --data {outside.name} --frames 6 --split train --out moved.safetensors"
    )
    assert card.commands == (*plain.commands, command)
    assert command in made.with_suffix(".md").read_text()
    weights, before = load_file(made), load_file(original())
    assert weights.keys() == before.keys()
    assert all(torch.equal(weights[name], before[name]) for name in weights)


def original() -> Path:
    from lvzoo.weights.locate import locate

    return locate("unet-fast").path


def test_predict_moves_the_border_by_the_number_of_the_card(
    made: Path, phantom: Path, tmp_path: Path
) -> None:
    """`lvzoo eval` is tested below, `lvzoo.load`, `info` and `list` in tests/weights/test_calibration.py."""
    moved, clip = read_card(made).calibration, min((phantom / "Videos").iterdir())
    assert moved is not None
    frames_B1HW = torch.from_numpy(np.asarray(read_whole(clip)))[:, None] / 255
    with torch.inference_mode():
        logits_B1HW = lvzoo.load("unet-fast")(frames_B1HW)
    plain_BHW, wanted_BHW = (
        masks_from_logits(logits_B1HW + number, (112, 112)) for number in (0.0, moved.number)
    )
    [result] = lvzoo.predict(clip, model=made, out=tmp_path, smoothing=False, device="cpu")
    assert (plain_BHW != wanted_BHW).mean() > 0.005
    assert (result.masks_NHW != wanted_BHW).mean() < 0.0005


def test_a_ranking_names_a_calibrated_file_and_its_data_apart_from_the_training_data(
    made: Path, outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where it is the only model. Its frames are recognised although the list calls them test frames now."""
    again = Path(shutil.copytree(outside, tmp_path / "again"))
    listed = (again / "FileList.csv").read_text()
    swapped = listed.replace("TEST", "VAL").replace("TRAIN", "TEST")
    (again / "FileList.csv").write_text(swapped)
    options = ["--corruptions", "none", "--resamples", "50", "--executor", "inline", "--no-frames"]
    name, trained_on = "unet-fast-calibrated", "synthetic phantom-beats (phantom-v3)"
    for data, seen in ((again, True), (outside, False)):
        out = tmp_path / f"run-{data.name}"
        assert main(["eval", str(made), "--data", str(data), *options, "--out", str(out)]) == 0
        told = " ".join(capsys.readouterr().out.split())
        study = lvzoo.compare(out, frames=False).study
        assert study is not None
        facts = study.ranking.models[name]
        assert (facts.origin, facts.trained_on) == ("elsewhere", trained_on)
        assert (facts.calibrated_on, facts.calibrated_here) == ("synthetic phantom-v3", seen)
        assert study.ranking.table["calibrated_on"].tolist() == ["synthetic phantom-v3"]
        assert f"{name}§¶" in told
        assert "¶ calibrated: after the training, one number was fitted" in told
        assert f"{name} on data that are not known to be of this data set ({trained_on})" in told
        assert f"caution: border calibrated after the training: {name} on" in told
        assert (f"{name} on THE VERY FRAMES THAT ARE TESTED HERE (synthetic phantom-v3)" in told) == seen
        assert f"{name}§¶" in (out / "report.html").read_text()


def test_a_ranking_of_plain_models_has_no_mark_of_a_calibration(outside: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"corruptions": (), "resamples": 50, "executor": "inline", "frames": False}
    ranked = lvzoo.score("unet-fast", data=outside, out=tmp_path / "run", **options)
    assert "calibrated" not in (ranked.folder / "report.html").read_text()
    assert "calibrated_on" not in (ranked.folder / "run.json").read_text(), (
        "settings of earlier runs still match"
    )


def test_a_calibrated_file_is_calibrated_anew(
    made: Path, outside: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The earlier number is left out, so that the two results are the same."""
    again = lvzoo.calibrate(made, data=outside, frames=6, out=tmp_path / "again.safetensors")
    assert again.calibration == read_card(made).calibration
    number = f"{again.calibration.number:+.2f} is added to the logits"
    replaced = f"on synthetic phantom-v3; the new number replaces the earlier one ({number})"
    assert f"moved.safetensors was calibrated before, {replaced}" in caplog.text


def test_a_trial_is_calibrated_but_better_not_on_its_own_training_frames(
    phantom: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "runs" / "mine"
    trial = lvzoo.fit("unet-fast", preset="smoke", epochs=1, out=out, executor="inline", frames=False).trial
    whole = {
        name: tensor.float() for name, tensor in load_file(original()).items() if tensor.is_floating_point()
    }
    save_file({**load_file(trial / "model.safetensors"), **whole}, trial / "model.safetensors")
    made = lvzoo.calibrate(trial, data=phantom, split="val", out=tmp_path / "moved.safetensors")
    assert made.card.commands[-1].startswith("lvzoo calibrate runs/mine/trials/unet-fast-s0 --data ")
    assert made.card.rounding is None
    assert {tensor.dtype for tensor in load_file(made.path).values()} <= {torch.float32, torch.int64}
    assert "trained on these very" not in caplog.text
    lvzoo.calibrate(trial, data=phantom, out=tmp_path / "train.safetensors")
    assert "was trained on these very train frames, so they say little about other patients" in caplog.text


def test_the_command_prints_both_files_and_what_was_fitted(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["calibrate", "unet-fast", "--data", str(outside), "--frames", "16"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert told.out.split() == ["unet-fast-calibrated.safetensors", "unet-fast-calibrated.md"]
    for part in (
        "is added to the logits, which moves the border by ",
        "calibrated on: 16 frames of 8 patients of the train split of synthetic phantom",
        "(the frames of the calibration, each patient with the number that the others give)",
        "patients are needed to know the border to +- 0.3 px (95 % interval)",
    ):
        assert part in told.err
    assert told.err.count("95 % interval:") == 1, "two intervals may disagree about 0"
    assert main(words) == 4
    assert "unet-fast-calibrated.safetensors: exists; name another --out" in capsys.readouterr().err
