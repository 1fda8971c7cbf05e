"""Several processes work in one run folder: shards of an array job, and the same command twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import UsageError
from lvzoo.models.build import build_model
from lvzoo.run import RunFolder
from lvzoo.trials import job as trial_job
from lvzoo.types import Event
from lvzoo.workflows.compare import Comparison
from tests.made_plugins import declare, network
from tests.made_weights import small_entry, write_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Install

SMALL: Final[Mapping[str, Any]] = {
    "preset": "smoke",
    "seeds": 2,
    "corruptions": ("blur",),
    "severities": (1,),
    "resamples": 50,
    "executor": "inline",
}
COMMAND: Final = [
    *(sys.executable, "-m", "lvzoo", "bench", "--preset", "smoke", "--seeds", "2", "--corruptions", "blur"),
    *("--severities", "1", "--resamples", "50", "--executor", "inline", "--plugins"),
]
MEASURED: Final = ["ms_per_frame"]
"""What differs between two runs: it is measured anew."""


def _start(*words: str) -> subprocess.Popen[str]:
    """Start the benchmark as a process of its own, in a group of its own."""
    return subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def _declare_two(install_plugin: Install) -> None:
    """Install two quick models, one and two."""
    code = declare("one", "two", package="quick_dist")
    install_plugin("quick", code, files={"model.py": f"{network('One')}\nclass Two(One):\n    pass\n"})


@pytest.fixture
def whole(install_plugin: Install, tmp_path: Path) -> Comparison:
    """Return the run of two models with two seeds each, made by one process."""
    _declare_two(install_plugin)
    return lvzoo.bench("one,two", out=tmp_path / "whole", **SMALL)


def test_shards_that_run_at_the_same_time_give_the_run_of_one_process(
    whole: Comparison, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shards = [_start("one,two", "--out", str(run), "--shard", f"{index}/3") for index in (1, 2, 3)]
    told = [shard.communicate() for shard in shards]
    assert [shard.returncode for shard in shards] == [0, 0, 0]
    for number, own in enumerate([{"one-s0", "two-s1"}, {"one-s1"}, {"two-s0"}]):
        lines = [line.split("] ")[1] for line in told[number][1].splitlines() if " finished: " in line]
        assert {line.split()[0] for line in lines} == own, "each trial is done by one shard"
    ranked = [out for out, _ in told if "report: " in out]
    left = [err.splitlines()[-1] for out, err in told if "report: " not in out]
    assert ranked, "the last one to end ranks them all"
    assert all(line.startswith("missing: ") and " of 4 trials (" in line for line in left)
    table = pd.read_csv(run / "ranking.csv").drop(columns=MEASURED, errors="ignore")
    assert table.to_csv() == pd.read_csv(whole.folder / "ranking.csv")[table.columns].to_csv()
    assert not [path for path in run.rglob(".*") if path.name != ".lock"], "no temporary file stays"
    written = {path: path.read_bytes() for path in run.rglob("*") if path.suffix in (".html", ".csv")}
    lvzoo.compare(run)
    changed = [path.name for path, content in written.items() if path.read_bytes() != content]
    assert changed == [], "two shards that end together write the same files"


def test_a_shard_that_ends_first_names_what_is_missing_and_the_last_one_ranks(
    whole: Comparison, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [*COMMAND[3:], "one,two", "--shard"]
    assert main([*words, "2/2"]) == 0
    told = capsys.readouterr()
    missing = (
        "missing: 2 of 4 trials (one-s0, two-s0); run the other shards, or repeat the command of the run"
    )
    assert told.err.splitlines()[-1] == missing
    [run] = (tmp_path / "runs").iterdir()
    assert told.out.splitlines() == [f"run: runs/{run.name}"]
    assert not (run / "report.html").exists()
    first = lvzoo.bench("one,two", shard="1/2", **SMALL)
    assert first.folder.resolve() == run, "shards share the run's default name"
    pd.testing.assert_frame_equal(first.ranking, whole.ranking)
    assert (run / "report.html").is_file()
    assert main([*words, "2/2"]) == 0
    assert "report: " in capsys.readouterr().out, "a shard that is repeated ranks them, too"


def test_a_shard_without_trials_does_nothing_wrong(install_plugin: Install, tmp_path: Path) -> None:
    _declare_two(install_plugin)
    fifth = lvzoo.bench("one,two", out=tmp_path / "run", shard="5/5", **SMALL)
    assert fifth.study is None
    assert list(fifth.missing) == ["one-s0", "one-s1", "two-s0", "two-s1"]
    assert fifth.ranking.empty
    assert not fifth.failed


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "1/0", "a/b", "-1/2", "1/2/3", "1.0/2", ""])
def test_what_is_no_shard_is_refused_before_anything_is_done(shard: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="write for example 2/5, the second of five, counted from 1"):
        lvzoo.bench("unet", out=tmp_path / "run", shard=shard, **SMALL)
    assert not (tmp_path / "run").exists()


def test_a_failure_is_that_of_its_shard_alone(
    install_plugin: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = declare("sound", "bursts", package="moods_dist")
    bursts = network("Bursts", 'raise RuntimeError("boom")')
    install_plugin("moods", code, files={"model.py": network("Sound") + bursts})
    words = [*COMMAND[3:], "sound,bursts", "--seeds", "1", "--out", str(tmp_path / "run"), "--shard"]
    assert main([*words, "2/2"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[-2].startswith("failed: bursts-s0: RuntimeError: boom")
    assert told[-1].startswith("missing: 1 of 2 trials (sound-s0); ")
    assert main([*words, "1/2"]) == 0
    assert "boom" not in capsys.readouterr().err, "a shard answers for its own trials"
    assert "boom" in (tmp_path / "run/report.html").read_text(), "the report names all"
    assert main(["report", str(tmp_path / "run")]) == 1


def test_the_same_command_twice_at_the_same_time_trains_each_trial_once(
    whole: Comparison, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    both = [_start("one,two", "--out", str(run)) for _ in range(2)]
    told = [each.communicate() for each in both]
    assert [each.returncode for each in both] == [0, 0]
    finished = [
        line.split("] ")[1].split()[0]
        for _, err in told
        for line in err.splitlines()
        if " finished: " in line
    ]
    assert sorted(finished) == ["one-s0", "one-s1", "two-s0", "two-s1"]
    ranking = lvzoo.compare(run).ranking
    pd.testing.assert_frame_equal(ranking, whole.ranking)


SLOW: Final = """
import os, time
import torch
from lvzoo.models.base import MaskModel

class Slow(MaskModel):
    # its training takes long unless a file is there
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 1, 1)
    def forward(self, frames_B1HW):
        if self.training and not os.path.exists(os.environ["SLOW_IS_READY"]):
            time.sleep(3600)
        return self.conv(frames_B1HW)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
def test_a_trial_of_a_killed_process_goes_to_the_one_that_waits(
    install_plugin: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, run = tmp_path / "ready", tmp_path / "run"
    monkeypatch.setenv("SLOW_IS_READY", str(ready))
    install_plugin("slow", declare("slow", package="slow_dist"), files={"model.py": SLOW})
    words = ("slow", "--seeds", "1", "--out", str(run))
    with _start(*words) as first:
        trial = RunFolder(path=run).trial("slow-s0")
        while first.poll() is None and trial.status().get("state") != "training":
            time.sleep(0.1)
        with _start(*words) as second:
            _read_until(second, "slow-s0 waits for another lvzoo, which works on it")
            told = lvzoo.compare(run)
            assert told.missing == {"slow-s0": "being trained or tested now"}
            ready.touch()
            os.killpg(first.pid, signal.SIGKILL)
            out, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    assert "slow-s0 finished" in err
    assert "report: " in out


def _read_until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return
    pytest.fail("".join(seen))


def test_a_failure_does_not_overwrite_what_another_lvzoo_does_or_has_done(
    install_plugin: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The trial dies here; before its parent records this, another lvzoo takes it over, and then finishes it."""
    _declare_two(install_plugin)
    monkeypatch.setattr("lvzoo.trials.perform.PATIENCE_S", 0.1)
    options = {**SMALL, "seeds": 1, "out": tmp_path / "run"}
    trial = RunFolder(path=tmp_path / "run").trial("one-s0")
    burst = RuntimeError("burst")

    def take_over(*_: object) -> None:
        stack.enter_context(trial.lock.hold(print))
        trial.mark("training")
        raise burst

    with ExitStack() as stack, monkeypatch.context() as patch:
        patch.setattr(trial_job, "hold_trial", take_over)
        taken = lvzoo.bench("one", **options)
    assert taken.missing == {"one-s0": "being trained or tested now"}
    assert "one-s0 failed here, but another lvzoo works on it" in caplog.text
    assert trial.status() == {"state": "training"}

    done = lvzoo.bench("one", **options)
    status = trial.status()

    def die_too_late(*_: object) -> None:
        raise burst

    unlucky = iter([False])
    with monkeypatch.context() as patch:
        patch.setattr("lvzoo.workflows.bench.find_finished", lambda *_: None)
        patch.setattr("lvzoo.trials.perform.is_finished", lambda _settings: next(unlucky, True))
        patch.setattr(trial_job, "hold_trial", die_too_late)
        late = lvzoo.bench("one", **options)
    assert "one-s0 failed here, but another lvzoo has finished it" in caplog.text
    assert trial.status() == status
    pd.testing.assert_frame_equal(late.ranking, done.ranking)


def test_scores_of_earlier_code_do_not_count_while_they_are_replaced(
    install_plugin: Install, tmp_path: Path
) -> None:
    _declare_two(install_plugin)
    options = {**SMALL, "seeds": 1, "out": tmp_path / "run"}
    lvzoo.bench("one", **options)
    trial = RunFolder(path=tmp_path / "run").trial("one-s0")
    trial.mark(**{**trial.status(), "scores_key": "of other code"})
    seen: list[Mapping[str, str]] = []

    def look(name: str, event: Event) -> None:
        if name and event.step == "testing":
            seen.append(lvzoo.compare(tmp_path / "run", out=tmp_path / "look").missing)

    lvzoo.bench("one", **options, on_event=look)
    assert seen
    assert all(missing == {"one-s0": "being trained or tested now"} for missing in seen)


def test_shards_of_trained_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = [
        write_weights(tmp_path / f"{name}.safetensors", model=build_model(small_entry(), seed=seed))
        for seed, name in enumerate("abc")
    ]
    words = [
        "eval",
        *map(str, models),
        "--phantom-size",
        "smoke",
        "--corruptions",
        "none",
        "--executor",
        "inline",
    ]
    command = [*words, "--resamples", "50", "--out", str(tmp_path / "run"), "--shard"]
    assert main([*command, "3/3"]) == 0
    assert "missing: 2 of 3 trials" in capsys.readouterr().err
    assert main([*command, "1/3"]) == 0
    assert main([*command, "2/3"]) == 0
    assert "report: " in capsys.readouterr().out
