"""Writing a phantom: the same bytes on one machine, and no folder on an error."""

from __future__ import annotations

import filecmp
import json
import os
from typing import TYPE_CHECKING

import pytest

from lvzoo.cli import main
from lvzoo.cli.data import PHANTOM_SIZES
from lvzoo.errors import DataError, UsageError
from lvzoo.phantom.clip import simulate
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import SIZES, PhantomSize, cached_phantom, write_phantom

if TYPE_CHECKING:
    from pathlib import Path


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_more_workers_write_the_same_bytes(phantom_folder: Path, tmp_path: Path) -> None:
    again = write_phantom(tmp_path / "again", size="smoke", seed=0, workers=2)
    files = files_below(again)
    assert files == files_below(phantom_folder)
    same, different, errors = filecmp.cmpfiles(phantom_folder, again, files, shallow=False)
    assert (len(same), different, errors) == (len(files), [], [])


def test_the_command_knows_every_size() -> None:
    assert tuple(SIZES) == PHANTOM_SIZES


def test_another_seed_split_or_index_is_another_patient() -> None:
    clips = [
        simulate(seed=0, split="train", index=0),
        simulate(seed=1, split="train", index=0),
        simulate(seed=0, split="test", index=0),
        simulate(seed=0, split="train", index=1),
    ]
    assert len({clip.name for clip in clips}) == 4
    assert len({clip.frames_NHW[0].tobytes() for clip in clips}) == 4


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `smoke` three videos long."""
    monkeypatch.setattr("lvzoo.phantom.write.SIZES", {"smoke": PhantomSize(train=1, val=1, test=1)})


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_phantom_leaves_nothing(tmp_path: Path, workers: int) -> None:
    def interrupt(done: int, total: int) -> None:  # noqa: ARG001 - the callback's signature
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantom(tmp_path / "out", size="smoke", workers=workers, on_video=interrupt)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - hidden names too


@pytest.mark.usefixtures("tiny", "full_disk")
def test_a_full_disk_is_a_data_error(tmp_path: Path) -> None:
    """OpenCV's writer does not report it, so the file is read back."""
    with pytest.raises(DataError, match=r"0X[0-9A-F]{16}\.avi: .*whole video.* disk"):
        write_phantom(tmp_path / "out", size="smoke", workers=1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(DataError, match=r"is not empty; .*new folder"):
        write_phantom(tmp_path, size="smoke")
    assert files_below(tmp_path) == ["mine.txt"]


def test_an_unknown_size_gets_suggestions(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown phantom size 'quik'.*did you mean 'quick'"):
        write_phantom(tmp_path / "out", size="quik")


@pytest.mark.usefixtures("tiny")
def test_the_cache_makes_a_phantom_once_and_counts_its_videos(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path))
    seen: list[tuple[int, int]] = []
    folders = [
        cached_phantom(size="smoke", seed=3, workers=1, on_video=lambda *progress: seen.append(progress))
        for _ in range(2)
    ]
    assert folders[0] == folders[1] == tmp_path / "phantom" / "phantom-v3-smoke-s3"
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("lost", ["Videos/*", "SYNTHETIC.json", "TrueContours.npz"])
def test_a_phantom_of_which_the_cache_has_lost_a_part_is_made_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lost: str
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path))
    folder = cached_phantom(size="smoke", seed=3, workers=1)
    before = files_below(folder)
    next(folder.glob(lost)).unlink()
    assert cached_phantom(size="smoke", seed=3, workers=1) == folder
    assert files_below(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.usefixtures("tiny")
def test_the_command_prints_only_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["data", "phantom", str(out), "--size", "smoke", "--workers", "1"]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert main(["data", "phantom", str(out), "--size", "smoke"]) == 4
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny")
def test_a_shifted_phantom_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    words = ["data", "phantom", str(out), "--size", "smoke", "--workers", "1", "--shift", "gain"]
    assert main(words) == 0
    note = json.loads((out / "SYNTHETIC.json").read_text())
    assert note["shift"] == "gain"
    assert "headroom_db" in note["shifted"]
    usual = cached_phantom(size="smoke", seed=0, workers=1)
    shifted = cached_phantom(size="smoke", seed=0, shift="gain", workers=1)
    assert shifted.name == "phantom-v3-gain-smoke-s0"
    sources = [Phantom(folder).load("test").source for folder in (usual, shifted, out)]
    assert [source.name for source in sources] == ["phantom", "phantom-gain", "phantom-gain"]
    assert sources[0].fingerprint != sources[1].fingerprint == sources[2].fingerprint


def test_an_unknown_shift_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown shift 'bright'; use one of gain, depth"):
        write_phantom(tmp_path / "out", size="smoke", shift="bright")
    assert files_below(tmp_path) == []
