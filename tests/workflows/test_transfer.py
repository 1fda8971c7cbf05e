"""Transfer tests models, trained for it or before, on the usual phantom and on shifted ones."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.cli.transfer import _lines
from lvzoo.errors import DataError, UsageError
from lvzoo.models.build import build_model
from lvzoo.phantom import write
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.workflows.transfer import Transfer
from lvzoo.workflows.transfer_table import make_table
from tests.made_plugins import declare, network
from tests.made_weights import small_entry, write_weights

if TYPE_CHECKING:
    from tests.conftest import Install


PHANTOMS = ("standard", "beats", "gain")
"""The phantoms of a transfer with one shift."""


@pytest.fixture(autouse=True)
def _few_patients(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: dataclasses.replace(write.SIZES[name], test=3) for name in ("transfer", "transfer-beats")}
    monkeypatch.setattr(write, "SIZES", {**write.SIZES, **few})


def test_models_trained_for_it_and_models_trained_before_share_a_table(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"shifts": ["gain", "depth"], "executor": "inline", "preset": "smoke"}
    first = lvzoo.transfer(train="unet-fast", out=tmp_path / "first", **settings)
    trial = tmp_path / "first/training/trials/unet-fast-s0"
    assert first.patients == 3
    again = lvzoo.transfer(trial, train="landmark7-fast", out=tmp_path / "second", **settings)
    rows = {row["model"]: row for row in again.table.to_dict("records")}
    assert set(rows) == {"unet-fast", "landmark7-fast"}
    phantoms = ["standard", "beats", "gain", "depth"]
    assert list(again.table.columns) == ["model", "kind", "seeds", *phantoms, "shifted", "worst"]
    assert rows["unet-fast"] == first.table.to_dict("records")[0]
    for row in rows.values():
        assert row["standard"] != row["beats"]
        assert row["shifted"] == pytest.approx((row["gain"] + row["depth"]) / 2)
        assert row["worst"] == min(row["gain"], row["depth"])
    assert rows["unet-fast"]["gain"] != rows["unet-fast"]["depth"]
    for name in phantoms:
        scores = lvzoo.compare(tmp_path / "second" / name).scores
        patients = scores[scores["model"] == "unet-fast"].groupby("patient")["dice"].mean()
        assert rows["unet-fast"][name] == pytest.approx(patients.mean())
        table = again.intervals.query("model == 'unet-fast' and phantom == @name")
        told: dict[str, Any] = json.loads(table.to_json(orient="records", double_precision=15))[0]
        assert told["dice"] == pytest.approx(patients.mean())
        assert told["dice_low"] < told["dice"] < told["dice_high"]
    with (tmp_path / "second/transfer.csv").open() as file:
        assert {row["data"] for row in csv.DictReader(file)} == {"synthetic phantom"}


def test_the_command_prints_a_table_and_calls_it_synthetic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lvzoo.workflows.transfer.SHIFTS", {"gain": None})
    words = ["transfer", "--train", "unet-fast", "--preset", "smoke", "--executor", "inline"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    head, rule, row, _, note = capsys.readouterr().out.splitlines()
    assert head == "| model | kind | seeds | standard | beats | gain | shifted | worst |"
    assert rule.count("|") == row.count("|") == 9
    assert row.startswith("| unet-fast | mask | 1 | 0.")
    assert note.startswith("synthetic phantoms; mean Dice of clean frames of 3 patients")


def test_the_reach_of_an_interval_is_that_of_its_longer_side() -> None:
    row = {"model": "m", "phantom": "standard", "seeds": 1, "dice": 0.9, "dice_low": 0.86, "dice_high": 0.92}
    result = Transfer(
        folder=Path(), table=pd.DataFrame({"model": ["m"]}), intervals=pd.DataFrame([row]), patients=3
    )
    assert "95 % intervals reach at most 0.040 to either side" in _lines(result)[-1]


def test_a_model_of_fewer_seeds_on_one_phantom_has_no_row() -> None:
    class Told:
        ranking = pd.DataFrame({"model": ["whole", "torn"], "kind": "mask", "seeds": 2})

    intervals = pd.DataFrame(
        [
            {"model": name, "phantom": phantom, "seeds": seeds, "dice": 0.9}
            for name, phantom, seeds in (
                *(("whole", phantom, 2) for phantom in ("standard", "beats", "gain")),
                *(("torn", phantom, 2) for phantom in ("standard", "beats")),
                ("torn", "gain", 1),
            )
        ]
    )
    results = cast("Any", {"standard": Told()})
    assert list(make_table(intervals, ["standard", "beats", "gain"], results)["model"]) == ["whole"]


def test_another_question_has_another_folder_and_the_same_one_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = write_weights(tmp_path / "one.safetensors")
    second = write_weights(tmp_path / "two.safetensors", model=build_model(small_entry(), seed=4))
    settings: dict[str, Any] = {"shifts": ["gain"], "executor": "inline"}
    folders = [lvzoo.transfer(model, **settings).folder for model in (first, second, first)]
    assert folders[0] == folders[2] != folders[1]
    assert folders[0].parent == Path("runs")
    assert lvzoo.transfer(first, **settings, phantom_seed=2).folder not in folders


def test_no_patient_of_the_usual_phantom_is_tested(tmp_path: Path) -> None:
    """The patients of seed 0 may have chosen the model's epoch."""
    path = write_weights(tmp_path / "one.safetensors")
    lvzoo.transfer(path, shifts=[], executor="inline", out=tmp_path / "run")
    known = json.loads((tmp_path / "run/standard/run.json").read_text())
    usual, other = (
        Phantom(cached_phantom(size="transfer", seed=seed)).load("test").source.fingerprint for seed in (0, 1)
    )
    assert known["data"]["test"]["fingerprint"] == other != usual


MODELS = f"""
{network("Sound")}
class Bursts(Sound):
    def forward(self, frames_B1HW):
        raise RuntimeError("boom")

class Blank(Sound):
    # works on the 12 test frames of its training, and not on the 6 of these transfer phantoms
    def forward(self, frames_B1HW):
        if not self.training and len(frames_B1HW) == 6:
            raise RuntimeError("not these")
        return super().forward(frames_B1HW)
"""


def test_a_model_that_fails_costs_the_others_nothing(
    install_plugin: Install,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lvzoo.workflows.transfer.SHIFTS", {"gain": None})
    code = declare("sound", "bursts", "blank", package="moods_dist")
    install_plugin("moods", code, files={"model.py": MODELS})
    words = ["transfer", "--preset", "smoke", "--executor", "inline", "--train"]
    assert main([*words, "bursts,sound,blank", "--out", str(tmp_path / "run")]) == 1
    told = capsys.readouterr()
    assert [line.split(" | ")[0] for line in told.out.splitlines()[2:3]] == ["| sound"]
    assert "| blank" not in told.out
    failed = [line for line in told.err.splitlines() if line.startswith("failed: ")]
    assert [line.split(": ")[1] for line in failed] == [
        "bursts-s0",
        "blank-s0 on standard",
        "blank-s0 on gain",
    ]
    assert "boom" in failed[0]
    assert "Blank.forward raised RuntimeError: not these (model.py, line 21); correct its plugin" in failed[1]
    status = json.loads((tmp_path / "run/standard/trials/blank-s0/status.json").read_text())
    assert "moods_dist" in status["traceback"], "the traceback leads into the plugin"
    assert main([*words, "bursts", "--out", str(tmp_path / "none"), "--json"]) == 1
    nothing = capsys.readouterr()
    assert nothing.out == ""
    assert "because some trials failed: bursts-s0: RuntimeError: boom" in nothing.err


MOODY = f"""
import os
{network("Sound")}
class Late(Sound):
    # fails in training until a file is there
    def forward(self, frames_B1HW):
        if self.training and not os.path.exists(os.environ["LATE_IS_READY"]):
            raise RuntimeError("not yet")
        return super().forward(frames_B1HW)
"""


def test_a_repeat_after_a_failed_training_goes_on_in_the_same_folder(
    install_plugin: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "ready"
    monkeypatch.setenv("LATE_IS_READY", str(ready))
    code = declare("sound", "late", package="moody_dist")
    install_plugin("moody", code, files={"model.py": MOODY})
    options: dict[str, Any] = {"shifts": ["gain"], "executor": "inline", "preset": "smoke"}

    def repeat(**changes: Any) -> Transfer:  # noqa: ANN401 - arguments of transfer
        return lvzoo.transfer(**{**options, "train": ["sound", "late"], "out": tmp_path / "run", **changes})

    first = repeat()
    assert list(first.table["model"]) == ["sound"]
    assert set(first.failed) == {"late-s0"}
    scored = (tmp_path / "run/standard/trials/sound-s0/scores.parquet").stat().st_mtime_ns
    ready.touch()
    second = repeat()
    assert second.failed == {}
    assert set(second.table["model"]) == {"sound", "late"}
    sound = second.table.query("model == 'sound'").reset_index(drop=True)
    pd.testing.assert_frame_equal(sound, first.table)
    again = (tmp_path / "run/standard/trials/sound-s0/scores.parquet").stat().st_mtime_ns
    assert again == scored, "what was scored is not scored again"
    with pytest.raises(
        UsageError, match=r"run: holds a transfer with other settings: train is \['sound', 'la"
    ):
        repeat(train=["sound"])
    with pytest.raises(UsageError, match=r"other settings: phantoms is"):
        repeat(shifts=["depth"])


def test_shards_share_the_trainings_and_the_last_one_tests_all_models(
    install_plugin: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = declare("one", "two", package="quick_dist")
    install_plugin("quick", code, files={"model.py": f"{network('One')}\nclass Two(One):\n    pass\n"})
    options: dict[str, Any] = {"shifts": ["gain"], "executor": "inline", "preset": "smoke"}
    whole = lvzoo.transfer(train=["one", "two"], out=tmp_path / "whole", **options)
    first = lvzoo.transfer(train=["one", "two"], out=tmp_path / "run", shard="2/2", **options)
    assert first.table.empty
    assert first.missing == {"one-s0": "not begun"}
    assert first.missing_line.startswith("missing: 1 of 2 trials (one-s0); run the other shards")
    assert not (tmp_path / "run/standard").exists()
    last = lvzoo.transfer(train=["one", "two"], out=tmp_path / "run", shard="1/2", **options)
    assert not last.missing
    pd.testing.assert_frame_equal(last.table, whole.table)
    assert (tmp_path / "run/transfer.csv").read_text() == (tmp_path / "whole/transfer.csv").read_text()
    words = ["transfer", "--train", "one,two", "--preset", "smoke", "--executor", "inline"]
    assert main([*words, "--out", str(tmp_path / "other"), "--shard", "1/2"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[-2].startswith("missing: 1 of 2 trials (two-s0); ")


def test_shards_share_the_models_that_are_given(tmp_path: Path) -> None:
    models = [
        write_weights(tmp_path / f"{name}.safetensors", model=build_model(small_entry(), seed=seed))
        for seed, name in enumerate("abc")
    ]
    options: dict[str, Any] = {"shifts": ["gain"], "executor": "inline", "out": tmp_path / "run"}
    first = lvzoo.transfer(models, shard="1/2", **options)
    assert list(first.missing) == [
        f"{first.missing_line.split('(')[1].split()[0]} on {name}" for name in PHANTOMS
    ]
    assert first.trials == 9
    assert not (tmp_path / "run/transfer.csv").exists()
    last = lvzoo.transfer(models, shard="2/2", **options)
    assert len(last.table) == 3
    pd.testing.assert_frame_equal(last.table, lvzoo.transfer(models, **options).table)


def test_a_folder_of_an_earlier_version_holds_the_models_that_it_held(tmp_path: Path) -> None:
    first = write_weights(tmp_path / "one.safetensors")
    second = write_weights(tmp_path / "two.safetensors", model=build_model(small_entry(), seed=4))
    options: dict[str, Any] = {"shifts": [], "executor": "inline", "out": tmp_path / "run"}
    lvzoo.transfer(first, **options)
    (tmp_path / "run/transfer.json").unlink()
    assert len(lvzoo.transfer(first, **options).table) == 1
    with pytest.raises(UsageError, match=r"standard: holds a run with other settings: entries\.small"):
        lvzoo.transfer(second, **options)
    (tmp_path / "run/transfer.json").write_text("{")
    with pytest.raises(DataError, match=r"transfer\.json: damaged"):
        lvzoo.transfer(first, **options)


def test_mistakes_are_told_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to test; name trained models, or entries to train"):
        lvzoo.transfer(out=tmp_path / "run")
    with pytest.raises(UsageError, match=r"unknown shift 'gian'.*did you mean 'gain'"):
        lvzoo.transfer(train="unet-fast", shifts=["gian"], out=tmp_path / "run")
    with pytest.raises(UsageError, match="'transfer' has no patients to train on; use one of smoke, quick"):
        lvzoo.transfer(train="unet-fast", phantom_size="transfer", out=tmp_path / "run")
    with pytest.raises(DataError, match="no such file or folder"):
        lvzoo.transfer("./none", train="unet-fast", out=tmp_path / "run")
    path = write_weights(tmp_path / "one.safetensors")
    for wrong in ({"epocs": 3}, {"preset": "paper"}, {"phantom_size": "full"}, {"seeds": 2}):
        [name] = wrong
        with pytest.raises(
            UsageError, match=f"{name} is an option of training, and nothing is to be trained"
        ):
            lvzoo.transfer(path, out=tmp_path / "run", **cast("Any", wrong))
    model = build_model(small_entry())
    next(model.parameters()).data[0] = float("nan")
    with pytest.raises(DataError, match="is not finite"):
        lvzoo.transfer(
            write_weights(tmp_path / "two.safetensors", model=model), train="unet-fast", out=tmp_path / "run"
        )
    with pytest.raises(UsageError, match="hold the same weights"):
        lvzoo.transfer([path, path], train="unet-fast", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
