"""The main job, end to end on the smallest phantom."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import DataError, PluginError, RunError, UsageError
from lvzoo.noise.suite import NoiseV1
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.temporary import TEMPORARY
from lvzoo.types import SCORE_COLUMNS, Event, FrameSet, Scores, Split, Trial
from lvzoo.workflows.compare import Comparison
from tests.made_plugins import NOISE_SOURCE, NOISE_SUITE, declare, network

if TYPE_CHECKING:
    from tests.conftest import Install

CONDITIONS = {"clean": [0]} | {name: [1, 5] for names in NoiseV1().families.values() for name in names}
SMALL: dict[str, Any] = {"preset": "smoke", "severities": (1, 5), "resamples": 200, "executor": "inline"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return lvzoo.bench(out=tmp_path_factory.mktemp("runs") / "smoke", epochs=2, **SMALL)


def test_masks_and_landmarks_are_scored_on_the_same_frames(finished: Comparison) -> None:
    scores = finished.scores
    assert tuple(scores.columns) == SCORE_COLUMNS
    assert set(scores["model"]) == {"unet", "landmark7"}
    assert scores["dice"].between(0, 1).all()
    same = ["patient", "video", "frame", "phase", "corruption", "severity", "area_ref"]
    unet, landmark7 = (
        scores.loc[scores["model"] == name, same].reset_index(drop=True) for name in ("unet", "landmark7")
    )
    pd.testing.assert_frame_equal(unet, landmark7)
    seen = {name: sorted(set(table["severity"])) for name, table in unet.groupby("corruption")}
    assert seen == CONDITIONS


def test_scores_hold_the_volumes_of_masks_and_landmarks(finished: Comparison) -> None:
    clean = finished.scores.query("corruption == 'clean'")
    assert clean[["volume_ref", "volume_perfect", "ef_listed"]].notna().all(axis=None)
    first = finished.scores.query("model == 'unet' and corruption == 'haze'")["volume_ref"]
    assert set(first) == set(clean["volume_ref"]), "references do not depend on the noise"
    by_video = clean.query("model == 'unet'").pivot_table(index="video", columns="phase", values="volume_ref")
    traced = 100 * (1 - by_video["ES"] / by_video["ED"])
    listed = clean.groupby("video")["ef_listed"].first()
    assert (traced - listed).abs().mean() < 10, "both are in percent"
    perfect = finished.ef.query("scope == 'clean'").set_index("model")["perfect_mae"]
    assert 0 < perfect["unet"] < 3
    assert 0 < perfect["landmark7"] < 3
    assert perfect["unet"] != perfect["landmark7"], "each is measured in its own way"


def test_the_run_folder_holds_what_the_design_says(finished: Comparison) -> None:
    files = {
        path.relative_to(finished.folder).as_posix() for path in finished.folder.rglob("*") if path.is_file()
    }
    trial = {
        *("model.safetensors", "model.json", "history.csv", "status.json"),
        *("scores.parquet", "facts.json", "specimens.npz"),
    }
    of_ef = ("ef", "ef_response", "ef_contests", "ef_cases")
    tables = {
        f"tables/{name}.csv" for name in ("pairs", "response", "breaks", "contests", "challenge", *of_ef)
    }
    tables |= {"tables/challenge.txt", "tables/ef.txt"}
    locks = {".lock", "trials/unet-s0/.lock", "trials/landmark7-s0/.lock"}
    assert files - locks == {"run.json", "ranking.csv", "report.html", *tables} | {
        f"trials/{name}-s0/{file}" for name in ("unet", "landmark7") for file in trial
    }
    run = json.loads((finished.folder / "run.json").read_text())
    assert run["synthetic"] is True
    assert run["settings"]["entries"]["unet"]["recipe"]["epochs"] == 2
    assert run["data"]["train"]["patients"] == 8
    history = pd.read_csv(finished.folder / "trials/unet-s0/history.csv")
    assert history["epoch"].tolist() == [1, 2]


def test_the_ranking_is_written_and_returned(finished: Comparison) -> None:
    assert finished.ranking["rank"].tolist() == [1, 2]
    assert finished.source.synthetic
    assert len(pd.read_csv(finished.folder / "ranking.csv")) == 2
    assert not finished.failed


def test_the_same_command_again_does_nothing_anew(finished: Comparison) -> None:
    weights = finished.folder / "trials/unet-s0/model.safetensors"
    before = weights.stat().st_mtime_ns
    steps: set[str] = set()
    again = lvzoo.bench(
        out=finished.folder, epochs=2, on_event=lambda _name, event: steps.add(event.step), **SMALL
    )
    assert not steps & {"training", "testing", "epoch"}
    assert weights.stat().st_mtime_ns == before
    pd.testing.assert_frame_equal(again.ranking, finished.ranking)


AGAIN = """
import sys
import lvzoo
result = lvzoo.bench(out=sys.argv[1], epochs=2, preset="smoke", severities=(1, 5), resamples=200)
print(len(result.ranking), "torch" in sys.modules)
"""


def test_a_finished_run_is_shown_again_without_torch(finished: Comparison) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", AGAIN, str(finished.folder)], check=True, capture_output=True, text=True
    )
    assert shown.stdout == "2 False\n"


def test_a_run_on_data_that_have_changed_is_not_shown_as_finished(
    install_plugin: Install, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(cached_phantom(size="smoke", seed=0), folder)
    code = declare("one", package="quick_dist")
    install_plugin("quick", code, files={"model.py": network("One")})
    settings = {**SMALL, "plugins": "one", "data": folder, "corruptions": (), "out": tmp_path / "run"}
    settings.pop("severities")
    lvzoo.bench(**settings)
    (folder / "Videos" / f"{pd.read_csv(folder / 'FileList.csv')['FileName'][0]}.avi").unlink()
    with pytest.raises(UsageError, match=r"other settings: data\.fingerprint is"):
        lvzoo.bench(**settings)


def test_other_settings_need_another_folder(finished: Comparison) -> None:
    with pytest.raises(
        UsageError,
        match=r"other settings: entries\.landmark7\.recipe\.epochs is 2 there, 3 here \(and 2 more\)",
    ):
        lvzoo.bench(out=finished.folder, epochs=3, **SMALL)


def test_what_is_lost_or_damaged_is_made_again_and_nothing_else(finished: Comparison, tmp_path: Path) -> None:
    shutil.copytree(finished.folder, tmp_path / "run")
    unet, landmark7 = (tmp_path / "run/trials" / name for name in ("unet-s0", "landmark7-s0"))
    (unet / "scores.parquet").unlink()
    (landmark7 / "scores.parquet").write_bytes(b"PAR1 no more")
    (landmark7 / "model.safetensors").write_bytes(b"cut short")
    # what processes leave that are killed while they write, or just after a training
    (unet / "checkpoints-0123").mkdir()
    for folder in (unet, tmp_path / "run", tmp_path / "run/tables"):
        (folder / f"{TEMPORARY}left.csv").touch()
    steps: list[tuple[str, str]] = []
    again = lvzoo.bench(
        out=tmp_path / "run", epochs=2, on_event=lambda name, event: steps.append((name, event.step)), **SMALL
    )
    assert {name for name, step in steps if step == "epoch"} == {"landmark7-s0"}
    assert {name for name, step in steps if step == "testing"} == {"unet-s0", "landmark7-s0"}
    assert list((tmp_path / "run").rglob(f"{TEMPORARY}*")) == []
    assert not (unet / "checkpoints-0123").exists()
    pd.testing.assert_frame_equal(again.ranking, finished.ranking)


def test_a_damaged_status_costs_its_trial_alone(finished: Comparison, tmp_path: Path) -> None:
    shutil.copytree(finished.folder, tmp_path / "run")
    (tmp_path / "run/trials/unet-s0/status.json").write_text("{")
    epochs: list[str] = []
    again = lvzoo.bench(
        out=tmp_path / "run",
        epochs=2,
        on_event=lambda name, event: epochs.append(name) if event.epoch else None,
        **SMALL,
    )
    assert epochs == ["unet-s0", "unet-s0"]
    assert not again.failed


EDITED = """
import torch
from lvzoo.models.base import MaskModel

class Constant(MaskModel):
    def __init__(self):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(1))
    def forward(self, frames_B1HW):
        return 0 * frames_B1HW + 0 * self.bias + {value}
"""
EDITABLE = """
from lvzoo import Family, hookimpl

@hookimpl
def lvzoo_families():
    yield Family(name="edited", kind="mask", factory="edited_dist.model:Constant", summary="for a test")
"""


def test_an_edited_model_is_trained_and_scored_anew(install_plugin: Install, tmp_path: Path) -> None:
    settings = SMALL | {"corruptions": ("blur",), "executor": "process", "plugins": "edited"}
    install_plugin("edited", EDITABLE, files={"model.py": EDITED.format(value=-1.0)})
    empty = lvzoo.bench(out=tmp_path / "run", **settings)
    assert empty.scores["dice"].max() == 0
    install_plugin("edited", EDITABLE, files={"model.py": EDITED.format(value=1.0)})
    full = lvzoo.bench(out=tmp_path / "run", **settings)
    assert full.scores["dice"].min() > 0


def test_a_plugin_that_lacks_something_is_refused_before_anything_is_done(
    install_plugin: Install, tmp_path: Path
) -> None:
    lacking = EDITABLE.replace('summary="for a test"', 'summary="for a test", requires=("no_such_module",)')
    install_plugin("edited", lacking, files={"model.py": EDITED.format(value=1.0)})
    with pytest.raises(PluginError, match="edited needs no_such_module; install it"):
        lvzoo.bench("edited", out=tmp_path / "run", **SMALL)
    assert not (tmp_path / "run").exists()


FAILING_MODELS = f"""
import os, signal
{network("Raises", 'raise RuntimeError("boom")')}
class Dies(Raises):
    def forward(self, frames_B1HW):
        os.kill(os.getpid(), signal.SIGKILL)
"""


class Deaf:
    """A listener that always raises, which must not affect the other listeners."""

    @lvzoo.hookimpl
    def lvzoo_trial_finished(self) -> None:
        raise ValueError("a listener's own fault")


class Heard:
    """A listener that keeps the calls of its hooks."""

    def __init__(self) -> None:
        self.epochs: list[tuple[str, int]] = []
        self.trials: list[tuple[str, int]] = []

    @lvzoo.hookimpl
    def lvzoo_epoch_finished(self, trial: Trial, epoch: int) -> None:
        self.epochs.append((trial.name, epoch))

    @lvzoo.hookimpl
    def lvzoo_trial_finished(self, trial: Trial, scores: Scores) -> None:
        self.trials.append((trial.name, len(scores)))


def test_a_trial_that_fails_or_dies_is_recorded_and_the_others_finish(
    install_plugin: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = declare("raises", "dies", package="failing_dist")
    install_plugin("failing", code, files={"model.py": FAILING_MODELS})
    heard = Heard()
    result = lvzoo.bench(
        "raises,dies,unet",
        out=tmp_path / "run",
        listeners=[heard, Deaf()],
        **(SMALL | {"executor": "process", "corruptions": ("blur",)}),
    )
    assert result.failed == {
        "raises-s0": "RuntimeError: boom (model.py, line 12); `lvzoo check raises` tests its model",
        "dies-s0": "its process was killed by SIGKILL (out of memory?)",
    }
    status = json.loads((tmp_path / "run/trials/raises-s0/status.json").read_text())
    assert status["state"] == "failed"
    assert "failing_dist" in status["traceback"]
    assert result.ranking["model"].tolist() == ["unet"]
    assert heard.epochs == [("unet-s0", 1)]
    assert heard.trials == [("unet-s0", 12 * 3)]
    assert "a listener's own fault" in caplog.text


def test_a_run_of_which_every_trial_fails_is_an_error(
    install_plugin: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = declare("raises", "stops", package="failing_dist")
    models = network("Raises", 'raise RuntimeError("boom")') + "class Stops(Raises):\n    pass\n"
    install_plugin("failing", code, files={"model.py": models})
    with pytest.raises(
        RunError, match=r"run: every trial failed: raises-s0: Run.*boom.*; stops-s0: "
    ) as caught:
        lvzoo.bench("raises,stops", out=tmp_path / "run", **SMALL)
    assert list(caught.value.failed) == ["raises-s0", "stops-s0"]
    assert (tmp_path / "run/trials/stops-s0/status.json").is_file()
    words = ["--preset", "smoke", "--executor", "inline", "--severities", "1,5", "--resamples", "200"]
    assert main(["bench", "--plugins", "raises,stops", *words, "--out", str(tmp_path / "run")]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[-1].startswith(f"error: {tmp_path / 'run'}: every trial failed: raises-s0: ")


def test_a_folder_of_something_else_is_refused_before_data_are_read(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    steps: list[str] = []
    with pytest.raises(DataError, match="exists and is not a run of lvzoo"):
        lvzoo.bench(out=tmp_path, on_event=lambda _name, event: steps.append(event.step), **SMALL)
    assert steps == []


def test_no_entry_is_not_the_preset_s(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["bench", "--plugins", "", "--preset", "smoke", "--out", str(tmp_path / "run")]) == 2
    assert "no entry is named" in capsys.readouterr().err


def test_test_frames_that_change_during_a_run_fail_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(self: Phantom, split: Split) -> FrameSet:
        frames = load(self, split)
        source = dataclasses.replace(frames.source, fingerprint=f"changed-{len(calls)}")
        calls.append(split)
        return dataclasses.replace(frames, source=source)

    calls: list[Split] = []
    load = Phantom.load
    monkeypatch.setattr(Phantom, "load", change)
    with pytest.raises(RunError, match="its test frames have changed since the run began"):
        lvzoo.bench("unet-fast", out=tmp_path / "run", **SMALL)


def test_a_wrong_recipe_of_an_entry_is_told_with_its_file(tmp_path: Path) -> None:
    registry = tmp_path / "mine.yaml"
    for recipe, what in (
        ("{augment: nosie}", "unknown augmentation 'nosie'"),
        ("{epochs: 0}", "epochs is 0"),
    ):
        registry.write_text(f"mine: {{family: unet, recipe: {recipe}}}")
        with pytest.raises(UsageError, match=rf"mine.yaml: mine: recipe: {what}"):
            lvzoo.bench("mine", preset="smoke", registries=[registry], out=tmp_path / "run")


def test_mistakes_are_found_before_anything_is_done(tmp_path: Path) -> None:
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"plugins": "unett"}, "unett"),
        ({"noise": "noise-v9"}, "noise-v9"),
        ({"preset": "quik"}, r"unknown preset 'quik'.*did you mean 'quick'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 2.7}, "epochs must be int, not float 2.7"),
        ({"learning_rate": float("inf")}, "learning_rate is inf"),
        ({"warmup": 1.5}, "warmup is 1.5"),
        ({"seeds": 0}, "seeds is 0"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"data": "somewhere", "phantom_size": "smoke"}, "exclude each other"),
        ({"corruptions": ("hase",)}, "corruption 'hase'"),
        ({"severities": (9,)}, "unknown severity 9"),
        ({"epoch": 3}, r"unknown option 'epoch' of bench \(did you mean 'epochs'\?\)"),
        ({"phantom_size": "tiny"}, "tiny"),
        ({"device": "mps"}, "unknown device 'mps'"),
        ({"device": "cuda:99"}, "torch sees"),
        ({"executor": "procesess"}, "unknown executor 'procesess'"),
        ({"augment": "defualt"}, "unknown augmentation 'defualt'"),
        ({"precision": "bf61"}, "unknown precision 'bf61'.*bf16"),
    ]
    for wrong, message in wrongs:
        with pytest.raises((UsageError, PluginError), match=message):
            lvzoo.bench(out=tmp_path / "run", **(SMALL | wrong))
        assert not (tmp_path / "run").exists()


def test_options_that_contradict_each_other_are_found_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    mine = tmp_path / "mine.yaml"
    mine.write_text("odd:\n  family: landmark-heatmap\n  options: {loss: mse, decode: mean}\n")
    with pytest.raises(PluginError, match=r"odd: .*'mse'.*plain heatmaps") as refused:
        lvzoo.bench("odd", out=tmp_path / "run", registries=[mine], **SMALL)
    assert refused.value.exit_code == 3
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "cache" / "phantom").exists()


def test_a_plugins_suite_is_run_at_the_severities_it_has(install_plugin: Install, tmp_path: Path) -> None:
    install_plugin("ward", NOISE_SOURCE, files={"suite.py": NOISE_SUITE})
    small = {name: value for name, value in SMALL.items() if name != "severities"}
    result = lvzoo.bench("unet", noise="ward-noise", out=tmp_path / "run", frames=False, **small)
    assert result.study is not None
    assert result.study.ranking.headline == "mDice(ward-noise)"
    assert result.study.ranking.severities == (1,), "of the preset's 1, 3 and 5, the one that this suite has"
    assert "data:image" not in result.report.read_text()


COMMAND = [
    sys.executable,
    "-m",
    "lvzoo",
    "bench",
    "--preset",
    "smoke",
    "--plugins",
    "unet",
    "--severities",
    "1",
]


def test_ctrl_c_leaves_a_state_that_the_same_command_goes_on_from(tmp_path: Path) -> None:
    command = [*COMMAND, "--epochs", "6", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "epoch 2/6" in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert "to continue: lvzoo bench --preset smoke" in rest
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "epoch 2/6" not in again.stderr
    assert "epoch 6/6" in again.stderr
    assert "data: synthetic phantom" in again.stdout
    assert pd.read_csv(tmp_path / "run/trials/unet-s0/history.csv")["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert not list((tmp_path / "run").rglob("checkpoints*"))


def test_a_folder_of_real_files_is_read_as_echonet_dynamic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "EchoNet-Dynamic"
    shutil.copytree(cached_phantom(size="smoke", seed=0), folder)
    (folder / "SYNTHETIC.json").unlink()  # nothing but the authors' own files is left to read
    (lost := min((folder / "Videos").iterdir())).unlink()
    command = [
        "bench",
        "--plugins",
        "unet,landmark7",
        "--data",
        str(folder),
        "--preset",
        "smoke",
        "--executor",
        "inline",
    ]
    assert main([*command, "--corruptions", "blur", "--severities", "1", "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr()
    assert "data: echonet-dynamic" in told.out
    assert "synthetic" not in told.out
    run = json.loads((tmp_path / "run/run.json").read_text())
    assert run["synthetic"] is False
    assert [finding["name"] for finding in run["findings"] if finding["excluded"]] == [lost.stem]


def test_events_tell_how_far_a_run_is(tmp_path: Path) -> None:
    events: list[tuple[str, Event]] = []
    lvzoo.bench(
        "unet",
        out=tmp_path / "run",
        on_event=lambda name, event: events.append((name, event)),
        **{**SMALL, "corruptions": ("blur",)},
    )
    assert {event.step for _, event in events} >= {"frames", "noise", "training", "epoch", "testing"}
    last = [event for name, event in events if name == "unet-s0" and event.step == "training"][-1]
    assert last.done == last.total
    assert "loss" in last.text
