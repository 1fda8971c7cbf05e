"""`lvzoo noise` previews the corruptions and measures what they cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.cli import main
from tests.made_runs import CONDITIONS, make_run
from tests.made_videos import write_video

if TYPE_CHECKING:
    from pathlib import Path


def test_preview_prints_the_path_of_its_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "clip.avi", np.full((1, 112, 112), 90, np.uint8))
    monkeypatch.chdir(tmp_path)
    words = ["noise", "preview", str(clip), "--corruptions", "haze,blur", "--severities", "1,5"]
    assert main(words) == 0
    assert capsys.readouterr().out == "noise.png\n"
    assert (tmp_path / "noise.png").read_bytes().startswith(b"\x89PNG")
    assert main(words) == 4
    assert "noise.png: exists; name another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--severities", "1,x"], "'1,x' is not a list of whole numbers"),
        (["--corruptions", "hase"], "did you mean 'haze'"),
        (["--noise", "noise-v7"], "did you mean 'noise-v1'"),
        (["--out", "noise.gif"], "the picture is a PNG; name it noise.png"),
    ],
)
def test_mistakes_are_usage_errors(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["noise", "preview", "clip.avi", *words]) == 2
    assert message in capsys.readouterr().err


def test_calibration_prints_one_row_per_corruption_with_target_and_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", entries=("unet",))
    assert main(["noise", "calibration", str(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("points of Dice that noise-v1 costs unet (clean: 0.")
    assert lines[1] == "synthetic phantom, 12 patients"
    rows = {line.split()[0]: line.split()[1:] for line in lines[3:]}
    assert rows["SEVERITY"] == ["1", "5"]
    assert " ".join(rows["should"]) == "cost 0 to 2 15 to 40"
    haze = rows["haze"]  # made to lose 3 points a severity
    assert float(haze[0]) == pytest.approx(3, abs=1)
    assert haze[1:3] == ["too", "strong"]
    assert float(haze[3]) == pytest.approx(15, abs=1)
    assert list(rows)[2:] == ["acoustic", "haze", "resolution", "blur"]


def test_calibration_as_json_has_every_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run", seeds=2)
    assert main(["noise", "calibration", str(run), "--model", "landmark7", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = told.pop("costs")
    assert told.pop("clean") == pytest.approx(0.87, abs=0.02)
    assert told == {"data": "phantom", "synthetic": True, "suite": "noise-v1", "model": "landmark7"}
    assert len(rows) == len(CONDITIONS) - 1
    assert [row["most"] for row in rows] == [2.0, 40.0, 2.0, 40.0]


def test_calibration_wants_one_model_and_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run")
    assert main(["noise", "calibration", str(run)]) == 2
    assert "name one of landmark7, unet" in capsys.readouterr().err
    assert main(["noise", "calibration", str(tmp_path)]) == 4
    assert "no run of lvzoo here" in capsys.readouterr().err
