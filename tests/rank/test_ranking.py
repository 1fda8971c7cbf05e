"""The ranking: computed by hand on a small table, with correct uncertainty, and never over unequal frames."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from lvzoo.errors import UsageError
from lvzoo.rank.ranking import rank as rank_all
from lvzoo.types.results import Ranking
from tests.rank.tables import PLAIN, TINY, WARD, conditions, facts, row, simulated, two_models

if TYPE_CHECKING:
    from lvzoo.interfaces import NoiseSuite
    from lvzoo.types import Scores


def rank(scores: Scores, suite: NoiseSuite, *, seed: int = 0, resamples: int = 50) -> Ranking:
    """Rank models that are all mask models with the same recipe."""
    models = facts(*map(str, scores["model"].unique())) if "model" in scores else {}
    return rank_all(scores, suite, models=models, seed=seed, resamples=resamples)


# --- by hand --------------------------------------------------------------------------------------------------


def test_a_small_table_by_hand() -> None:
    ranking = rank(two_models(), TINY, resamples=200)
    a = row(ranking.table, model="a")
    assert ranking.table["model"].tolist() == ["a", "b"]
    assert ranking.table["rank"].tolist() == [1, 2]
    # patient p: haze .7, shadow .5 -> acoustic .6; jpeg .7 -> digital .7; mean .65. patient q: .1 less
    assert a["family_acoustic"] == pytest.approx((0.6 + 0.5) / 2)
    assert a["family_digital"] == pytest.approx((0.7 + 0.6) / 2)
    assert a["headline"] == pytest.approx((0.65 + 0.55) / 2)
    assert a["clean"] == pytest.approx((0.85 + 0.7) / 2)  # frames within patients first: not .8
    assert a["retention"] == pytest.approx(0.6 / 0.775)
    assert a["dice_ed"] == pytest.approx((0.9 + 0.7) / 2)
    assert a["dice_es"] == pytest.approx(0.8)
    # below .5: shadow 2 on all three frames, and q under jpeg 2 (.4); .5 itself is no failure
    assert (a["failures"], a["failure_share"]) == (4, pytest.approx(4 / 21))
    b = row(ranking.table, model="b")
    assert b["difference"] == pytest.approx(-0.05)
    assert (b["difference_low"], b["difference_high"]) == pytest.approx((-0.05, -0.05))
    assert (a["difference"], a["difference_low"], a["difference_high"]) == (0, 0, 0)


def test_the_record_holds_what_the_numbers_were_computed_from() -> None:
    ranking = rank(two_models(), TINY, resamples=200)
    assert (ranking.suite, ranking.headline) == ("noise-v9", "mDice-N9")
    assert (ranking.patients, ranking.frames, ranking.resamples) == (2, 3, 200)
    assert ranking.bootstrap_seed == 0
    assert rank(two_models(), TINY, seed=7).bootstrap_seed == 7
    assert ranking.families == TINY.families
    assert (ranking.severities, ranking.partial) == ((1, 2), False)


def test_the_order_of_rows_changes_nothing() -> None:
    scores = two_models()
    shuffled = scores.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(
        rank(shuffled, TINY, resamples=50).table, rank(scores, TINY, resamples=50).table
    )


def test_equal_headlines_share_a_rank() -> None:
    scores = two_models()
    twin = scores[scores["model"] == "a"].assign(model="c")
    table = rank(pd.concat([scores, twin]), TINY, resamples=50).table
    assert list(zip(table["rank"], table["model"], strict=True)) == [(1, "a"), (1, "c"), (3, "b")]


def test_seeds_are_averaged_first() -> None:
    scores = simulated({"a": 0.9, "b": 0.85}, conditions(), patients=8, seeds=3)
    identity = ["model", "patient", "video", "frame", "phase", "corruption", "severity"]
    averaged = scores.groupby(identity, as_index=False)["dice"].mean()
    averaged = averaged.assign(seed=0, **PLAIN)
    of_three, of_one = (rank(each, WARD, resamples=100).table for each in (scores, averaged))
    for column in ("headline", "headline_low", "headline_high", "clean", "dice_es", "difference_low"):
        assert of_three[column].to_numpy() == pytest.approx(of_one[column].to_numpy(), abs=1e-12)
    assert of_three["seeds"].tolist() == [3, 3]
    assert of_one["seeds"].tolist() == [1, 1]


# --- uncertainty -------------------------------------------------------------------------------------------------


def test_intervals_hold_the_value_and_shrink_with_more_patients() -> None:
    widths = []
    for patients in (20, 320):
        scores = simulated({"a": 0.8}, conditions([3]), patients=patients)
        best = row(rank(scores, WARD, resamples=500).table, model="a")
        for name in ("headline", "clean"):
            assert best[f"{name}_low"] < best[name] < best[f"{name}_high"]
        widths.append(best["headline_high"] - best["headline_low"])
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.4)


def test_differences_are_paired() -> None:
    """Patients differ by far more than models do; only a paired interval can tell the models apart."""
    scores = simulated({"a": 0.9, "b": 0.89}, conditions(), patients=60)
    table = rank(scores, WARD, resamples=500).table
    a, b = row(table, model="a"), row(table, model="b")
    assert b["headline_high"] > a["headline_low"]  # their own intervals overlap
    assert b["difference_low"] < b["difference"] < b["difference_high"] < 0


def test_the_seed_of_the_bootstrap_is_an_argument() -> None:
    scores = simulated({"a": 0.9}, conditions([1]), patients=20)
    lows = [rank(scores, WARD, seed=seed, resamples=200).table["headline_low"][0] for seed in (0, 0, 1)]
    assert lows[0] == lows[1] != lows[2]


def test_one_patient_gives_no_intervals() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions([1]), patients=1)
    ranking = rank(scores, WARD)
    assert ranking.table["rank"].tolist() == [1, 2]
    ends = [name for name in map(str, ranking.table) if name.endswith(("_low", "_high"))]
    assert len(ends) == 8
    assert ranking.table[[*ends, "p_first"]].isna().all(axis=None)
    assert ranking.pairs[["difference_low", "difference_high", "outperforms", "mdd"]].isna().all(axis=None)
    assert ranking.pairs["verdict"].tolist() == ["open"]
    assert ranking.response[["dice_low", "dice_high"]].isna().all(axis=None)
    assert ranking.response["dice"].notna().all()
    assert np.isnan(ranking.kendall_tau)


# --- part of the suite, or no noise at all --------------------------------------------------------------------


def test_part_of_a_suite_is_ranked_by_its_families_and_marked_partial() -> None:
    scores = two_models()
    part = scores[scores["corruption"].isin(["clean", "haze"]) & (scores["severity"] < 2)]
    ranking = rank(part, TINY, resamples=50)
    assert ranking.partial
    assert ranking.families == {"acoustic": ("haze",)}
    assert ranking.severities == (1,)
    assert row(ranking.table, model="a")["headline"] == pytest.approx((0.8 + 0.7) / 2)
    assert "family_digital" not in ranking.table


def test_a_suite_that_lacks_one_condition_is_run_in_part() -> None:
    scores = two_models()
    assert not rank(scores, TINY).partial
    assert rank(scores[(scores["corruption"] != "jpeg") | (scores["severity"] != 2)], TINY).partial


def test_without_noise_models_are_ranked_by_clean_dice() -> None:
    scores = two_models()
    ranking = rank(scores[scores["corruption"] == "clean"], TINY, resamples=50)
    assert ranking.headline == "clean Dice"
    assert ranking.families == {}
    assert (
        row(ranking.table, model="a")["headline"]
        == row(ranking.table, model="a")["clean"]
        == pytest.approx(0.775)
    )


def test_a_model_that_finds_nothing_is_ranked_last_and_retains_nothing() -> None:
    scores = two_models()
    scores.loc[scores["model"] == "b", "dice"] = 0.0
    b = row(rank(scores, TINY, resamples=50).table, model="b")
    assert (b["rank"], b["headline"], b["failure_share"]) == (2, 0.0, 1.0)
    assert np.isnan(b["retention"])


# --- facts about the models ------------------------------------------------------------------------------


def test_facts_are_in_the_table_and_those_of_other_models_are_left_out() -> None:
    models = facts("a", own_recipe=True) | facts(landmarks=["b"], augmented=True) | facts("c")
    ranking = rank_all(two_models(), TINY, models=models, resamples=10)
    assert ranking.table["kind"].tolist() == ["mask", "landmark"]
    assert ranking.table["own_recipe"].tolist() == [True, False]
    assert ranking.table["augmented"].tolist() == [False, True]
    assert list(ranking.models) == ["a", "b"]


def test_a_model_without_facts_is_named() -> None:
    with pytest.raises(UsageError, match=r"no facts .*b, which .*scores; give a ModelFacts"):
        rank_all(two_models(), TINY, models=facts("a"))


def test_no_resamples_make_no_interval() -> None:
    with pytest.raises(UsageError, match="resamples is 0, "):
        rank(two_models(), TINY, resamples=0)


def test_every_column_is_described_in_the_docstring() -> None:
    table = rank(two_models(), TINY, resamples=10).table
    contract = Ranking.__doc__ or ""
    described = contract[contract.index("`table`") : contract.index("`pairs`")]
    columns = [column for column in map(str, table) if not column.startswith("family_")]
    assert [column for column in columns if not re.search(rf"\b{column}\b", described)] == []
    assert table.columns[-2:].tolist() == ["family_acoustic", "family_digital"]


def test_ranks_over_resamples_stand_beside_the_rank() -> None:
    table = rank(
        simulated({"a": 0.9, "b": 0.899, "c": 0.7}, conditions([3]), patients=20), WARD, resamples=300
    ).table
    assert (table["rank_low"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_high"]).all()
    assert table["p_first"].sum() == pytest.approx(1)
    last = row(table, model="c")
    assert (last["rank_low"], last["rank_high"], last["p_first"]) == (3, 3, 0)
