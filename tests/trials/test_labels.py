"""Scores say of each frame which view it shows and how good its picture is, as far as the data set knows it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pandas as pd

from lvzoo.rank.grid import make_grid
from lvzoo.run import TrialFolder
from lvzoo.trials.labels import add_labels
from lvzoo.types import LABEL_COLUMNS
from tests.made_runs import made_scores
from tests.rank.tables import TINY, two_models
from tests.toys import toy_frames

if TYPE_CHECKING:
    from pathlib import Path


def test_each_condition_has_the_labels_of_the_frames() -> None:
    test = dataclasses.replace(toy_frames(3), qualities=("Good", "", "Poor"))
    scores = pd.DataFrame({"dice": range(6)})
    labelled = add_labels(scores, test)
    assert labelled["quality"].tolist() == ["Good", "", "Poor"] * 2
    assert labelled["view"].tolist() == [""] * 6


def test_labels_are_written_and_those_of_an_earlier_version_are_unknown(tmp_path: Path) -> None:
    trial = TrialFolder(path=tmp_path)
    scores = made_scores("unet", 0, 0.9)
    trial.write_scores(scores.assign(view="4CH", quality="Poor"))
    for compact in (False, True):
        kept = trial.read_scores(compact=compact)
        assert (set(kept["view"]), set(kept["quality"])) == ({"4CH"}, {"Poor"})
    path = tmp_path / "scores.parquet"
    pd.read_parquet(path).drop(columns=list(LABEL_COLUMNS)).to_parquet(path)
    for compact in (False, True):
        kept = trial.read_scores(compact=compact)
        assert (set(kept["view"]), set(kept["quality"])) == ({""}, {""})
    trial.write_scores(scores)
    assert set(trial.read_scores()["quality"]) == {""}


def test_a_grid_knows_the_quality_of_each_frame_whatever_the_order_of_the_rows() -> None:
    scores = two_models()
    quality = {("p", 5): "Good", ("p", 2): "Poor", ("q", 7): ""}
    labels = [quality[each] for each in zip(scores["patient"], scores["frame"], strict=True)]
    shuffled = scores.assign(quality=labels).sample(frac=1, random_state=0)
    grid = make_grid(shuffled, TINY)
    assert grid.quality_F.tolist() == ["Poor", "Good", ""]
    assert make_grid(scores, TINY).quality_F.tolist() == ["", "", ""]
