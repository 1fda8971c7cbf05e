"""`lvzoo data statistics` tells what frames are like: of simulated patients, of clips, of data folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pydicom.examples
import pytest

from lvzoo.cli import main
from lvzoo.data.phantom.write import PhantomSize, write_phantom

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def write_clip(path: Path, frames_NHW: NDArray[np.uint8]) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50, frames_NHW.shape[:0:-1])
    for frame_HW in frames_NHW:
        writer.write(cv2.cvtColor(frame_HW, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["data", "statistics", *words, "--json"]) == 0
    said: dict[str, object] = json.loads(capsys.readouterr().out)
    return said


def test_simulated_patients_are_shown_beside_real_ranges(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "statistics", "--clips", "2", "--shift", "speckle"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("phantom-speckle, synthetic: 2 clips\n\n| statistic ")
    assert "| 95th percentile " in printed
    assert "| 128 to 206 " in printed
    assert "| Dice of tracing against truth, ED " in printed


def test_a_grey_clip_is_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "grey.avi", np.full((5, 112, 112), 60, np.uint8))
    said = told(capsys, str(clip))
    assert (said["source"], said["synthetic"], said["clips"]) == ("grey.avi", False, 1)
    statistics = said["statistics"]
    assert isinstance(statistics, dict)
    assert statistics["mean grey level"]["mean"] == pytest.approx(60, abs=1)
    assert statistics["mean grey level"]["as_real"] is False
    assert statistics["share of pixels below 8"]["mean"] == 0
    assert statistics["correlation of neighbours, x"]["mean"] is None, "nothing correlates with a constant"


def test_a_real_dicom_clip_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, str(pydicom.examples.get_path("ybr_color")))
    statistics = said["statistics"]
    assert isinstance(statistics, dict)
    assert 10 < statistics["mean grey level"]["mean"] < 30


def test_a_phantom_folder_is_known_as_synthetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lvzoo.data.phantom.write.SIZES", {"smoke": PhantomSize(train=1, val=1, test=1)})
    folder = write_phantom(tmp_path / "data", size="smoke", workers=1)
    assert told(capsys, str(folder))["synthetic"] is True
    some = told(capsys, str(folder), "--clips", "2")
    assert (some["source"], some["clips"]) == ("data", 2)


def test_synthetic_clips_among_real_ones_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lvzoo.data.phantom.write.SIZES", {"smoke": PhantomSize(train=1, val=1, test=1)})
    folder = write_phantom(tmp_path / "data", size="smoke", workers=1)
    clip = write_clip(tmp_path / "grey.avi", np.full((5, 112, 112), 60, np.uint8))
    said = told(capsys, str(folder), str(clip))
    assert (said["synthetic"], said["synthetic_clips"], said["clips"]) == (True, 3, 4)
    assert main(["data", "statistics", str(folder), str(clip)]) == 0
    assert capsys.readouterr().out.startswith("data, grey.avi, partly synthetic (3 of the clips): 4 clips\n")


def test_a_folder_without_clips_is_a_data_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "statistics", str(tmp_path)]) == 4
    assert "holds no clips; give a clip, or a folder of clips" in capsys.readouterr().err


def test_a_shift_of_clips_of_ones_own_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "statistics", str(tmp_path), "--shift", "gain"]) == 2
    assert "leave them out, or the PATH" in capsys.readouterr().err
