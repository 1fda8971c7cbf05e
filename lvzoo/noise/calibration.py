"""Measures how much Dice each corruption costs a trained model; the levels of a suite are chosen by these costs.

A severity should cost about the same for every corruption. Otherwise the strongest one dominates a mean over
corruptions.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import pandas as pd

from lvzoo.errors import DataError, UsageError, did_you_mean
from lvzoo.interfaces import NoiseSuite
from lvzoo.types import CLEAN, Scores

TARGETS: Final[Mapping[int, tuple[float, float]]] = {1: (0.0, 2.0), 3: (3.0, 7.0), 5: (15.0, 40.0)}
"""Severity -> least and most points of Dice that it should cost; severities 2 and 4 lie in between."""

Verdict: TypeAlias = Literal["within", "too mild", "too strong", ""]

COLUMNS: Final = ("family", "corruption", "severity", "dice", "cost", "least", "most", "verdict")


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """A model's Dice on clean frames, and its loss under noise."""

    model: str
    clean: float
    table: pd.DataFrame = field(repr=False)
    """One row per corruption and severity, with COLUMNS.

    `cost` is the loss of Dice in points (hundredths). `least` and `most` are its target, NaN for a severity that
    has none; `verdict` compares the cost with them.
    """


def calibrate(scores: Scores, suite: NoiseSuite, *, model: str | None = None) -> Costs:
    """Return how much Dice each corruption and severity costs a model, compared with clean frames.

    Dice is averaged over each patient's frames and seeds, then over patients.

    Args:
        scores: must include clean frames and at least one condition of the suite.
        suite: decides the families and the order of the rows.
        model: name of the model; may be None if there is only one.

    Raises:
        UsageError: the model is unknown, or there are several and none is named.
        DataError: there are no scores, or none on clean frames.
    """
    chosen = _choose_model(scores, model)
    dice = _average_over_patients(scores, chosen)
    clean = dice.get((CLEAN.corruption, CLEAN.severity))
    if clean is None:
        raise DataError("there are no scores on clean frames; run all of the suite's conditions")
    rows = []
    families = [(family, name) for family, names in suite.families.items() for name in names]
    for (family, name), severity in itertools.product(families, suite.severities):
        if (name, severity) in dice:
            noisy = dice[name, severity]
            cost = 100.0 * (clean - noisy)
            least, most = TARGETS.get(severity, (float("nan"), float("nan")))
            rows.append((family, name, severity, noisy, cost, least, most, judge_cost(cost, severity)))
    if not rows:
        raise DataError(f"there are no scores under {suite.name}; run some of its conditions")
    return Costs(model=chosen, clean=clean, table=pd.DataFrame(rows, columns=list(COLUMNS)))


def judge_cost(cost: float, severity: int) -> Verdict:
    """Compare a cost, rounded to a tenth of a point, with the severity's target; "" if it has none.

    >>> judge_cost(2.04, 1), judge_cost(2.9, 3), judge_cost(41.0, 5), judge_cost(9.0, 2)
    ('within', 'too mild', 'too strong', '')
    """
    if severity not in TARGETS:
        return ""
    least, most = TARGETS[severity]
    rounded = round(cost, 1)
    if rounded > most:
        return "too strong"
    # the target of severity 1 begins at 0: a corruption that improves Dice by chance is within it
    return "within" if rounded >= least or least == 0 else "too mild"


def _choose_model(scores: Scores, model: str | None) -> str:
    known = sorted(set(scores["model"]))
    if not known:
        raise DataError("there are no scores; no trial has finished")
    if model is None and len(known) > 1:
        raise UsageError(f"the run has several models; name one of {', '.join(known)}")
    chosen = model or known[0]
    if chosen not in known:
        close = did_you_mean(chosen, known)
        raise UsageError(f"the run has no scores of '{chosen}'; use one of {', '.join(known)}{close}")
    return chosen


def _average_over_patients(scores: Scores, model: str) -> Mapping[Hashable, float]:
    """Return the mean Dice over patients by (corruption, severity)."""
    condition = ["corruption", "severity"]
    own = scores[scores["model"] == model]
    by_patient = own.groupby([*condition, "patient"])["dice"].mean()
    return by_patient.groupby(level=condition).mean().to_dict()
