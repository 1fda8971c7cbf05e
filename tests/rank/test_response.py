"""The noise response and its break points, by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from lvzoo.rank.ranking import rank
from lvzoo.rank.response import break_point
from lvzoo.types.results import OWN_CLEAN
from tests.rank.tables import TINY, WARD, conditions, facts, row, simulated, two_models

MODELS = facts("a", "b")


def test_the_response_by_hand() -> None:
    response = rank(two_models(), TINY, models=MODELS, resamples=100).response
    assert len(response) == 2 * 3 * 3
    curve = response[(response["model"] == "a") & (response["corruption"] == "haze")]
    assert curve["family"].unique().tolist() == ["acoustic"]
    assert curve["severity"].tolist() == [0, 1, 2]
    # clean (.85 + .7) / 2; haze 1 (.8 + .7) / 2; haze 2 (.6 + .5) / 2
    assert curve["dice"].tolist() == pytest.approx([0.775, 0.75, 0.55])
    # two patients: the 95 % interval reaches from one to the other
    assert curve["dice_low"].tolist() == pytest.approx([0.7, 0.7, 0.5])
    assert curve["dice_high"].tolist() == pytest.approx([0.85, 0.8, 0.6])


def test_break_points_by_hand() -> None:
    references = {"high": 0.8, "middle": 0.7, "low": 0.5}
    breaks = rank(two_models(), TINY, models=MODELS, references=references, resamples=20).breaks
    assert len(breaks) == 2 * 3 * 4

    def severity(reference: str, corruption: str = "haze") -> float:
        return float(row(breaks, model="a", corruption=corruption, reference=reference)["severity"])

    assert severity("high") == 0.0  # its clean Dice is below already
    assert severity("middle") == pytest.approx(1.25)  # from .75 at 1 to .55 at 2
    assert math.isnan(severity("low"))
    assert severity("low", "jpeg") == pytest.approx(1.875)  # from .85 at 1 to .45 at 2
    assert row(breaks, model="a", corruption="jpeg", reference="middle")["level"] == 0.7


def test_the_default_reference_is_090() -> None:
    ranking = rank(two_models(), TINY, models=MODELS, resamples=20)
    assert ranking.references == {"Dice 0.90": 0.9}
    assert ranking.breaks["reference"].unique().tolist() == [OWN_CLEAN, "Dice 0.90"]


def test_the_break_point_of_its_own_clean_dice_says_something_of_a_model_below_all_levels() -> None:
    ranking = rank(two_models(), TINY, models=MODELS, resamples=20)
    fixed = ranking.breaks[ranking.breaks["reference"] == "Dice 0.90"]
    assert (fixed["severity"] == 0).all()
    own = row(ranking.breaks, model="a", corruption="haze", reference=OWN_CLEAN)
    assert own["level"] == pytest.approx(0.95 * 0.775)
    assert own["severity"] == pytest.approx(1 + (0.75 - 0.95 * 0.775) / 0.2)  # from .75 at 1 to .55 at 2
    other = row(ranking.breaks, model="b", corruption="haze", reference=OWN_CLEAN)
    assert other["level"] == pytest.approx(0.95 * 0.725), "each model has a level of its own"


@pytest.mark.parametrize(
    ("dice", "expected"),
    [
        ([0.9, 0.8, 0.6], 1.5),
        ([0.9, 0.7, 0.6], 1.0),  # reaching the level is not below it
        ([0.9, 0.6, 0.8], pytest.approx(2 / 3)),  # the first fall counts
        ([0.7, 0.7, 0.7], math.nan),
        ([0.6, 0.9, 0.9], 0.0),
    ],
)
def test_where_a_curve_falls_below(dice: list[float], expected: float) -> None:
    found = break_point(pd.Series([0, 1, 2]), pd.Series(dice), 0.7)
    assert found == pytest.approx(expected, nan_ok=True)


def test_severities_that_were_not_run_are_bridged() -> None:
    assert break_point(pd.Series([0, 1, 5]), pd.Series([0.9, 0.9, 0.5]), 0.7) == pytest.approx(3.0)


def test_without_noise_there_is_no_response() -> None:
    scores = two_models()
    full = rank(scores, TINY, models=MODELS, resamples=20)
    clean = rank(scores[scores["corruption"] == "clean"], TINY, models=MODELS, resamples=20)
    assert (len(clean.response), len(clean.breaks)) == (0, 0)
    assert clean.response.columns.equals(full.response.columns)
    assert clean.breaks.columns.equals(full.breaks.columns)


def test_intervals_hold_the_response() -> None:
    scores = simulated({"a": 0.9}, conditions(), patients=30)
    response = rank(scores, WARD, models=facts("a"), resamples=200).response
    assert (response["dice_low"] < response["dice"]).all()
    assert (response["dice"] < response["dice_high"]).all()
