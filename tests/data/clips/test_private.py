"""Names of DICOM files that tell whom they show, and the neutral names that replace them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.private import find_neutral_name
from tests.data.clips.made_dicom import make_dicom, save_dicom, smooth_frames
from tests.made_videos import sector_frames, write_video

DIGEST = "0123456789abcdef"
TOLD = {
    "PatientName": "Müller^Jo",
    "PatientID": "A-4711",
    "PatientBirthDate": "19500131",
    "SOPInstanceUID": "1.2.840.5.77",
    "InstitutionName": "St. Anna",
    "SpecificCharacterSet": "ISO_IR 192",
}


def name(tmp_path: Path, *names: str, **elements: str) -> str | None:
    path = save_dicom(make_dicom(smooth_frames(2), **{**TOLD, **elements}), tmp_path / "clip.dcm")
    return find_neutral_name(ClipFile(path=path), names, digest=DIGEST)


@pytest.mark.parametrize(
    "told",
    [
        "IM_muller_1.dcm",
        "MÜLLER",
        "jo-exam",
        "a4711_4ch",
        "1950-01-31",
        "1.2.840.5.77",
        "US.1_2_840_5_77.dcm",
        "st anna 3",
    ],
)
def test_names_that_tell_something_are_replaced(tmp_path: Path, told: str) -> None:
    assert name(tmp_path, told) == "clip-01234567"
    assert name(tmp_path, "clip", told) == "clip-01234567"


@pytest.mark.parametrize("told", ["IM_0001", "jogging", "4ch", "clip.dcm", "19500130", "1.2.840.5.78"])
def test_other_names_stay(tmp_path: Path, told: str) -> None:
    assert name(tmp_path, told) is None


def test_short_numbers_and_initials_tell_nothing(tmp_path: Path) -> None:
    assert name(tmp_path, "clip_7_a", PatientID="7", PatientName="A") is None


def test_a_file_without_identifiers_keeps_its_name(tmp_path: Path) -> None:
    path = save_dicom(make_dicom(smooth_frames(2)), tmp_path / "clip.dcm")
    assert find_neutral_name(ClipFile(path=path), ["clip"], digest=DIGEST) is None


def test_only_dicom_files_are_looked_into(tmp_path: Path) -> None:
    path = write_video(tmp_path / "muller.avi", sector_frames(2, (64, 64)))
    assert find_neutral_name(ClipFile(path=path), ["muller"], digest=DIGEST) is None
    assert find_neutral_name(ClipFile(path=tmp_path / "gone.dcm"), ["muller"], digest=DIGEST) is None
