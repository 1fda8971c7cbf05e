"""The warnings: each where it is due, and only there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from lvzoo.rank.ranking import rank
from tests.rank.tables import WARD, conditions, facts, simulated

if TYPE_CHECKING:
    from lvzoo.types import Scores
    from lvzoo.types.results import Caution, ModelFacts


def warnings(scores: Scores, models: dict[str, ModelFacts] | None = None) -> tuple[Caution, ...]:
    models = models or facts(*map(str, scores["model"].unique()))
    return rank(scores, WARD, models=models, resamples=20).warnings


def test_a_full_ranking_of_many_patients_and_seeds_has_none() -> None:
    assert warnings(simulated({"a": 0.9, "b": 0.8}, conditions(), patients=50, seeds=2)) == ()


def test_one_seed() -> None:
    said = warnings(simulated({"a": 0.9, "b": 0.8}, conditions(), patients=50))
    assert [(each.kind, each.text) for each in said] == [
        ("one seed", "one training seed: seed variance unknown")
    ]


def test_models_of_one_epoch_rank_nothing() -> None:
    models = facts("a", "b")
    models["b"] = dataclasses.replace(models["b"], epochs=1)
    (said,) = warnings(simulated({"a": 0.9, "b": 0.8}, conditions(), patients=50, seeds=2), models)
    assert said.kind == "one epoch"
    assert said.text.endswith("as in a smoke test: b; so this ranking means nothing")
    models["b"] = dataclasses.replace(models["b"], epochs=2)
    assert warnings(simulated({"a": 0.9, "b": 0.8}, conditions(), patients=50, seeds=2), models) == ()


def test_unequal_numbers_of_seeds() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions(), patients=50, seeds=3)
    (said,) = warnings(scores[(scores["model"] == "a") | (scores["seed"] == 1)])
    assert said.kind == "unequal seeds"
    assert said.text.startswith("unequal numbers of training seeds (a 3, b 1)")
    assert said.text.endswith("seed variance unknown for b")
    (said,) = warnings(scores[(scores["model"] == "a") | (scores["seed"] > 0)])
    assert "unknown" not in said.text


def test_every_model_that_was_trained_once_is_named() -> None:
    scores = simulated({"a": 0.9, "b": 0.8, "c": 0.7}, conditions(), patients=50, seeds=2)
    (said,) = warnings(scores[(scores["model"] == "a") | (scores["seed"] == 1)])
    assert said.text.endswith("seed variance unknown for b, c")


def test_a_part_of_the_suite() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions([1, 3]), patients=50, seeds=2)
    (said,) = warnings(scores[scores["corruption"] != "blur"])
    assert said.kind == "part"
    assert said.text.startswith(
        "part of ward only (haze, shadow, dropout, jpeg at severity 1, 3): not comparable"
    )


def test_no_noise_at_all() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions([]), patients=100, seeds=2)
    (said,) = warnings(scores)
    assert said.kind == "clean only"
    assert said.text.startswith("clean frames only")


def test_few_patients_are_told_with_what_they_cannot_show() -> None:
    scores = simulated({"a": 0.9, "b": 0.8}, conditions([1]), patients=6, draw=2)
    ranking = rank(scores, WARD, models=facts("a", "b"), resamples=20)
    mdd = ranking.pairs["mdd"][0]
    assert mdd > 0.01
    (said,) = (each.text for each in ranking.warnings if each.kind == "few patients")
    assert said.startswith(f"few patients: with 6 patients, differences below {mdd:.3f} ")


@pytest.mark.parametrize(
    ("models", "patients", "can"), [(2, 5, False), (2, 6, True), (4, 7, False), (4, 8, True)]
)
def test_too_few_patients_for_any_difference_are_told(models: int, patients: int, *, can: bool) -> None:
    names = "abcd"[:models]
    dice = {name: 0.9 - 0.2 * number for number, name in enumerate(names)}
    ranking = rank(
        simulated(dice, conditions([1]), patients=patients, seeds=2), WARD, models=facts(*names), resamples=20
    )
    said = [each.text for each in ranking.warnings if each.kind == "few patients"]
    told = f"few patients: with {patients} patients, the tests cannot tell {models} models apart"
    assert any(each.startswith(told) for each in said) != can
    assert bool((ranking.pairs["p_holm"] < 0.05).any()) == can


def test_one_patient() -> None:
    said = warnings(simulated({"a": 0.9, "b": 0.8}, conditions(), patients=1))
    assert "one patient" in [each.kind for each in said]
    assert "one patient: this says nothing about other patients" in [each.text for each in said]


def a_little_better_but_for(failed: int, *, patients: int) -> Scores:
    """Return scores of a, and of b, which is a little better on all patients but some, on which it finds nothing."""
    scores = simulated({"a": 0.9}, conditions(), patients=patients, seeds=2)
    other = scores.assign(model="b", dice=scores["dice"] + 0.01)
    other.loc[other["patient"] < f"p{failed:03d}", "dice"] = 0.0
    return pd.concat([scores, other])


def test_another_order_by_mean_rank_is_named() -> None:
    said = [each for each in warnings(a_little_better_but_for(2, patients=40)) if each.kind == "mean rank"]
    assert len(said) == 1
    assert "puts b before a: the order by mDice(ward) may rest on large differences" in said[0].text


def test_an_order_that_chance_may_turn_needs_no_warning() -> None:
    ranking = rank(a_little_better_but_for(1, patients=10), WARD, models=facts("a", "b"), resamples=20)
    assert ranking.table["mean_rank"].is_monotonic_decreasing, "the ranks on each patient say otherwise"
    assert ranking.pairs["p_holm"][0] > 0.05
    assert "mean rank" not in [each.kind for each in ranking.warnings]


def test_equal_mean_ranks_are_no_other_order() -> None:
    scores = simulated({"a": 0.9}, conditions(), patients=2, seeds=2)
    other = scores.assign(model="b", dice=scores["dice"] - 0.02)
    other.loc[other["patient"] == "p001", "dice"] += 0.03
    assert not [each for each in warnings(pd.concat([scores, other])) if each.kind == "mean rank"]


def test_a_contestant_with_its_own_recipe_is_named() -> None:
    scores = simulated({"m": 0.9, "l": 0.8}, conditions(), patients=50, seeds=2)
    models = facts("m") | facts(landmarks=["l"], own_recipe=True)
    (said,) = warnings(scores, models)
    assert said.kind == "own recipe"
    assert said.text.startswith("masks or landmarks, standard track: l was trained with a recipe of its own")
