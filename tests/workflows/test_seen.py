"""Test frames of a further data set on which the run trains are named: before the training, and in the reports."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lvzoo
from lvzoo.phantom.write import cached_phantom
from lvzoo.registry import open_zoo
from lvzoo.trials.request import RunRequest, ignore_event
from lvzoo.types.results import Caution
from lvzoo.workflows.also import open_others
from lvzoo.workflows.seen import Seen, find_seen, keep_seen
from tests.data.audited import make_split
from tests.made_across import make_across

SEEN = Seen(frames=3, tested=8, patients=("anna", "ben"))
TOLD = "3 of the 8 test frames of camus are train or val frames of the run (patients anna, ben)"


def test_equal_pixels_are_seen_and_flat_frames_are_not() -> None:
    home, other = make_split(3, seed=1), make_split(3, seed=2)
    assert find_seen([home], other).frames == 0
    pixels_NHW = other.frames_NHW.copy()
    pixels_NHW[2] = home.frames_NHW[0]
    pixels_NHW[4] = 0
    flat = replace(home, frames_NHW=np.zeros_like(home.frames_NHW))
    seen = find_seen([home, flat], replace(other, frames_NHW=pixels_NHW))
    assert seen == Seen(frames=1, tested=len(other), patients=(other.patients[2],))


def test_a_warning_names_them_before_the_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = cached_phantom(size="smoke", seed=0)
    swapped = tmp_path / "swapped"
    shutil.copytree(home, swapped)
    table = swapped / "FileList.csv"
    text = table.read_text()
    table.write_text(text.replace("TEST", "OLD").replace("TRAIN", "TEST").replace("OLD", "TRAIN"))
    request = RunRequest(call="bench", data=home, also=[swapped])
    [other] = open_others(open_zoo(), request, "smoke", ignore_event)
    assert (other.seen.frames, other.seen.tested) == (16, 16)
    assert f"16 of the 16 test frames of {swapped} are train or val frames of the run" in caplog.text


def test_the_reports_of_the_run_and_of_the_set_say_it(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    assert not [each for each in _list_cautions(run) if each.kind == "seen"]
    assert keep_seen(run / "also/camus", SEEN)
    assert not keep_seen(run / "also/camus", SEEN)
    for folder in (run, run / "also/camus"):
        [caution] = [each for each in _list_cautions(folder) if each.kind == "seen"]
        assert caution.text.startswith(TOLD)
        assert TOLD in (folder / "report.html").read_text()


def test_nothing_is_written_if_nothing_was_seen(tmp_path: Path) -> None:
    run = make_across(tmp_path / "run", "camus")
    assert not keep_seen(run / "also/camus", Seen(frames=0, tested=8, patients=()))
    assert "seen" not in json.loads((run / "also/camus/run.json").read_text())


def _list_cautions(folder: Path) -> tuple[Caution, ...]:
    study = lvzoo.compare(folder).study
    assert study is not None
    return study.ranking.warnings
