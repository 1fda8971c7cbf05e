"""A phantom as a data set: EchoNet-Dynamic's reader, marked synthetic."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lvzoo.errors import DataError
from lvzoo.interfaces import Dataset
from lvzoo.phantom.dataset import Phantom
from lvzoo.types import SPLITS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def test_frames_say_that_they_are_synthetic(phantom_folder: Path) -> None:
    phantom = Phantom(phantom_folder)
    assert isinstance(phantom, Dataset)
    frames = phantom.load("test")
    assert len(frames) == 12
    assert (frames.source.name, frames.source.version) == ("phantom", "phantom-v3")
    assert frames.source.synthetic
    assert frames.source.exclusions == ()
    assert frames.spacing_mm is not None
    assert all(0.5 < spacing < 4 for spacing in frames.spacing_mm)
    assert frames.masks_NHW.mean(axis=(1, 2)).min() > 0.01


def test_no_patient_is_in_two_splits(phantom_folder: Path) -> None:
    phantom = Phantom(phantom_folder)
    patients = [set(phantom.load(split).patients) for split in SPLITS]
    assert len(set.union(*patients)) == sum(map(len, patients)) == 18


def test_the_test_split_holds_the_dice_of_its_readers(phantom_folder: Path) -> None:
    phantom = Phantom(phantom_folder)
    dice = phantom.load("test").source.reader_dice
    assert dice is not None
    assert 0.93 < dice < 0.98
    assert phantom.load("train").source.reader_dice is None


def test_a_reader_who_traces_the_truth_agrees_with_it(copy: Path) -> None:
    """The true contours are replaced by the readers' tracings; only the straight cap at the base still differs."""
    frames = Phantom(copy).load("test")
    traced: dict[str, NDArray[np.float32]] = {}
    for video, index, contour_P2 in zip(
        frames.videos, frames.frame_indices, frames.contours_NP2, strict=True
    ):
        traced.setdefault(video, np.zeros((28, 121, 2), dtype=np.float32))[index] = contour_P2
    keywords: dict[str, Any] = {**traced}
    np.savez(copy / "TrueContours.npz", **keywords)
    dice = Phantom(copy).load("test").source.reader_dice
    assert dice is not None
    assert 0.98 < dice < 1


@pytest.mark.parametrize("damage", ["missing", "cut", "empty", "foreign"])
def test_a_phantom_without_its_true_contours_is_a_data_error(copy: Path, damage: str) -> None:
    path = copy / "TrueContours.npz"
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        np.savez(path, other=np.zeros(3))
    with pytest.raises(DataError, match=r"TrueContours\.npz: .*; write the phantom again"):
        Phantom(copy).load("test")


@pytest.fixture
def copy(phantom_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(phantom_folder, tmp_path / "copy")


@pytest.mark.parametrize(
    "note", ["", "{}", "[]", "not json", '{"generator": 3}', '{"generator": "v", "shift": {}}', "[" * 100_000]
)
def test_a_note_without_a_generator_is_a_data_error(copy: Path, note: str) -> None:
    (copy / "SYNTHETIC.json").write_text(note)
    with pytest.raises(DataError, match=r"SYNTHETIC\.json: .*generator"):
        Phantom(copy)


def test_a_video_without_spacing_is_named(copy: Path) -> None:
    table = copy / "Phantom.csv"
    table.write_text(table.read_text().splitlines()[0] + "\n")
    with pytest.raises(DataError, match=r"Phantom\.csv: .*0X[0-9A-F]{16}"):
        Phantom(copy).load("val")
