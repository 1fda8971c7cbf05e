"""If OpenCV cannot be imported, because a machine without a display lacks libGL, the error says what to install."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import MetaPathFinder

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


def test_the_decoder_is_known_by_the_versions_of_opencv_and_its_jpeg_library() -> None:
    identity = lvzoo.data.opencv.decoder_identity()
    assert identity.startswith(f"cv2-{lvzoo.data.opencv.cv2.__version__}-")
    assert "jpeg" in identity
