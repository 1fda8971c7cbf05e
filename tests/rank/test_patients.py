"""Scores by patient: the headline is exactly their mean, and a patient without a phase is left out of its mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lvzoo.rank.grid import make_grid
from lvzoo.rank.patients import mean_M, patient_scores
from tests.rank.tables import TINY, WARD, conditions, simulated, two_models


def test_patients_by_hand() -> None:
    patients = patient_scores(make_grid(two_models(), TINY), TINY)
    assert patients.grid.models == ("a", "b")
    assert patients.scopes["overall"][0] == pytest.approx([0.65, 0.55])
    assert patients.scopes["clean"][0] == pytest.approx([0.85, 0.7])
    assert patients.scopes["acoustic"][1] == pytest.approx([0.55, 0.45])
    assert patients.scopes["ES"][0] == pytest.approx([0.65, np.nan], nan_ok=True)
    assert patients.clean_phases["ED"][0] == pytest.approx([0.9, 0.7])


def test_the_headline_is_the_mean_of_the_patients_and_of_the_families() -> None:
    scores = simulated({"a": 0.8, "b": 0.9}, conditions(), patients=9, seeds=2)
    patients = patient_scores(make_grid(scores, WARD), WARD)
    assert patients.grid.models == ("b", "a")
    by_families = np.mean([patients.scopes[family].mean(axis=1) for family in WARD.families], axis=0)
    assert patients.headline_M == pytest.approx(by_families, abs=1e-14)
    noisy = scores[scores["corruption"] != "clean"]
    plain = noisy.groupby(["model", "seed", "corruption", "severity", "patient"])["dice"].mean()
    by_corruption = plain.groupby(["model", "corruption"]).mean()["b"]
    acoustic = (by_corruption["haze"] + by_corruption["shadow"]) / 2
    rest = by_corruption["dropout"] + by_corruption["blur"] + by_corruption["jpeg"]
    assert patients.headline_M[0] == pytest.approx((acoustic + rest) / 4, abs=1e-14)


def test_models_are_numbered_best_first_and_equal_ones_by_name() -> None:
    scores = simulated({"b": 0.9, "d": 0.8}, conditions([1]), patients=4)
    twin = scores[scores["model"] == "b"].assign(model="a")
    last = scores[scores["model"] == "d"].assign(model="c", dice=0.1)
    everyone = pd.concat([last, scores, twin])
    assert patient_scores(make_grid(everyone, WARD), WARD).grid.models == ("a", "b", "d", "c")


def test_a_mean_leaves_out_patients_without_a_value() -> None:
    assert mean_M(np.array([[0.2, np.nan, 0.4], [np.nan, np.nan, np.nan]])) == pytest.approx(
        [0.3, np.nan], nan_ok=True
    )
