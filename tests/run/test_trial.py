"""A trial's folder: results come back as they were written, and damaged files are reported."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow.lib import ArrowException

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


def test_compact_scores_are_the_same_with_categories_for_text(trial: TrialFolder) -> None:
    plain, compact = trial.read_scores(), trial.read_scores(compact=True)
    texts = [name for name in compact if isinstance(compact[name].dtype, pd.CategoricalDtype)]
    assert texts == ["model", "patient", "video", "phase", "corruption", "view", "quality"]
    pd.testing.assert_frame_equal(compact.astype(dict.fromkeys(texts, plain["model"].dtype)), plain)


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


NESTED = "[" * 100_000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ms_per_frame", -1.0),
        ("ms_per_frame", "fast"),
        ("parameters", 1.5),
        ("flops", -3),
        ("flops", 10**400),
        ("kind", "other"),
        ("kind", ["mask"]),
        ("ceiling", {"all": 7}),
        ("ceiling", {"all": None}),
        ("hardware", None),
        ("augmented", 1),
    ],
)
def test_facts_that_no_model_has_are_reported(trial: TrialFolder, field: str, value: object) -> None:
    path = trial.path / "facts.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(DataError, match=r"facts.json: cannot be read \(.*; run again"):
        trial.read_facts()


@pytest.mark.parametrize("content", [NESTED, "[]", "3", "null"])
def test_json_that_is_no_object_or_nested_too_deeply_is_reported(trial: TrialFolder, content: str) -> None:
    for name in ("facts.json", "status.json"):
        (trial.path / name).write_text(content)
    assert trial.status() == {}
    with pytest.raises(DataError, match=r"facts.json: cannot be read \(it "):
        trial.read_facts()


@pytest.mark.parametrize("change", [{"model_key": ["k"]}, {"state": 1}, {"state": "done"}, {"error": {}}])
def test_a_status_that_no_trial_has_counts_as_none(trial: TrialFolder, change: dict[str, object]) -> None:
    assert trial.status()["state"] == "finished"
    (trial.path / "status.json").write_text(json.dumps({**trial.status(), **change}))
    assert trial.status() == {}


def test_scores_that_lack_a_column_are_reported(trial: TrialFolder) -> None:
    path = trial.path / "scores.parquet"
    trial.read_scores().drop(columns="dice").to_parquet(path)
    with pytest.raises(DataError, match="lacks the column 'dice'; run again"):
        trial.read_scores()


def test_scores_that_pyarrow_cannot_read_are_reported(
    trial: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise ArrowException("Unknown error: Wrapping \ufffd1 failed")

    monkeypatch.setattr("pandas.read_parquet", refuse)
    with pytest.raises(DataError, match=r"scores.parquet: cannot be read \(Unknown error: .*; run again"):
        trial.read_scores()
