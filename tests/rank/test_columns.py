"""The other columns of the ranking: metrics, pooled Dice, the worst corruption, and anatomical failures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lvzoo.rank.ranking import rank
from tests.rank.tables import TINY, WARD, conditions, facts, row, simulated, two_models

MODELS = facts("a", "b")


def test_other_metrics_are_averaged_as_dice_is() -> None:
    scores = two_models()
    for metric in ("nsd1", "nsd2", "hd95", "assd"):
        table = rank(scores.assign(**{metric: scores["dice"]}), TINY, models=MODELS, resamples=10).table
        assert table[metric].to_numpy() == pytest.approx(table["clean"].to_numpy())
        assert table[f"{metric}_noisy"].to_numpy() == pytest.approx(table["headline"].to_numpy())
    clean = rank(scores[scores["corruption"] == "clean"], TINY, models=MODELS, resamples=10).table
    assert clean["hd95_noisy"].isna().all()


def test_pooled_dice_weighs_frames_by_their_size() -> None:
    scores = two_models()
    large = scores["patient"] == "q"
    scores.loc[large, ["area_pred", "area_ref"]] = [50, 30]
    a = row(rank(scores, TINY, models=MODELS, resamples=10).table, model="a")
    # twice the overlaps over the sums of areas: .9 and .8 of 20 px, .7 of 80 px
    assert a["dice_pooled"] == pytest.approx((0.9 * 20 + 0.8 * 20 + 0.7 * 80) / 120)
    assert a["dice_pooled"] != pytest.approx(a["clean"])


def test_pooled_dice_of_nothing_is_one() -> None:
    scores = two_models().assign(area_pred=0, area_ref=0, dice=1.0)
    assert rank(scores, TINY, models=MODELS, resamples=10).table["dice_pooled"].tolist() == [1.0, 1.0]


def test_the_worst_corruption_by_hand() -> None:
    a = row(rank(two_models(), TINY, models=MODELS, resamples=10).table, model="a")
    assert a["worst_corruption"] == "shadow"
    assert a["worst"] == pytest.approx((0.5 + 0.4) / 2)
    scores = two_models()
    clean = rank(scores[scores["corruption"] == "clean"], TINY, models=MODELS, resamples=10).table
    assert clean["worst_corruption"].tolist() == ["", ""]
    assert clean["worst"].isna().all()


def test_anatomical_failures_by_hand() -> None:
    scores = two_models()
    of_a = scores.index[scores["model"] == "a"]
    scores.loc[of_a[0], ["area_pred", "components"]] = 0
    scores.loc[of_a[1], "components"] = 3
    scores.loc[of_a[1], "holes"] = 2  # fragmented and holed, but one failure
    scores.loc[of_a[2:4], "apex_below_base"] = True
    table = rank(scores, TINY, models=MODELS, resamples=10).table
    a, b = row(table, model="a"), row(table, model="b")
    names = ["empty", "fragmented", "holed", "apex_below_base", "anatomical_failures"]
    assert [a[name] for name in names] == [1, 1, 1, 2, 4]
    assert a["anatomical_share"] == pytest.approx(4 / 21)
    assert [b[name] for name in names] == [0] * 5


def test_the_spread_over_seeds() -> None:
    scores = two_models()
    better = scores[scores["model"] == "a"].assign(seed=7, dice=scores["dice"] + 0.04)
    table = rank(pd.concat([scores, better]), TINY, models=MODELS, resamples=10).table
    a, b = row(table, model="a"), row(table, model="b")
    assert (a["seeds"], b["seeds"]) == (2, 1)
    assert a["seed_sd"] == pytest.approx(0.04 / np.sqrt(2))
    assert a["headline"] == pytest.approx(0.62)
    assert np.isnan(b["seed_sd"])


def test_mean_rank_counts_patients_not_points() -> None:
    scores = simulated({"a": 0.9}, conditions([1]), patients=4)
    other = scores.assign(model="b", dice=scores["dice"] - 0.01)
    other.loc[other["patient"] == "p000", "dice"] += 0.02
    other.loc[other["patient"] == "p001", "dice"] += 0.01  # as good as a
    table = rank(pd.concat([scores, other]), WARD, models=MODELS, resamples=10).table
    assert row(table, model="a")["mean_rank"] == pytest.approx((2 + 1.5 + 1 + 1) / 4)
    assert row(table, model="b")["mean_rank"] == pytest.approx((1 + 1.5 + 2 + 2) / 4)
