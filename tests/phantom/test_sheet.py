"""A sheet of patients: one PNG that states that it is synthetic; on an error no file is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import pytest

from lvzoo.cli import main
from lvzoo.errors import DataError
from lvzoo.phantom.clip import simulate
from lvzoo.phantom.sheet import draw_sheet

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a sheet two tiles wide and one high."""
    monkeypatch.setattr("lvzoo.phantom.sheet.COLUMNS", 2)
    monkeypatch.setattr("lvzoo.phantom.sheet.ROWS", 1)


def test_a_sheet_shows_frames_of_the_phantom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sheet.png"
    assert main(["data", "sheet", str(out), "--seed", "3"]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    sheet = cv2.imread(str(out), cv2.IMREAD_UNCHANGED)
    assert sheet is not None
    assert sheet.shape == (24 + 224, 2 * 224)
    clip = simulate(seed=3, split="train", index=1)
    shown = sheet[24::2, 224::2].astype(int)
    assert abs(shown - clip.frames_NHW[clip.beat.ed_frame]).max() < 4
    assert sheet[:24].max() == 255, "the header has text"


def test_contours_stand_beside_their_frame(tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert main(["data", "sheet", str(out), "--contours", "--shift", "gain"]) == 0
    sheet = cv2.imread(str(out))
    assert sheet is not None
    frame, traced = sheet[24:, :224].astype(int), sheet[24:, 224:].astype(int)
    changed = abs(frame - traced).max(axis=-1) > 0
    assert 0.002 < changed.mean() < 0.03


@pytest.mark.parametrize(("name", "code"), [("sheet.jpg", 2), ("there.png", 4)])
def test_no_file_is_overwritten_and_a_png_is_a_png(tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "there.png").write_bytes(b"mine")
    assert main(["data", "sheet", str(tmp_path / name)]) == code
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"^{tmp_path}/sheet\.png: .*cannot write.* disk"):
        draw_sheet(tmp_path / "sheet.png")
    assert list(tmp_path.iterdir()) == []
