"""The run folder: its settings, its lock, and files that are written completely or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

import pytest

from lvzoo.errors import DataError, LvzooError, UsageError
from lvzoo.files import atomic_file, atomic_folder
from lvzoo.run import RunFolder, digest
from lvzoo.types import Job, JobResult


def test_the_same_settings_open_the_same_run_and_keep_its_facts(tmp_path: Path) -> None:
    run = RunFolder(path=tmp_path / "run")
    with run.open({"epochs": 8, "conditions": ("a", "b")}, {"patients": 1}):
        pass
    with run.open({"epochs": 8, "conditions": ("a", "b")}, {"patients": 2}):
        assert run.read()["patients"] == 1


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    run = RunFolder(path=tmp_path / "run")
    with run.open({"epochs": 8, "seeds": 1}, {}):
        pass
    with (
        pytest.raises(UsageError, match=r"other settings: epochs is 8 there, 9 here; name another --out"),
        run.open({"epochs": 9, "seeds": 1}, {}),
    ):
        pass
    assert run.read()["settings"]["epochs"] == 8


def test_the_folder_is_locked_meanwhile(tmp_path: Path) -> None:
    run = RunFolder(path=tmp_path / "run")
    with (
        run.open({}, {}),
        pytest.raises(UsageError, match="another lvzoo works in it"),
        RunFolder(path=tmp_path / "run").open({}, {}),
    ):
        pass
    with run.open({}, {}):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_flock_a_file_locks_the_folder(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    folder = tmp_path / "run"
    with RunFolder(path=folder).open({}, {}):
        [warning] = [record.getMessage() for record in caplog.records]
        assert "the file system has no locks (flock)" in warning
        with (
            pytest.raises(
                UsageError, match=r"another lvzoo works in it.*if none does, remove .*\.lock-soft$"
            ),
            RunFolder(path=folder).open({}, {}),
        ):
            pass
    assert not (folder / ".lock-soft").exists()
    with RunFolder(path=folder).open({}, {}):
        pass


def test_a_network_that_shares_locks_of_readable_files_only_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """NFS first checks that the file can be read, and then says that it has no locks."""
    fcntl = pytest.importorskip("fcntl")

    def refuse(file: IO[str], operation: int) -> None:
        readable = isinstance(file, int) or file.readable()
        number = errno.EBADF if operation & fcntl.LOCK_SH and not readable else errno.ENOLCK
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with RunFolder(path=tmp_path / "run").open({}, {}):
        assert "the file system has no locks (flock)" in caplog.text
        assert (tmp_path / "run/.lock-soft").exists()


def test_the_lock_of_a_killed_lvzoo_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvzoo.run.folder._lacks_flock", lambda _path: True)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.lock-soft").write_text("1\na machine that is not here\n")
    with (
        pytest.raises(UsageError, match=r"if none does, remove .*run/\.lock-soft$"),
        RunFolder(path=tmp_path / "run").open({}, {}),
    ):
        pass
    (tmp_path / "run/.lock-soft").unlink()
    with RunFolder(path=tmp_path / "run").open({}, {}):
        pass


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for taken, reason in (
        (tmp_path, r"exists and is not a run of lvzoo"),
        (tmp_path / "thesis.txt", "is a file, and results need a folder"),
    ):
        with pytest.raises(LvzooError, match=reason), RunFolder(path=taken).open({}, {}):
            pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis.txt"]


def test_a_failure_keeps_what_was_trained(tmp_path: Path) -> None:
    run = RunFolder(path=tmp_path)
    run.trial("unet-s0").mark("trained", key="abc")
    result = JobResult(job=Job(name="unet-s0", task="x", settings=None), error="died", traceback="...")
    run.record_failure("unet-s0", result)
    assert run.trial("unet-s0").status() == {
        "state": "failed",
        "error": "died",
        "traceback": "...",
        "key": "abc",
    }


def test_a_damaged_status_counts_as_none(tmp_path: Path) -> None:
    folder = RunFolder(path=tmp_path).trial("unet-s0")
    folder.mark("finished", key="abc")
    (folder.path / "status.json").write_text('{"state": "fini')
    assert folder.status() == {}
    result = JobResult(job=Job(name="unet-s0", task="x", settings=None), error="died")
    RunFolder(path=tmp_path).record_failure("unet-s0", result)
    assert folder.status()["error"] == "died"


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
