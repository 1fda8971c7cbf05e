"""Clips of a phantom are known by the note beside their folder, also through a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvzoo.data.clips.synthetic import is_synthetic


@pytest.fixture
def phantom_clip(tmp_path: Path) -> Path:
    clip = tmp_path / "phantom" / "Videos" / "p1.avi"
    clip.parent.mkdir(parents=True)
    clip.touch()
    (tmp_path / "phantom" / "SYNTHETIC.json").touch()
    return clip


def test_a_clip_of_a_phantom_is_synthetic(phantom_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_synthetic(phantom_clip)
    monkeypatch.chdir(phantom_clip.parent)
    assert is_synthetic(Path("p1.avi"))


def test_a_link_to_a_clip_of_a_phantom_is_synthetic(phantom_clip: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere.avi"
    link.symlink_to(phantom_clip)
    assert is_synthetic(link)


def test_a_clip_elsewhere_is_not(phantom_clip: Path, tmp_path: Path) -> None:
    assert not is_synthetic(tmp_path / "clip.avi")
    assert not is_synthetic(phantom_clip.parent.parent / "clip.avi")
