"""Which model is advised under a mixture of conditions, and what is expected of it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from lvzoo.errors import DataError
from lvzoo.rank.advice import Advice, advise, spread_over
from lvzoo.rank.grid import make_grid
from lvzoo.rank.patients import PatientScores, patient_scores
from lvzoo.types import CLEAN, Condition
from tests.rank.tables import PLAIN, TINY

HAZE, JPEG = (Condition(corruption=name, severity=2) for name in ("haze", "jpeg"))
DICE = {
    ("steady", "clean"): 0.90,
    ("steady", "haze"): 0.85,
    ("steady", "jpeg"): 0.85,
    ("sharp", "clean"): 0.95,
    ("sharp", "haze"): 0.90,
    ("sharp", "jpeg"): 0.40,
}
"""`steady` is the best on average over haze and jpeg; `sharp` is better under haze."""


def _scores(*, noise: float = 0.01, patients: int = 20) -> PatientScores:
    rng = np.random.default_rng(0)
    rows = [
        {
            **PLAIN,
            "model": model,
            "seed": 0,
            "patient": f"p{patient:02d}",
            "video": f"p{patient:02d}",
            "frame": 0,
            "phase": "ED",
            "corruption": condition.corruption,
            "severity": condition.severity,
            "dice": min(1.0, DICE[model, condition.corruption] + noise * rng.normal()),
        }
        for model, patient, condition in product(("steady", "sharp"), range(patients), (CLEAN, HAZE, JPEG))
    ]
    return patient_scores(make_grid(pd.DataFrame(rows), TINY), TINY)


def _advise(scores: PatientScores, probabilities: dict[Condition, float]) -> Advice:
    return advise(scores, spread_over(probabilities, scores.grid.conditions)[0], resamples=300)


def test_another_model_is_advised_where_it_clearly_leads() -> None:
    advice = _advise(_scores(), {HAZE: 1.0})
    assert (advice.use, advice.best_on_average, advice.lead) == ("sharp", "steady", "clear")
    assert advice.gain == pytest.approx(0.05, abs=0.01)
    assert advice.gain_low < advice.gain < advice.gain_high
    use = advice.of("sharp")
    assert use.dice == pytest.approx(0.90, abs=0.01)
    assert use.clips_low < use.low < use.dice < use.high < use.clips_high
    assert advice.runner_up is not None
    assert advice.runner_up.model == "steady"
    assert advice.left_to_gain == pytest.approx(0.0, abs=1e-9)


def test_the_probabilities_weigh_the_conditions() -> None:
    advice = _advise(_scores(), {HAZE: 0.7, JPEG: 0.3})
    assert advice.use == "steady"
    assert advice.of("sharp").dice == pytest.approx(0.7 * 0.90 + 0.3 * 0.40, abs=0.01)
    # whoever knew that the noise is haze would take `sharp`
    assert advice.left_to_gain == pytest.approx(0.7 * 0.05, abs=0.01)
    sharp = advice.of("sharp")
    assert sharp.clips_low == pytest.approx(0.40, abs=0.03)
    assert sharp.clips_high == pytest.approx(0.91, abs=0.03)


def test_a_lead_that_may_be_chance_changes_nothing() -> None:
    advice = _advise(_scores(noise=0.2, patients=6), {HAZE: 1.0})
    assert advice.use == advice.best_on_average
    assert advice.lead in {"none", "chance"}


def test_the_best_on_average_has_no_gain() -> None:
    advice = _advise(_scores(), {JPEG: 1.0})
    assert (advice.use, advice.gain, advice.gain_low, advice.gain_high) == ("steady", 0.0, 0.0, 0.0)


def test_one_patient_has_no_interval_and_changes_nothing() -> None:
    advice = _advise(_scores(patients=1), {HAZE: 1.0})
    assert advice.use == "steady"
    assert np.isnan(advice.gain_low)


def test_severities_that_were_not_run_are_interpolated() -> None:
    run = (CLEAN, Condition(corruption="haze", severity=2), Condition(corruption="haze", severity=4))
    wanted = {Condition(corruption="haze", severity=each): 0.25 for each in (1, 3, 4, 5)}
    weights_C, covered = spread_over(wanted, run)
    # 1: half clean, half 2; 3: half 2, half 4; 4 and 5: all 4
    assert weights_C.tolist() == pytest.approx([0.125, 0.25, 0.625])
    assert covered == pytest.approx(1.0)


def test_a_corruption_that_was_not_run_is_not_covered() -> None:
    weights_C, covered = spread_over({CLEAN: 0.1, HAZE: 0.3, JPEG: 0.6}, (CLEAN, HAZE))
    assert covered == pytest.approx(0.4)
    assert weights_C.tolist() == pytest.approx([0.25, 0.75])
    nothing_C, none = spread_over({JPEG: 1.0}, (CLEAN, HAZE))
    assert (nothing_C.tolist(), none) == ([0.0, 0.0], 0.0)


def test_weights_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(DataError, match="2 weights do not fit 3 conditions"):
        advise(_scores(), np.array([0.5, 0.5]))
