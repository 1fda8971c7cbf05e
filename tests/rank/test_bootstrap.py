"""The bootstrap over patients: shared resamples, the same result as a plain loop, and correct coverage."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lvzoo.rank import bootstrap
from lvzoo.rank.bootstrap import (
    Bootstrap,
    interval,
    resample_counts,
    resampled_means,
    round_for_exact_sums,
)


def test_it_equals_a_plain_loop_over_the_same_draws() -> None:
    scores_MP = np.random.default_rng(0).random((3, 17))
    rng = np.random.Generator(np.random.PCG64(5))
    drawn = np.concatenate([rng.integers(0, 17, (rows, 17), dtype=np.int64) for rows in (100, 100, 50)])
    expected = [[np.mean([scores[patient] for patient in draw]) for scores in scores_MP] for draw in drawn]
    assert resampled_means(scores_MP, resamples=250, seed=5) == pytest.approx(np.array(expected), abs=1e-12)


def test_every_resample_draws_as_many_patients_as_there_are() -> None:
    blocks = list(resample_counts(23, resamples=700, seed=0))
    counts = np.concatenate(blocks)
    assert counts.shape == (700, 23)
    assert (counts.sum(axis=1) == 23).all()
    assert counts.mean() == 1.0
    assert counts.mean(axis=0) == pytest.approx(
        np.ones(23), abs=0.2
    )  # no patient is drawn more often than others
    assert max(len(block) for block in blocks) <= bootstrap.BLOCK


def test_all_rows_meet_the_same_draws() -> None:
    """The difference between a score and the same score minus a constant is always this constant."""
    scores_P = np.random.default_rng(1).random(40)
    means = resampled_means(np.stack([scores_P, scores_P - 0.25]), resamples=300, seed=0)
    assert means[:, 0] - means[:, 1] == pytest.approx(np.full(300, 0.25), abs=1e-12)
    assert means[:, 0].std() > 0.01


def test_the_seed_decides_the_draws() -> None:
    scores_MP = np.random.default_rng(2).random((1, 30))
    first, again, other = (resampled_means(scores_MP, resamples=50, seed=seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_patients_without_a_score_do_not_count() -> None:
    """The mean is over drawn patients with a score; a resample without any is NaN and is left out of the interval."""
    scores_MP = np.array([[0.2, np.nan, 0.8], [0.1, 0.2, 0.3]])
    counts = np.concatenate(list(resample_counts(3, resamples=400, seed=2)))
    means = resampled_means(scores_MP, resamples=400, seed=2)
    with np.errstate(invalid="ignore"):
        expected = (counts[:, 0] * 0.2 + counts[:, 2] * 0.8) / (counts[:, 0] + counts[:, 2])
    assert np.isnan(expected).any()
    assert means[:, 0] == pytest.approx(expected, nan_ok=True)
    assert means[:, 1] == pytest.approx(counts @ scores_MP[1] / 3)
    low, high = interval(means)
    assert (low[0], high[0]) == pytest.approx((0.2, 0.8))
    assert not np.isnan(low).any()


def test_a_column_without_values_has_no_interval() -> None:
    low, high = interval(np.full((10, 1), np.nan))
    assert np.isnan([low[0], high[0]]).all()


def test_the_interval_leaves_out_a_fortieth_at_each_end() -> None:
    low, high = interval(np.arange(1001.0)[:, None])
    assert (low[0], high[0]) == pytest.approx((25.0, 975.0))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        scores_MP = rng.normal(0.9, 0.05, (1, 60))
        low, high = interval(resampled_means(scores_MP, resamples=400, seed=0))
        covered += bool(low[0] <= 0.9 <= high[0])
    assert 0.89 <= covered / 200 <= 0.99


def test_one_scored_patient_shows_no_spread_and_has_none() -> None:
    scores_MP = np.array([[0.2, np.nan, np.nan], [0.1, 0.2, np.nan]])
    means = resampled_means(scores_MP, resamples=50, seed=1)
    assert np.isnan(means[:, 0]).all()
    assert not np.isnan(means[:, 1]).all()
    assert np.isnan(resampled_means(np.array([[0.7]]), resamples=10, seed=1)).all()


@pytest.mark.parametrize("patients", [1, 3, 40, 1277, 9000])
@pytest.mark.parametrize("size", [1.0, 1e6, 1e-300])
def test_rounded_scores_have_the_same_sum_in_any_order(patients: int, size: float) -> None:
    rng = np.random.default_rng(patients)
    scores_MP = size * rng.normal(0.8, 0.5, (5, patients))
    rounded_MP = round_for_exact_sums(scores_MP)
    assert np.abs(rounded_MP - scores_MP).max() <= 1e-15 * patients * np.abs(scores_MP).max()
    for counts in resample_counts(patients, resamples=20, seed=1):
        for scores_P in rounded_MP:
            exact = [math.fsum(scores_P.repeat(each.astype(int))) for each in counts]  # one rounding at most
            assert (counts @ scores_P).tolist() == exact
            order = rng.permutation(patients)
            assert [sum((each * scores_P)[order]) for each in counts] == exact


def test_equal_scores_whose_sum_is_just_below_a_power_of_two_have_an_exact_sum() -> None:
    """If they were rounded upwards, their sum would need one bit more than a float64 has."""
    patients, score = 2999, 0.6828942980993657
    assert 0 < 2**11 - patients * score < 1e-11
    [[rounded, *_]] = round_for_exact_sums(np.full((1, patients), score))
    assert Fraction(float(rounded)) * patients == Fraction(math.fsum([float(rounded)] * patients))


def test_scores_of_zero_stay_zero() -> None:
    assert not round_for_exact_sums(np.zeros((2, 3))).any()


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    scores_MP = np.random.default_rng(0).random((250, 31))
    found = []
    for workers in (1, 2, 3):
        monkeypatch.setattr(bootstrap, "count_workers", lambda workers=workers: workers)
        resamples = Bootstrap(resamples=300, seed=5)
        found.append((resamples.means(scores_MP), *resamples.intervals(scores_MP)))
    for means_BM, low_M, high_M in found[1:]:
        assert np.array_equal(means_BM, found[0][0])
        assert np.array_equal([low_M, high_M], found[0][1:])
