"""The cost of a severity, worked out by hand, and its verdict."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from lvzoo.errors import DataError, UsageError
from lvzoo.noise.calibration import calibrate, judge_cost
from lvzoo.noise.suite import NoiseV1
from lvzoo.types import Scores


def scores(dice: dict[tuple[str, int], tuple[float, float, float]], model: str = "a") -> Scores:
    """Return scores of two frames of patient p and one of patient q."""
    return pd.DataFrame(
        [
            (model, 0, patient, corruption, severity, value)
            for (corruption, severity), values in dice.items()
            for patient, value in zip("ppq", values, strict=True)
        ],
        columns=["model", "seed", "patient", "corruption", "severity", "dice"],
    )


CLEAN = {("clean", 0): (0.9, 1.0, 0.85)}  # patient p .95, q .85: .9


def test_the_cost_is_the_loss_of_the_mean_over_patients_in_points() -> None:
    costs = calibrate(scores({**CLEAN, ("blur", 3): (0.9, 0.8, 0.85)}), NoiseV1())
    assert costs.model == "a"
    assert costs.clean == pytest.approx(0.9)
    (row,) = costs.table.itertuples()
    assert (row.family, row.corruption, row.severity) == ("resolution", "blur", 3)
    assert row.dice == pytest.approx(0.85)
    assert row.cost == pytest.approx(5.0)
    assert (row.least, row.most, row.verdict) == (3.0, 7.0, "within")


def test_rows_come_in_the_suites_order_with_a_verdict_where_there_is_a_target() -> None:
    noisy = {
        ("jpeg", 5): (0.9, 1.0, 0.8),
        ("haze", 1): (0.8, 0.8, 0.8),
        ("haze", 2): (0.8, 0.8, 0.8),
    }
    table = calibrate(scores({**noisy, **CLEAN}), NoiseV1()).table
    assert table[["corruption", "severity", "verdict"]].to_numpy().tolist() == [
        ["haze", 1, "too strong"],
        ["haze", 2, ""],
        ["jpeg", 5, "too mild"],
    ]
    assert math.isnan(table["least"][1])


@pytest.mark.parametrize(
    ("cost", "severity", "expected"),
    [
        (-0.5, 1, "within"),  # a little noise may help by chance
        (2.04, 1, "within"),
        (2.06, 1, "too strong"),
        (2.9, 3, "too mild"),
        (7.0, 3, "within"),
        (14.9, 5, "too mild"),
        (40.1, 5, "too strong"),
        (99.0, 4, ""),
    ],
)
def test_a_verdict_is_given_to_a_tenth_of_a_point(cost: float, severity: int, expected: str) -> None:
    assert judge_cost(cost, severity) == expected


def test_a_model_must_be_named_if_there_are_several() -> None:
    both = pd.concat([scores({**CLEAN, ("blur", 1): (0.9, 0.9, 0.9)}, name) for name in ("a", "b")])
    with pytest.raises(UsageError, match=r"several models.*a, b"):
        calibrate(both, NoiseV1())
    with pytest.raises(UsageError, match=r"'c'.*a, b"):
        calibrate(both, NoiseV1(), model="c")
    chosen = calibrate(both, NoiseV1(), model="b")
    assert (chosen.model, len(chosen.table)) == ("b", 1)


def test_missing_scores_are_named() -> None:
    with pytest.raises(DataError, match="no trial has finished"):
        calibrate(pd.DataFrame({"model": []}), NoiseV1())
    with pytest.raises(DataError, match="no scores on clean frames"):
        calibrate(scores({("blur", 1): (0.9, 0.9, 0.9)}), NoiseV1())
    with pytest.raises(DataError, match="no scores under noise-v1"):
        calibrate(scores(CLEAN), NoiseV1())
