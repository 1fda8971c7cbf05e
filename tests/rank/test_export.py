"""The long form of challengeR: a row a task, algorithm and case."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lvzoo.rank.export import challenge_csv
from lvzoo.rank.ranking import rank
from tests.rank.tables import TINY, facts, row, two_models


def test_every_task_algorithm_and_case_once(tmp_path: Path) -> None:
    challenge_csv(two_models(), TINY, tmp_path / "challenge.csv")
    table = pd.read_csv(tmp_path / "challenge.csv")
    assert table.columns.tolist() == ["task", "algorithm", "case", "value"]
    assert table["task"].unique().tolist() == ["headline", "clean", "acoustic", "digital"]
    assert len(table) == len(table[["task", "algorithm", "case"]].drop_duplicates()) == 4 * 2 * 2
    assert row(table, task="headline", algorithm="a", case="q")["value"] == pytest.approx(0.55)
    assert row(table, task="clean", algorithm="b", case="p")["value"] == pytest.approx(0.8)
    assert row(table, task="acoustic", algorithm="a", case="p")["value"] == pytest.approx(0.6)


def test_the_mean_over_cases_is_the_headline(tmp_path: Path) -> None:
    challenge_csv(two_models(), TINY, tmp_path / "challenge.csv")
    table = pd.read_csv(tmp_path / "challenge.csv")
    means = table[table["task"] == "headline"].groupby("algorithm")["value"].mean()
    ranked = rank(two_models(), TINY, models=facts("a", "b"), resamples=10).table.set_index("model")
    for model in ("a", "b"):
        assert means[model] == pytest.approx(ranked["headline"][model], abs=1e-15)


def test_without_noise_clean_is_the_only_task(tmp_path: Path) -> None:
    scores = two_models()
    challenge_csv(scores[scores["corruption"] == "clean"], TINY, tmp_path / "challenge.csv")
    assert pd.read_csv(tmp_path / "challenge.csv")["task"].unique().tolist() == ["clean"]
