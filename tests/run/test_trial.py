"""A trial's folder: results come back as they were written, and damaged files are reported."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from lvzoo.errors import DataError
from lvzoo.run import TrialFolder
from lvzoo.types.results import ModelFacts
from tests.made_runs import make_run


@pytest.fixture
def trial(tmp_path: Path) -> TrialFolder:
    return TrialFolder(path=make_run(tmp_path / "run") / "trials/landmark7-s0")


def test_specimens_come_back_as_they_were(trial: TrialFolder) -> None:
    before = trial.read_specimens()
    trial.write_specimens(before)
    for one, other in zip(before, trial.read_specimens(), strict=True):
        for field in dataclasses.fields(one):
            assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_facts_come_back_as_they_were(trial: TrialFolder) -> None:
    facts = ModelFacts(kind="landmark", plugin="p", landmarks=7, ceiling={"all": 0.9}, ms_per_frame=1.5)
    trial.write_facts(facts)
    assert trial.read_facts() == facts


def test_scores_of_an_earlier_version_have_no_volumes(trial: TrialFolder) -> None:
    path = trial.path / "scores.parquet"
    volumes = ["volume_pred", "volume_ref", "volume_perfect", "ef_listed"]
    before = trial.read_scores()
    assert before[volumes].notna().all(axis=None)
    before.drop(columns=volumes).to_parquet(path)
    after = trial.read_scores()
    assert after[volumes].isna().all(axis=None)
    assert after.drop(columns=volumes).equals(before.drop(columns=volumes))


@pytest.mark.parametrize("labels", ["[{}]", '[{"condition": {}, "shape": 3}]', "no json"])
def test_damaged_labels_are_reported(trial: TrialFolder, labels: str) -> None:
    path = trial.path / "specimens.npz"
    with np.load(path) as kept:
        arrays = {name: kept[name][:1] for name in kept.files if name != "labels"}
    np.savez(path, labels=np.array(labels), **arrays)
    with pytest.raises(DataError, match=r"specimens.npz: cannot be read .*; run again"):
        trial.read_specimens()


def test_cut_files_are_reported(trial: TrialFolder) -> None:
    for name, read in (("specimens.npz", trial.read_specimens), ("facts.json", trial.read_facts)):
        path = trial.path / name
        path.write_bytes(path.read_bytes()[:40])
        with pytest.raises(DataError, match=rf"{name}: cannot be read"):
            read()
    assert json.loads((trial.path / "status.json").read_text())["state"] == "finished"
