"""The cache folder: where it is, and the one warning when it cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lvzoo.data.frames import load_or_make
from lvzoo.errors import CacheError
from lvzoo.files import cache_folder
from lvzoo.noise.corrupt import corrupt_frames
from lvzoo.noise.suite import NoiseV1
from lvzoo.plugins import find_plugins
from lvzoo.types import CLEAN, Condition
from tests.toys import toy_frames

IN_A_CHILD = """
import multiprocessing
from lvzoo.files import warn_of_cache
if __name__ == "__main__":
    error = PermissionError(13, "Permission denied")
    child = multiprocessing.get_context("spawn").Process(target=warn_of_cache, args=(error,))
    child.start()
    child.join()
    warn_of_cache(error)
    warn_of_cache(PermissionError(13, "Permission denied", "another file"))
"""


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache below a regular file, in which nobody can write, not even root."""
    (tmp_path / "file").write_text("")
    cache = tmp_path / "file/cache"
    monkeypatch.setenv("LVZOO_CACHE", str(cache))
    return cache


def test_a_tilde_in_the_environment_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("LVZOO_CACHE", "~/lvzoo-cache")
    monkeypatch.chdir(tmp_path)
    assert cache_folder("frames") == tmp_path / "home/lvzoo-cache/frames"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_home_of_nobody_is_an_error_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVZOO_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(CacheError, match=r"^~nobody-of-this-name/cache: the home folder is unknown; set LVZ"):
        cache_folder()
    with pytest.raises(CacheError):
        cache_folder("frames")


def test_without_a_cache_everything_works_with_one_warning(
    unwritable: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frames, suite = toy_frames(4), NoiseV1()
    assert load_or_make("key", lambda: frames) is frames
    assert load_or_make("another key", lambda: frames) is frames
    conditions = [Condition(corruption="blur", severity=3), CLEAN, Condition(corruption="haze", severity=1)]
    blurred_NHW, clean_NHW, hazy_NHW = corrupt_frames(frames, suite, conditions)
    assert any(plugin.name == "core" and not plugin.fault for plugin in find_plugins())
    assert clean_NHW is frames.frames_NHW
    for noisy_NHW, condition in ((blurred_NHW, conditions[0]), (hazy_NHW, conditions[2])):
        for n, frame_HW in enumerate(frames.frames_NHW):
            expected_HW = suite.corrupt(
                *(frame_HW, condition),
                video=frames.videos[n],
                frame=frames.frame_indices[n],
                sector=frames.sectors[n],
            )
            assert np.array_equal(noisy_NHW[n], expected_HW)
    [warning] = [record.getMessage() for record in caplog.records]
    assert warning.startswith(f"{unwritable}: the cache cannot be written (Not a directory); ")


def test_child_processes_do_not_repeat_the_warning(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(IN_A_CHILD)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stderr.count("\n") == 1
    assert "the cache cannot be written (Permission denied)" in done.stderr
