"""The table for challengeR: one row per task, algorithm and case."""

from __future__ import annotations

import pytest

from lvzoo.rank.ranking import rank
from tests.rank.tables import TINY, facts, row, two_models


def test_every_task_algorithm_and_case_once() -> None:
    table = rank(two_models(), TINY, models=facts("a", "b"), resamples=10).cases
    assert table.columns.tolist() == ["task", "algorithm", "case", "value"]
    assert table["task"].unique().tolist() == ["headline", "clean", "acoustic", "digital"]
    assert len(table) == len(table[["task", "algorithm", "case"]].drop_duplicates()) == 4 * 2 * 2
    assert row(table, task="headline", algorithm="a", case="q")["value"] == pytest.approx(0.55)
    assert row(table, task="clean", algorithm="b", case="p")["value"] == pytest.approx(0.8)
    assert row(table, task="acoustic", algorithm="a", case="p")["value"] == pytest.approx(0.6)


def test_the_mean_over_cases_is_the_headline() -> None:
    result = rank(two_models(), TINY, models=facts("a", "b"), resamples=10)
    means = result.cases[result.cases["task"] == "headline"].groupby("algorithm")["value"].mean()
    ranked = result.table.set_index("model")
    for model in ("a", "b"):
        assert means[model] == pytest.approx(ranked["headline"][model], abs=1e-15)


def test_without_noise_clean_is_the_only_task() -> None:
    scores = two_models()
    clean = scores[scores["corruption"] == "clean"]
    cases = rank(clean, TINY, models=facts("a", "b"), resamples=10).cases
    assert cases["task"].unique().tolist() == ["clean"]
