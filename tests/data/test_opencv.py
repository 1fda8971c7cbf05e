"""The import of OpenCV: it changes nothing, and if it fails, the error says what to install."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import cv2
import numpy as np
import pytest

import lvzoo.data.opencv
from lvzoo.errors import LvzooError


class NoLibGL(MetaPathFinder):
    """Makes the import of cv2 fail as it does on a machine without libGL."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:  # noqa: ARG002 - the protocol's
        if fullname == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")


def test_without_libgl_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "lvzoo.data.opencv")
    monkeypatch.delitem(sys.modules, "cv2")
    monkeypatch.setattr(sys, "meta_path", [NoLibGL(), *sys.meta_path])
    with pytest.raises(LvzooError, match=r"\(libGL\.so\.1: .+\); .+ pip install opencv-python-headless"):
        importlib.import_module("lvzoo.data.opencv")


SETTINGS = """
import os, cv2
def show():
    level = (cv2.utils.logging if hasattr(cv2.utils, "logging") else cv2).getLogLevel()
    print(level, os.environ.get("OPENCV_FFMPEG_LOGLEVEL"))
show()
import lvzoo.data.echonet, lvzoo.data.clips.recognise, lvzoo.workflows.predict
show()
"""


def run_python(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    free = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV_")}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=free, capture_output=True, text=True, check=True)


def test_the_import_changes_no_setting_of_the_process() -> None:
    before, after = run_python(SETTINGS).stdout.splitlines()
    assert before.endswith(" None")
    assert before == after


OPEN = """
import sys
from pathlib import Path
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError
try:
    open_clip(Path(sys.argv[1]))
except DataError as error:
    print(error)
"""


def test_opencv_prints_nothing_of_its_own_on_a_damaged_picture(tmp_path: Path) -> None:
    picture = cv2.imencode(".bmp", np.zeros((24, 32, 3), np.uint8))[1].tobytes()
    (tmp_path / "clip.bmp").write_bytes(picture[:500])
    answer = run_python(OPEN, tmp_path / "clip.bmp")
    assert answer.stderr == ""
    assert "clip.bmp: does not decode" in answer.stdout


def test_the_decoder_is_known_by_the_versions_of_opencv_and_its_jpeg_library() -> None:
    identity = lvzoo.data.opencv.decoder_identity()
    assert identity.startswith(f"cv2-{lvzoo.data.opencv.cv2.__version__}-")
    assert "jpeg" in identity
