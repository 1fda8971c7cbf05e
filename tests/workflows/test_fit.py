"""`lvzoo.fit` trains one entry once: the trial of a benchmark, without the noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import UsageError
from lvzoo.workflows.fit import Training
from tests.made_plugins import declare, network

FAST: dict[str, Any] = {"preset": "smoke", "executor": "inline", "learning_rate": 0.01}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, registry: Path) -> Training:
    out = tmp_path_factory.mktemp("runs") / "train"
    return lvzoo.fit("small", seed=1, out=out, registries=[registry], **FAST)


def test_one_trial_with_its_seed_is_left_and_tested_on_clean_frames(trained: Training) -> None:
    assert trained.trial.name == "small-s1"
    assert [path.name for path in trained.trial.parent.iterdir()] == ["small-s1"]
    scores = trained.comparison.scores
    assert (set(scores["corruption"]), set(scores["seed"]), len(scores)) == ({"clean"}, {1}, 12)
    assert not lvzoo.load(trained.trial).training


def test_it_is_the_trial_that_a_benchmark_trains(trained: Training, registry: Path, tmp_path: Path) -> None:
    run = lvzoo.bench(
        "small",
        seeds=2,
        out=tmp_path / "run",
        corruptions=("blur",),
        severities=(1,),
        registries=[registry],
        **FAST,
    )
    same = run.folder / "trials/small-s1"
    keys = [json.loads((trial / "status.json").read_text())["key"] for trial in (trained.trial, same)]
    assert keys[0] == keys[1]
    weights = [(trial / "model.safetensors").read_bytes() for trial in (trained.trial, same)]
    assert weights[0] == weights[1]
    clean = run.scores.query("corruption == 'clean' and seed == 1")["dice"].tolist()
    assert clean == trained.comparison.scores["dice"].tolist()


def test_the_run_says_which_command_makes_it(trained: Training) -> None:
    known = json.loads((trained.comparison.folder / "run.json").read_text())
    assert known["command"] == (
        "lvzoo train small --preset smoke --seed 1 --registry small.yaml --learning-rate 0.01 --out runs/train"
    )
    assert str(Path.home()) not in known["command"]


def test_a_report_reads_it_like_any_other_run(trained: Training) -> None:
    again = lvzoo.compare(trained.comparison.folder)
    pd.testing.assert_frame_equal(again.ranking, trained.comparison.ranking)
    assert again.ranking["model"].tolist() == ["small"]


@pytest.mark.parametrize(
    ("entry", "options", "message"),
    [
        ("unet*", {}, r"'unet\*' names \d entries; name one of unet, unet-64"),
        ("unet", {"seed": -1}, "seed is -1"),
        ("unet", {"epoch": 3}, r"unknown option 'epoch' of fit \(did you mean 'epochs'"),
        (
            "unet",
            {"phantom_size": "transfer"},
            "has no patients to train on; use one of smoke, quick, small, full",
        ),
        ("unet", {"data": "x", "phantom_seed": 0}, "exclude each other"),
    ],
)
def test_mistakes_are_found_before_anything_is_done(
    entry: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        lvzoo.fit(entry, out=tmp_path / "run", executor="inline", **options)
    assert not (tmp_path / "run").exists()


def test_the_command_prints_the_trial_and_what_comes_next(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--preset", "smoke", "--executor", "inline", "--registry", str(registry), "--out", "run"]
    assert main(["train", "points", "--seed", "4", *words]) == 0
    told = capsys.readouterr()
    assert "trial: run/trials/points-s4\n" in told.out
    assert "data: synthetic phantom" in told.out
    for command in (
        "lvzoo predict CLIP --model run/trials/points-s4",
        "lvzoo eval run/trials/points-s4 --data DIR",
        "lvzoo pack run/trials/points-s4",
    ):
        assert command in told.err


def test_a_training_that_fails_ends_with_1_and_its_reason(
    install_plugin: Any,  # noqa: ANN401 - tests.conftest.Install
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = network("Bursts", 'raise RuntimeError("boom")')
    install_plugin("bursts", declare("bursts", package="bursts_dist"), files={"model.py": model})
    words = ["--preset", "smoke", "--executor", "inline", "--out", str(tmp_path / "run")]
    assert main(["train", "bursts", *words]) == 1
    told = capsys.readouterr()
    assert "failed: bursts-s0: RuntimeError: boom" in told.err
    assert "lvzoo pack" not in told.err
    assert told.out == ""


def test_clean_frames_are_not_said_to_be_corrupted(registry: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    lvzoo.fit(
        "small",
        out=tmp_path / "run",
        registries=[registry],
        on_event=lambda _name, event: steps.append(event.step),
        **FAST,
    )
    assert "training" in steps
    assert "noise" not in steps
