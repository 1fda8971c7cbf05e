"""Folders in EchoNet-Dynamic's layout: an empty one, and one with a video."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.echonet_folders import EchoNetFolder


@pytest.fixture
def echonet_folder(tmp_path: Path) -> EchoNetFolder:
    return EchoNetFolder(path=tmp_path / "EchoNet-Dynamic")


@pytest.fixture
def folder(echonet_folder: EchoNetFolder) -> EchoNetFolder:
    """A folder in which one video, 0XGOOD, has no quirk at all."""
    echonet_folder.add("0XGOOD")
    return echonet_folder
