"""The stability of the order: ranks over resamples and their agreement with the ranking."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata

from lvzoo.rank.bootstrap import resampled_means
from lvzoo.rank.stability import mean_kendall_tau, rank_columns, ranks


def test_equal_scores_share_the_smaller_rank() -> None:
    assert ranks(np.array([0.7, 0.9, 0.7, 0.1])).tolist() == [2, 1, 2, 4]
    assert ranks(np.array([0.7, 0.7 + 1e-15])).tolist() == [1, 1]
    many = np.random.default_rng(0).random((50, 6)).round(1)
    assert np.array_equal(ranks(many), rankdata(-many, method="min", axis=1))


def test_rank_intervals_by_hand() -> None:
    """Over 100 resamples a is first 98 times and second twice; c is always third."""
    a, b, c = np.full(100, 0.9), np.full(100, 0.8), np.full(100, 0.7)
    b[:2] = 0.95
    columns = rank_columns(np.stack([a, b, c], axis=1))
    assert columns["rank_low"].tolist() == [1, 2, 3]
    assert columns["rank_high"].tolist() == [1, 2, 3]
    assert columns["p_first"] == pytest.approx([0.98, 0.02, 0])
    b[:3] = 0.95
    columns = rank_columns(np.stack([a, b, c], axis=1))
    assert columns["rank_high"].tolist() == [2, 2, 3]
    assert columns["rank_low"].tolist() == [1, 1, 3]


def test_rank_intervals_cover_the_true_ranks() -> None:
    """Models one or two standard errors apart: the observed order is often wrong, but the intervals are right."""
    rng = np.random.default_rng(0)
    truth_M = np.array([0.9, 0.894, 0.88])
    covered, as_true = np.zeros(3), 0
    for _ in range(150):
        scores_MP = rng.normal(truth_M[:, None], 0.03, (3, 60))
        columns = rank_columns(resampled_means(scores_MP, resamples=300, seed=0))
        covered += (columns["rank_low"] <= [1, 2, 3]) & (columns["rank_high"] >= [1, 2, 3])
        as_true += ranks(scores_MP.mean(axis=1)).tolist() == [1, 2, 3]
    assert as_true < 0.9 * 150
    assert (covered >= 0.95 * 150).all()


def test_many_resamples_go_in_blocks() -> None:
    headline_BM = np.random.default_rng(1).normal(0, 1, (900, 90))
    columns = rank_columns(headline_BM)
    expected = rankdata(-headline_BM, method="min", axis=1)
    assert columns["p_first"] == pytest.approx((expected == 1).mean(axis=0))
    assert columns["p_first"].sum() == pytest.approx(1)


def test_kendall_against_scipy() -> None:
    rng = np.random.default_rng(2)
    full = np.array([0.9, 0.8, 0.8, 0.6, 0.5])
    resamples = rng.normal(full, 0.1, (40, 5)).round(1)  # with ties
    expected = np.mean([kendalltau(full, each).statistic for each in resamples])
    assert mean_kendall_tau(full, resamples) == pytest.approx(expected, abs=1e-12)


def test_kendall_in_extreme_cases() -> None:
    full = np.array([0.9, 0.8, 0.7])
    assert mean_kendall_tau(full, np.tile(full, (5, 1))) == 1.0
    assert mean_kendall_tau(full, np.tile(full[::-1], (5, 1))) == -1.0
    assert np.isnan(mean_kendall_tau(full[:1], full[:1, None]))
    assert mean_kendall_tau(np.full(3, 0.9), np.full((4, 3), 0.8)) == 1.0
    assert mean_kendall_tau(np.full(3, 0.9), np.tile(full, (4, 1))) == 0.0
