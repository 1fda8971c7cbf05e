"""Pairs of models: computed by hand, and in simulations with known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lvzoo.rank.pairs import outperforms
from lvzoo.rank.ranking import rank
from tests.rank.tables import TINY, WARD, conditions, facts, row, simulated, two_models


def test_a_pair_by_hand() -> None:
    pairs = rank(two_models(), TINY, models=facts("a", "b"), resamples=200).pairs
    pair = row(pairs, better="a", worse="b")
    assert len(pairs) == 1
    assert pair["difference"] == pytest.approx(0.05)
    assert (pair["difference_low"], pair["difference_high"]) == pytest.approx((0.05, 0.05))
    assert (pair["p"], pair["p_holm"]) == (0.5, 0.5)  # two patients: both signs alike half of the time
    assert pair["outperforms"] == 1.0
    assert pair["mdd"] == pytest.approx(0, abs=1e-12)  # the difference is the same on both
    assert pair["verdict"] == "open"


def test_pairs_come_in_the_order_of_the_ranking() -> None:
    scores = simulated({"x": 0.7, "y": 0.9, "z": 0.8}, conditions([1]), patients=5)
    pairs = rank(scores, WARD, models=facts("x", "y", "z"), resamples=20).pairs
    assert list(zip(pairs["better"], pairs["worse"], strict=True)) == [("y", "z"), ("y", "x"), ("z", "x")]
    assert (pairs["difference"] > 0).all()


def test_one_model_has_no_pair_and_no_contest_but_all_their_columns() -> None:
    scores = two_models()
    both = rank(scores, TINY, models=facts("a", landmarks=["b"]), resamples=20)
    alone = rank(scores[scores["model"] == "a"], TINY, models=facts("a"), resamples=20)
    assert (len(alone.pairs), len(alone.contests)) == (0, 0)
    assert alone.pairs.columns.equals(both.pairs.columns)
    assert alone.contests.columns.equals(both.contests.columns)
    assert alone.table["group"].tolist() == ["a"]
    assert np.isnan(alone.kendall_tau)


def test_outperforming_counts_all_pairs_of_seeds_and_half_of_ties() -> None:
    first = np.array([[0.9, 0.7]])  # one resample, two seeds
    second = np.array([[0.8, 0.7, 0.6]])
    # .9 beats all three; .7 beats .6 and ties .7
    assert outperforms(first, second) == pytest.approx((3 + 1 + 0.5) / 6)
    assert outperforms(first, first) == 0.5


def test_equal_models_stay_open_and_share_a_letter() -> None:
    verdicts = []
    for draw in range(40):
        scores = simulated({"a": 0.9, "b": 0.9}, conditions([3]), patients=60, draw=draw)
        ranking = rank(scores, WARD, models=facts("a", "b"), resamples=100)
        verdicts.append(ranking.pairs["verdict"][0])
        assert (ranking.pairs["verdict"][0] == "open") == (ranking.table["group"].tolist() == ["a", "a"])
    assert verdicts.count("open") >= 34  # 38 of 40 are expected
    assert not {"clear", "once"} & set(verdicts)


def test_models_that_differ_by_two_points_are_told_apart() -> None:
    for draw in range(5):
        scores = simulated({"a": 0.9, "b": 0.88, "c": 0.88}, conditions(), patients=60, draw=draw, seeds=2)
        ranking = rank(scores, WARD, models=facts("a", "b", "c"), resamples=200)
        assert ranking.table["model"][0] == "a"
        assert ranking.pairs["verdict"].tolist()[:2] == ["clear", "clear"]
        assert ranking.table["group"][0] == "a"
        assert "a" not in ranking.table["group"][1] + ranking.table["group"][2]
        assert ranking.table["p_first"].tolist() == [1, 0, 0]
        assert row(ranking.table, model="a")["rank_high"] == 1


def test_a_certain_difference_below_the_margin_is_small() -> None:
    scores = simulated({"a": 0.9}, conditions([1, 2]), patients=80)
    close = pd.concat([scores, scores.assign(model="b", dice=scores["dice"] - 0.003)])
    pair = rank(close, WARD, models=facts("a", "b"), resamples=100).pairs.iloc[0]
    assert pair["p_holm"] < 1e-6
    assert pair["verdict"] == "small"


def test_tests_are_adjusted_for_their_number() -> None:
    models = dict.fromkeys("abcdef", 0.9)
    pairs = rank(
        simulated(models, conditions([3]), patients=30), WARD, models=facts(*models), resamples=20
    ).pairs
    assert len(pairs) == 15
    assert pairs["p_holm"].min() == pytest.approx(min(1, 15 * pairs["p"].min()))
    assert (pairs["p_holm"] >= pairs["p"]).all()
