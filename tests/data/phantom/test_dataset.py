"""A phantom as a data set: EchoNet-Dynamic's reader, marked synthetic."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from lvzoo.data.phantom.dataset import Phantom
from lvzoo.errors import DataError
from lvzoo.interfaces import Dataset
from lvzoo.types import SPLITS

if TYPE_CHECKING:
    from pathlib import Path


def test_frames_say_that_they_are_synthetic(phantom_folder: Path) -> None:
    phantom = Phantom(phantom_folder)
    assert isinstance(phantom, Dataset)
    frames = phantom.load("test")
    assert len(frames) == 12
    assert (frames.source.name, frames.source.version) == ("phantom", "phantom-v1")
    assert frames.source.synthetic
    assert frames.source.exclusions == ()
    assert frames.spacing_mm is not None
    assert all(0.5 < spacing < 4 for spacing in frames.spacing_mm)
    assert frames.masks_NHW.mean(axis=(1, 2)).min() > 0.01


def test_no_patient_is_in_two_splits(phantom_folder: Path) -> None:
    phantom = Phantom(phantom_folder)
    patients = [set(phantom.load(split).patients) for split in SPLITS]
    assert len(set.union(*patients)) == sum(map(len, patients)) == 18


@pytest.fixture
def copy(phantom_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(phantom_folder, tmp_path / "copy")


@pytest.mark.parametrize("note", ["", "{}", "[]", "not json"])
def test_a_note_without_a_generator_is_a_data_error(copy: Path, note: str) -> None:
    (copy / "SYNTHETIC.json").write_text(note)
    with pytest.raises(DataError, match=r"SYNTHETIC\.json: does not name the phantom's generator"):
        Phantom(copy)


def test_a_video_without_spacing_is_named(copy: Path) -> None:
    table = copy / "Phantom.csv"
    table.write_text(table.read_text().splitlines()[0] + "\n")
    with pytest.raises(DataError, match=r"Phantom\.csv: has no row for 0X[0-9A-F]{16}"):
        Phantom(copy).load("val")
