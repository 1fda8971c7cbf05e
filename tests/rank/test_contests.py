"""Masks or landmarks: the best model of each kind is compared in every scope, within its track."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lvzoo.rank.contests import name_winner
from lvzoo.rank.ranking import rank
from lvzoo.rank.significance import verdict
from tests.rank.tables import TINY, WARD, conditions, facts, row, simulated, two_models


def test_a_contest_by_hand() -> None:
    contests = rank(two_models(), TINY, models=facts("a", landmarks=["b"]), resamples=200).contests
    assert contests["scope"].tolist() == ["overall", "clean", "ED", "ES", "acoustic", "digital"]
    assert contests["track"].unique().tolist() == ["standard"]
    overall = row(contests, scope="overall")
    assert (overall["mask"], overall["landmark"]) == ("a", "b")
    assert (overall["mask_dice"], overall["landmark_dice"]) == pytest.approx((0.6, 0.55))
    assert (overall["difference"], overall["difference_low"]) == pytest.approx((0.05, 0.05))
    assert overall["p"] == 0.5
    assert row(contests, scope="clean")["mask_dice"] == pytest.approx(0.775)
    assert row(contests, scope="ED")["mask_dice"] == pytest.approx(0.6)
    end_systole = row(contests, scope="ES")  # only patient p has an ES frame
    assert end_systole["mask_dice"] == pytest.approx(0.65)
    assert end_systole["p"] == 1.0
    assert np.isnan([end_systole["difference_low"], end_systole["difference_high"]]).all()
    assert contests["p_holm"].tolist() == [0.5] + [1.0] * 5, (
        "overall is the only pair; the other scopes are adjusted"
    )
    assert contests["winner"].tolist() == ["neither"] * 6


def test_the_difference_is_always_mask_minus_landmark() -> None:
    contests = rank(two_models(), TINY, models=facts("b", landmarks=["a"]), resamples=50).contests
    assert row(contests, scope="overall")["difference"] == pytest.approx(-0.05)


def test_the_best_of_each_kind_meet() -> None:
    levels = {"m1": 0.7, "m2": 0.9, "l1": 0.85, "l2": 0.8}
    models = facts("m1", "m2", landmarks=["l1", "l2"])
    scores = simulated(levels, conditions(), patients=40, seeds=2)
    contests = rank(scores, WARD, models=models, resamples=200).contests
    assert set(contests["mask"]) == {"m2"}
    assert set(contests["landmark"]) == {"l1"}
    assert contests["winner"].unique().tolist() == ["mask"]
    assert contests["difference"].to_numpy() == pytest.approx(np.full(len(contests), 0.05), abs=0.02)


def test_equal_kinds_have_no_winner() -> None:
    for draw in range(10):
        scores = simulated({"m": 0.9, "l": 0.9}, conditions([2, 3]), patients=60, draw=draw)
        contests = rank(scores, WARD, models=facts("m", landmarks=["l"]), resamples=100).contests
        assert contests["winner"].unique().tolist() == ["neither"]


def test_each_track_has_its_own_contest() -> None:
    levels = {"m": 0.9, "l": 0.8, "m+noise": 0.85, "l+noise": 0.95}
    scores = simulated(levels, conditions(), patients=40, seeds=2)
    models = facts("m", landmarks=["l"]) | facts("m+noise", landmarks=["l+noise"], augmented=True)
    contests = rank(scores, WARD, models=models, resamples=200).contests
    won = contests[contests["scope"] == "overall"].set_index("track")["winner"]
    assert won.to_dict() == {"standard": "mask", "augmented": "landmark", "augmented - standard": "landmark"}
    augmented = contests[contests["track"] == "augmented"]
    assert set(augmented["mask"]) == {"m+noise"}


def test_what_training_on_noise_changes_is_the_difference_of_the_tracks() -> None:
    scores = simulated({"m": 0.9, "l": 0.8, "m+noise": 0.85, "l+noise": 0.95}, conditions([2]), patients=40)
    models = facts("m", landmarks=["l"]) | facts("m+noise", landmarks=["l+noise"], augmented=True)
    ranking = rank(scores, WARD, models=models, resamples=200)
    standard, augmented, change = (
        row(ranking.contests, track=track, scope="overall")
        for track in ("standard", "augmented", "augmented - standard")
    )
    headline = ranking.table.set_index("model")["headline"]
    assert (change["mask"], change["landmark"]) == ("m+noise - m", "l+noise - l")
    assert change["mask_dice"] == pytest.approx(headline["m+noise"] - headline["m"])
    assert change["landmark_dice"] == pytest.approx(headline["l+noise"] - headline["l"])
    assert change["difference"] == pytest.approx(augmented["difference"] - standard["difference"])
    assert change["difference_low"] < change["difference"] < change["difference_high"] < -0.1
    assert change["p_holm"] == change["p"] < 0.001
    assert ranking.contests["track"].iloc[-1] == "augmented - standard"


def test_the_change_is_paired_by_patient() -> None:
    """Training on noise adds the same to both kinds on every patient, so the change is 0 with an interval of 0."""
    scores = simulated({"m": 0.85, "l": 0.8}, conditions([2]), patients=30)
    gained = scores.assign(model=scores["model"] + "+noise", dice=scores["dice"] + 0.03)
    models = facts("m", landmarks=["l"]) | facts("m+noise", landmarks=["l+noise"], augmented=True)
    contests = rank(pd.concat([scores, gained]), WARD, models=models, resamples=100).contests
    change = row(contests, track="augmented - standard")
    assert (change["difference_low"], change["difference_high"]) == pytest.approx((0, 0), abs=1e-12)
    assert (change["p"], change["winner"]) == (1, "neither")


def test_a_track_without_one_kind_has_no_contest() -> None:
    scores = simulated({"m": 0.9, "l": 0.8, "m+noise": 0.85}, conditions([1]), patients=10)
    models = facts("m", landmarks=["l"]) | facts("m+noise", augmented=True)
    assert rank(scores, WARD, models=models, resamples=20).contests["track"].unique().tolist() == ["standard"]


def test_without_noise_overall_is_clean() -> None:
    scores = two_models()
    clean = scores[scores["corruption"] == "clean"]
    contests = rank(clean, TINY, models=facts("a", landmarks=["b"]), resamples=20).contests
    assert contests["scope"].tolist() == ["overall", "ED", "ES"]


def test_a_phase_without_frames_is_not_a_scope() -> None:
    scores = two_models()
    models = facts("a", landmarks=["b"])
    ranking = rank(scores[scores["phase"] == "ED"], TINY, models=models, resamples=20)
    assert "ES" not in ranking.contests["scope"].to_list()
    assert ranking.table["dice_es"].isna().all()


def test_scopes_are_adjusted_for_together() -> None:
    scores = simulated({"m": 0.9, "l": 0.9}, conditions([2]), patients=40)
    result = rank(scores, WARD, models=facts("m", landmarks=["l"]), resamples=20)
    looks = result.contests[result.contests["scope"] != "overall"]
    assert looks["p_holm"].min() == pytest.approx(min(1, len(looks) * looks["p"].min()))


def test_overall_is_adjusted_for_all_pairs_since_the_two_were_chosen_among_them() -> None:
    levels = {"m1": 0.9, "m2": 0.899, "l": 0.9}
    scores = simulated(levels, conditions([2]), patients=40)
    result = rank(scores, WARD, models=facts("m1", "m2", landmarks=["l"]), resamples=20)
    overall = row(result.contests, scope="overall")
    met = {overall["mask"], overall["landmark"]}
    (pair,) = (pair for _, pair in result.pairs.iterrows() if {pair["better"], pair["worse"]} == met)
    assert overall["p_holm"] == pair["p_holm"] >= overall["p"]


def test_a_small_lead_wins_nothing() -> None:
    scores = simulated({"m": 0.9}, conditions([1, 2]), patients=80)
    close = pd.concat([scores, scores.assign(model="l", dice=scores["dice"] - 0.003)])
    contests = rank(close, WARD, models=facts("m", landmarks=["l"]), resamples=50).contests
    assert contests["p_holm"].max() < 1e-6
    assert set(contests["winner"]) == {"neither"}


def test_a_winner_needs_significance_and_the_margin() -> None:
    for p_holm, low, high, who in (
        (0.01, 0.006, 0.02, "mask"),
        (0.01, -0.02, -0.006, "landmark"),
        (0.2, 0.006, 0.02, "neither"),
        (0.01, -0.01, 0.02, "neither"),
    ):
        assert name_winner(verdict(p_holm, low, high), (low + high) / 2) == who


def test_one_training_each_has_no_winner() -> None:
    """Not in a track, and not between the tracks, however large the lead."""
    levels = {"m": 0.9, "l": 0.8, "m+noise": 0.85, "l+noise": 0.95}
    models = facts("m", landmarks=["l"]) | facts("m+noise", landmarks=["l+noise"], augmented=True)
    for once, said in ((set(levels), "once"), ({"l", "m+noise"}, "once"), (set(), "clear")):
        several = simulated(levels, conditions([3]), patients=40, seeds=2)
        scores = several[~(several["model"].isin(once) & (several["seed"] > 0))]
        result = rank(scores, WARD, models=models, resamples=100)
        overall = result.contests[result.contests["scope"] == "overall"]
        assert set(overall["verdict"]) == {said}
        assert (set(overall["winner"]) == {"neither"}) == (said == "once")
    assert set(result.pairs["verdict"]) == {"clear"}


def test_a_lead_of_lucky_trainings_wins_nothing() -> None:
    """One seed of the mask model is worse; over patients, without the seeds, its mean lead looks clear."""
    lucky = [
        simulated({"m": level}, conditions([1]), patients=60, draw=seed).assign(seed=seed)
        for seed, level in enumerate((0.80, 0.92, 0.93))
    ]
    even = simulated({"l": 0.86}, conditions([1]), patients=60, seeds=3, draw=9)
    result = rank(pd.concat([*lucky, even]), WARD, models=facts("m", landmarks=["l"]), resamples=200)
    overall = row(result.contests, scope="overall")
    assert overall["difference_low"] > 0.005
    assert overall["p_holm"] < 0.05
    assert (overall["verdict"], overall["winner"]) == ("unsteady", "neither")
    assert result.pairs["verdict"].tolist() == ["unsteady"]
