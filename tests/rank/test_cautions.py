"""The warnings: each where it is due, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lvzoo.rank.ranking import rank
from tests.rank.tables import WARD, conditions, facts, simulated

if TYPE_CHECKING:
    from lvzoo.results import ModelFacts
    from lvzoo.types import Scores


def warnings(scores: Scores, models: dict[str, ModelFacts] | None = None) -> tuple[str, ...]:
    models = models or facts(*map(str, scores["model"].unique()))
    return rank(scores, WARD, models=models, resamples=20).warnings


def test_a_full_ranking_of_many_patients_and_seeds_has_none() -> None:
    assert warnings(simulated({"a": 0.9, "b": 0.8}, conditions(), patients=50, seeds=2)) == ()


def test_one_seed() -> None:
    said = warnings(simulated({"a": 0.9, "b": 0.8}, conditions(), patients=50))
    assert said == ("one training seed: seed variance unknown",)


def test_unequal_numbers_of_seeds() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions(), patients=50, seeds=3)
    (said,) = warnings(scores[(scores["model"] == "a") | (scores["seed"] == 1)])
    assert said.startswith("unequal numbers of training seeds (a 3, b 1)")


def test_a_part_of_the_suite() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions([1, 3]), patients=50, seeds=2)
    (said,) = warnings(scores[scores["corruption"] != "blur"])
    assert said.startswith("part of ward only (haze, shadow, dropout, jpeg at severity 1, 3): not comparable")


def test_no_noise_at_all() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions([]), patients=100, seeds=2)
    (said,) = warnings(scores)
    assert said.startswith("clean frames only")


def test_few_patients_are_told_with_what_they_cannot_show() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions([1]), patients=4, seeds=2)
    ranking = rank(scores, WARD, models=facts("a", "b"), resamples=20)
    mdd = ranking.pairs["mdd"][0]
    assert mdd > 0.01
    assert (
        f"few patients: with 4 patients, differences below {mdd:.3f} are not to be seen" in ranking.warnings
    )


def test_one_patient() -> None:
    assert "one patient: nothing can be said of others" in warnings(
        simulated({"a": 0.9, "b": 0.8}, conditions(), patients=1)
    )


def test_another_order_by_mean_rank_is_named() -> None:
    """Model b is a little better on all patients but one, on which it finds nothing."""
    scores = simulated({"a": 0.9}, conditions(), patients=10, seeds=2)
    other = scores.assign(model="b", dice=scores["dice"] + 0.01)
    other.loc[other["patient"] == "p003", "dice"] = 0.0
    said = [each for each in warnings(pd.concat([scores, other])) if "mean of ranks" in each]
    assert len(said) == 1
    assert "puts b before a: the order by mDice(ward)" in said[0]


def test_equal_mean_ranks_are_no_other_order() -> None:
    scores = simulated({"a": 0.9}, conditions(), patients=2, seeds=2)
    other = scores.assign(model="b", dice=scores["dice"] - 0.02)
    other.loc[other["patient"] == "p001", "dice"] += 0.03
    assert not [each for each in warnings(pd.concat([scores, other])) if "mean of ranks" in each]


def test_a_contestant_with_its_own_recipe_is_named() -> None:
    scores = simulated({"m": 0.9, "l": 0.8}, conditions(), patients=50, seeds=2)
    models = facts("m") | facts(landmarks=["l"], own_recipe=True)
    (said,) = warnings(scores, models)
    assert said.startswith("masks or landmarks, standard track: l was trained by a recipe of its own")
