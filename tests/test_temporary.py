"""Temporary files of killed processes are removed; those that are being written are left alone."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lvzoo import files, temporary
from lvzoo.files import atomic_file, atomic_folder, cache_folder, working_folder
from lvzoo.temporary import LONGEST_S, TEMPORARY, remove_leftovers

WRITES = """
import sys
from pathlib import Path
from lvzoo.files import atomic_file, atomic_folder
with atomic_file(Path("table.csv")) as file, atomic_folder(Path("phantom")) as folder:
    file.write_text("half")
    (folder / "video").write_text("half")
    print("writing", flush=True)
    sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")


def list_temporary(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(f"{TEMPORARY}*")]


def test_what_a_killed_process_leaves_is_removed_and_what_another_writes_is_not(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITES], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        remove_leftovers(tmp_path)
        assert len(list_temporary(tmp_path)) == 2
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert len(list_temporary(tmp_path)) == 2
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_being_written_here_is_left_alone(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a.csv") as file, atomic_folder(tmp_path / "b") as folder:
        remove_leftovers(tmp_path)
        file.write_text("whole")
        (folder / "c").touch()
    assert (tmp_path / "a.csv").read_text() == "whole"
    assert (tmp_path / "b/c").exists()
    assert list_temporary(tmp_path) == []


def test_the_cache_is_tidied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path))
    files._tidy_cache.cache_clear()
    left = [tmp_path / f"frames/{TEMPORARY}a.npz", tmp_path / f"noise/key/{TEMPORARY}b.npy"]
    for path in (*left, kept := tmp_path / "frames/c.npz"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    cache_folder("plugins")
    assert not any(path.exists() for path in left)
    assert kept.exists()


def test_a_working_folder_of_a_killed_prediction_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / f"{TEMPORARY}old/masks").mkdir(parents=True)
    with working_folder(tmp_path) as folder:
        assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_without_flock_only_old_files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_handle: int, _what: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    old, young = tmp_path / f"{TEMPORARY}old", tmp_path / f"{TEMPORARY}young"
    for path in (old, young):
        path.touch()
    then_s = time.time() - LONGEST_S - 60
    os.utime(old, (then_s, then_s))
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [young]
    with atomic_file(tmp_path / "a.csv") as file:
        file.write_text("whole")
    assert (tmp_path / "a.csv").read_text() == "whole"


def test_a_new_file_that_another_process_took_for_a_left_over_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_it = temporary._open
    taken: list[Path] = []

    def take_first(path: Path) -> int | None:
        if not taken:
            taken.append(path)
            path.unlink()
        return open_it(path)

    monkeypatch.setattr(temporary, "_open", take_first)
    with atomic_file(tmp_path / "a.csv") as file:
        file.write_text("whole")
    assert (tmp_path / "a.csv").read_text() == "whole"
    assert file not in taken
