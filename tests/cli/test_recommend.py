"""`lvzoo recommend`: one row per clip on stdout, reasons and errors on stderr, and the exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.cli import main
from lvzoo.noise.suite import NoiseV1
from lvzoo.phantom.clip import simulate
from tests.made_runs import make_run
from tests.made_videos import write_video
from tests.noise.noisy_clips import list_conditions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ALL = tuple(list_conditions(NoiseV1()))


@pytest.fixture(scope="module")
def frames_NHW() -> NDArray[np.uint8]:
    return simulate(seed=7, split="test", index=1).frames_NHW[:16:2]


@pytest.fixture
def clip(tmp_path: Path, frames_NHW: NDArray[np.uint8]) -> Path:
    return write_video(tmp_path / "clip.avi", frames_NHW)


def test_the_table_has_one_row_per_clip(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", conditions=ALL)
    assert main(["recommend", str(clip), "--run", str(run)]) == 0
    streams = capsys.readouterr()
    headings, row = streams.out.splitlines()
    assert headings.split()[:5] == ["CLIP", "NOISE", "SEVERITY", "USE", "DICE"]
    assert row.startswith(str(clip))
    assert "unet-s0" in row
    assert "landmark7-s0 0.8" in row
    assert streams.err.splitlines() == [
        "the Dice is that of simulated patients: the run was tested on the synthetic phantom"
    ]


def test_json_has_all_probabilities_and_all_models(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", conditions=ALL)
    assert main(["recommend", str(clip), "--run", str(run), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert list(told) == [
        "clip",
        "synthetic",
        "run_synthetic",
        "noise",
        "use",
        "weights",
        "reasons",
        "advice",
    ]
    assert sum(told["noise"]["conditions"].values()) == pytest.approx(1.0, abs=0.01)
    assert set(told["noise"]["conditions"]) == {f"{each.corruption}:{each.severity}" for each in ALL}
    low, high = told["noise"]["severity_range"]
    assert 0 <= low <= high <= 5
    assert told["advice"]["best_on_average"] == told["use"] == "unet-s0"
    assert [each["model"] for each in told["advice"]["models"]] == ["unet-s0", "landmark7-s0"]
    assert told["advice"]["lead"] == "none"
    assert told["weights"] is None  # the made run has no weights


def test_a_clip_that_fails_costs_the_exit_code_alone(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", conditions=ALL)
    lost = tmp_path / "lost.avi"
    assert main(["recommend", str(lost), str(clip), "--run", str(run)]) == 4
    streams = capsys.readouterr()
    assert str(clip) in streams.out
    assert streams.err.startswith(f"error: {lost}: ")


def test_what_is_not_known_is_a_dash_in_the_table_and_null_in_json(
    tmp_path: Path, frames_NHW: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", conditions=ALL)
    black = write_video(tmp_path / "black.avi", np.zeros_like(frames_NHW))
    assert main(["recommend", str(black), "--run", str(run)]) == 0
    streams = capsys.readouterr()
    assert streams.out.splitlines()[1].split()[-5:] == ["-"] * 5
    assert "it may be no echo" in streams.err
    assert main(["recommend", str(black), "--run", str(run), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["use"], told["advice"]) == ("unet-s0", None)


def test_without_a_sector_the_noise_is_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run", conditions=ALL)
    grey_NHW = np.random.default_rng(0).integers(60, 200, (8, 240, 320), dtype=np.uint8)
    noise = write_video(tmp_path / "noise.avi", grey_NHW)
    assert main(["recommend", str(noise), "--run", str(run)]) == 0
    streams = capsys.readouterr()
    assert streams.out.splitlines()[1].split()[1:3] == ["-", "-"]
    assert "no ultrasound sector was found" in streams.err
    assert main(["recommend", str(noise), "--run", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["noise"] is None


def test_a_run_is_needed(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", str(clip)]) == 2
    assert "--run" in capsys.readouterr().err
