"""Locks between processes: waiting, a holder that is killed, file systems without flock, entries of the cache."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from lvzoo import locks
from lvzoo.locks import HeldError, Lock, made_by_one

HOLD = """
import sys, time
from pathlib import Path
from lvzoo.locks import Lock

with Lock(path=Path(sys.argv[1])).hold(lambda advice: None):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def _hold_elsewhere(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Start another process that holds a lock, and wait until it does."""
    command = [sys.executable, "-c", HOLD, str(path), str(seconds)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_process_that_waits_says_so_again_and_again_and_then_has_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "SHORT_S", 0.1)
    monkeypatch.setattr(locks, "TELL_S", 0.3)
    lock, told = Lock(path=tmp_path / "trial/.lock"), list[str]()
    with _hold_elsewhere(lock.path, 1.5):
        assert lock.is_held()
        with lock.hold(told.append):
            assert lock.is_held()
    assert len(told) >= 3
    assert set(told) == {""}, "the system frees the lock, so the user has nothing to do"
    assert not lock.is_held()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    lock = Lock(path=tmp_path / ".lock")
    with _hold_elsewhere(lock.path, 60) as holder:
        with pytest.raises(HeldError, match=r"another lvzoo works in it$"), lock.hold(print, patience_s=0.1):
            pass
        holder.send_signal(signal.SIGKILL)
    told: list[str] = []
    with lock.hold(told.append, patience_s=1):
        pass
    assert told == []


def test_to_ask_whether_a_lock_is_held_writes_nothing(tmp_path: Path) -> None:
    assert not Lock(path=tmp_path / "trial/.lock").is_held()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_flock_a_file_is_the_lock_and_the_user_learns_which(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock, told = Lock(path=tmp_path / ".lock"), list[str]()
    with lock.hold(print):
        [warning] = [record.getMessage() for record in caplog.records]
        assert "the file system has no locks (flock); if lvzoo is killed here, remove .lock-soft" in warning
        assert lock.is_held()
        with (
            pytest.raises(HeldError, match=r"if none works there, remove .*\.lock-soft$"),
            Lock(path=lock.path).hold(told.append, patience_s=0.1),
        ):
            pass
    assert not (tmp_path / ".lock-soft").exists()
    assert not lock.is_held()


def test_a_network_that_shares_locks_of_readable_files_only_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS first checks that the file can be read, and then says that it has no locks."""
    fcntl = pytest.importorskip("fcntl")

    def refuse(file: IO[str], operation: int) -> None:
        readable = isinstance(file, int) or file.readable()
        number = errno.EBADF if operation & fcntl.LOCK_SH and not readable else errno.ENOLCK
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with Lock(path=tmp_path / ".lock").hold(print):
        assert (tmp_path / ".lock-soft").exists()


def test_the_file_of_a_killed_process_is_named_while_another_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lock, "lacks_flock", lambda _lock: True)
    monkeypatch.setattr(locks, "SHORT_S", 0.1)
    left = tmp_path / ".lock-soft"
    left.write_text("1\na machine that is not here\n")
    told: list[str] = []

    def remove(advice: str) -> None:
        told.append(advice)
        left.unlink()

    with Lock(path=tmp_path / ".lock").hold(remove):
        assert told == [f"if none works there, remove {left}"]


MAKE = """
import sys, time
from pathlib import Path
from lvzoo.locks import made_by_one

entry = Path(sys.argv[1])
with made_by_one(entry.with_suffix(".lock"), "the entry"):
    if not entry.exists():
        print("makes", flush=True)
        time.sleep(2)
        entry.touch()
"""


def _make_elsewhere(entry: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAKE, str(entry)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_need_an_entry_at_the_same_moment_make_it_once(tmp_path: Path) -> None:
    makers = [_make_elsewhere(tmp_path / "entry") for _ in range(3)]
    told = [maker.communicate() for maker in makers]
    assert sorted(out for out, _ in told) == ["", "", "makes\n"]
    assert [path.name for path in tmp_path.iterdir()] == ["entry"], "no lock stays in the cache"
    for out, err in told:
        assert ("another lvzoo makes the entry at this moment; waiting for it" in err) == (out == "")


def test_if_the_first_dies_another_makes_the_entry(tmp_path: Path) -> None:
    with _make_elsewhere(tmp_path / "entry") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "makes\n"
        with _make_elsewhere(tmp_path / "entry") as second:
            time.sleep(0.5)
            first.kill()
            assert second.communicate(timeout=60)[0] == "makes\n"
    assert (tmp_path / "entry").exists()


def test_where_nothing_can_be_locked_each_makes_the_entry(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with made_by_one(tmp_path / "file/entry.lock", "the entry"):
        (tmp_path / "made").touch()
    assert (tmp_path / "made").exists()
