"""The run folder: its settings, its start, and files that are written completely or not at all."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from lvzoo.errors import DataError, LvzooError, UsageError
from lvzoo.files import atomic_file, atomic_folder
from lvzoo.run import RunFolder, digest


def test_the_same_settings_resume_the_same_run_and_keep_its_facts(tmp_path: Path) -> None:
    run = RunFolder(path=tmp_path / "run")
    run.start({"epochs": 8, "conditions": ("a", "b")}, {"patients": 1})
    run.start({"epochs": 8, "conditions": ("a", "b")}, {"patients": 2})
    assert run.read()["patients"] == 1


def test_other_settings_are_refused_and_named_unless_the_run_is_renewed(tmp_path: Path) -> None:
    run = RunFolder(path=tmp_path / "run")
    run.start({"epochs": 8, "seeds": 1}, {})
    with pytest.raises(UsageError, match=r"other settings: epochs is 8 there, 9 here; name another --out"):
        run.start({"epochs": 9, "seeds": 1}, {})
    assert run.read()["settings"]["epochs"] == 8
    run.start({"epochs": 9, "seeds": 1}, {}, renew=True)
    assert run.read()["settings"]["epochs"] == 9


START = """
import sys, time
from pathlib import Path
from lvzoo.run import RunFolder

run, number = RunFolder(path=Path(sys.argv[1])), int(sys.argv[2])
time.sleep(max(0.0, float(sys.argv[3]) - time.time()))  # all at once
run.start({"epochs": 8, **({"seeds": number} if "differ" in sys.argv else {})}, {"writer": number})
print(run.read()["writer"])
"""


@pytest.mark.parametrize("settings", ["agree", "differ"])
def test_of_processes_that_start_at_the_same_moment_one_writes_the_settings(
    settings: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", START, str(tmp_path / "run")]
    moment = str(time.time() + 2)
    starts = [
        subprocess.Popen(
            [*command, str(number), moment, settings],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    told = [start.communicate() for start in starts]
    said = {out.strip() for out, _ in told} - {""}
    assert len(said) == 1, "all read the same run.json"
    refused = [err for _, err in told if "holds a run with other settings: seeds is" in err]
    assert len(refused) == (3 if settings == "differ" else 0)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"run.json", ".lock"}


def test_what_a_start_leaves_that_was_killed_does_not_make_it_another_folder(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / ".lvzoo-new-k3x9_.json").write_text('{"setti')
    RunFolder(path=tmp_path).start({}, {})
    assert (tmp_path / "run.json").is_file()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for taken, reason in (
        (tmp_path, r"exists and is not a run of lvzoo"),
        (tmp_path / "thesis.txt", "is a file, and results need a folder"),
    ):
        with pytest.raises(LvzooError, match=reason):
            RunFolder(path=taken).start({}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis.txt"]


def test_a_failure_keeps_what_was_trained(tmp_path: Path) -> None:
    trial = RunFolder(path=tmp_path).trial("unet-s0")
    trial.mark("trained", key="abc")
    trial.mark_failed("died", "...")
    assert trial.status() == {"state": "failed", "error": "died", "traceback": "...", "key": "abc"}


def test_a_damaged_status_counts_as_none(tmp_path: Path) -> None:
    trial = RunFolder(path=tmp_path).trial("unet-s0")
    trial.mark("finished", key="abc")
    (trial.path / "status.json").write_text('{"state": "fini')
    assert trial.status() == {}
    trial.mark_failed("died", None)
    assert trial.status()["error"] == "died"


def test_checkpoints_of_another_key_are_dropped(tmp_path: Path) -> None:
    folder = RunFolder(path=tmp_path).trial("unet-s0")
    (folder.checkpoints("old") / "last.pt").write_text("x")
    (folder.checkpoints("new") / "last.pt").write_text("y")
    assert [path.name for path in folder.path.iterdir()] == ["checkpoints-new"]


def test_a_digest_changes_with_any_setting() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), atomic_file(path) as temporary:
        temporary.write_text(f"half {1 / 0}")
    assert path.read_text() == "before"
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "folder") as temporary:
        (temporary / "file").write_text(f"half {1 / 0}")
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("name", ["", ".", "..", "../x-s0", "/x-s0", "a/b-s0", "..\\x-s0", "x\0-s0"])
def test_a_trial_s_folder_lies_in_its_run(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a trial name"):
        RunFolder(path=tmp_path).trial(name)
