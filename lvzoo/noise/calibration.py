"""How much each corruption costs a trained model: what the severities of a suite are settled by.

A severity is meant to cost as much whatever the corruption, so that a mean over corruptions is no mean of the one
that happens to be set too strong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import pandas as pd

from lvzoo.errors import DataError, UsageError, did_you_mean
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.types import Scores

TARGETS: Final[Mapping[int, tuple[float, float]]] = {1: (0.0, 2.0), 3: (3.0, 7.0), 5: (15.0, 40.0)}
"""Severity -> between how many points of Dice it should cost; severities 2 and 4 lie between."""

Verdict: TypeAlias = Literal["within", "too mild", "too strong", ""]

COLUMNS: Final = ("family", "corruption", "severity", "dice", "cost", "least", "most", "verdict")


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """A model's Dice on clean frames, and what noise takes from it."""

    model: str
    clean: float
    table: pd.DataFrame = field(repr=False)
    """A row a corruption and severity, with COLUMNS.

    `dice` is the Dice under it and `cost` the loss, in points (hundredths). `least` and `most` are the target, NaN
    where a severity has none; `verdict` says on which side of it the cost lies.
    """


def calibrate(scores: Scores, suite: NoiseSuite, *, model: str | None = None) -> Costs:
    """Return what each corruption and severity costs a model against clean frames.

    Dice is averaged over a patient's frames and seeds, then over patients.

    Args:
        scores: with clean frames, and at least one condition of the suite.
        suite: orders and names what was scored.
        model: whose scores to take; may be left out where there is only one.

    Raises:
        UsageError: the model is unknown, or one of several must be named.
        DataError: nothing was scored, or not the clean frames.
    """
    chosen = _one_model(scores, model)
    dice = _patient_means(scores, chosen)
    clean = dice.get((CLEAN.corruption, CLEAN.severity))
    if clean is None:
        raise DataError("there are no scores on clean frames; run all of the suite's conditions")
    rows = []
    for family, corruption, severity in (
        (family, name, severity)
        for family, names in suite.families.items()
        for name in names
        for severity in suite.severities
        if (name, severity) in dice
    ):
        noisy = dice[corruption, severity]
        cost = 100.0 * (clean - noisy)
        least, most = TARGETS.get(severity, (float("nan"), float("nan")))
        rows.append((family, corruption, severity, noisy, cost, least, most, verdict(cost, severity)))
    if not rows:
        raise DataError(f"there are no scores under {suite.name}; run some of its conditions")
    return Costs(model=chosen, clean=clean, table=pd.DataFrame(rows, columns=list(COLUMNS)))


def verdict(cost: float, severity: int) -> Verdict:
    """Say whether a severity costs what it should, to a tenth of a point; nothing where it has no target.

    >>> verdict(2.04, 1), verdict(2.9, 3), verdict(41.0, 5), verdict(9.0, 2)
    ('within', 'too mild', 'too strong', '')
    """
    if severity not in TARGETS:
        return ""
    least, most = TARGETS[severity]
    rounded = round(cost, 1)
    if rounded > most:
        return "too strong"
    # a corruption that helps by chance at severity 1 is mild, as it should be
    return "within" if rounded >= least or least == 0 else "too mild"


def _one_model(scores: Scores, model: str | None) -> str:
    known = sorted(set(scores["model"]))
    if not known:
        raise DataError("there are no scores; no trial has finished")
    if model is None and len(known) > 1:
        raise UsageError(f"the run has several models; name one of {', '.join(known)}")
    chosen = model or known[0]
    if chosen not in known:
        close = did_you_mean(chosen, known) or f"; it has {', '.join(known)}"
        raise UsageError(f"the run has no scores of '{chosen}'{close}")
    return chosen


def _patient_means(scores: Scores, model: str) -> dict[tuple[str, int], float]:
    """Return the mean Dice over patients by (corruption, severity)."""
    condition = ["corruption", "severity"]
    own = scores[scores["model"] == model]
    by_patient = own.groupby([*condition, "patient"])["dice"].mean()
    means = by_patient.groupby(level=condition).mean()
    return {
        (str(corruption), int(severity)): float(dice)
        for (corruption, severity), dice in zip(means.index, means, strict=True)
    }
