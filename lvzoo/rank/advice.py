"""Says which of some trained models to use on a clip whose noise is known with probabilities.

The Dice to expect of a model is its noise response, weighted by the probabilities of the conditions. The models are
compared as in the ranking: over the same patients, by the same bootstrap and test. But the question is another one:
which weights to use, and not which kind of model is better. So each training counts by itself, and a lead need not be
large.

Letters: M models, P patients, C conditions, B resamples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import DataError
from lvzoo.rank.bootstrap import RESAMPLES, interval, resampled_means
from lvzoo.rank.patients import PatientScores, weighted_mean
from lvzoo.rank.significance import ALPHA, wilcoxon_p
from lvzoo.types import CLEAN, Condition

Lead: TypeAlias = Literal["none", "clear", "chance"]
"""Whether a model leads the best on average under a clip's noise.

none        the best on average has the highest expected Dice itself
clear       the lead is significant over patients
chance      it is not
"""

CLIPS: Final = (0.1, 0.9)
"""The quantiles between which the Dice of 8 of 10 patients lies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """The Dice to expect of a model: the mean over patients with its 95 % interval.

    The Dice of 8 of 10 patients lies between `clips_low` and `clips_high`.
    """

    model: str
    dice: float
    low: float
    high: float
    clips_low: float
    clips_high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """Which model to use, and what others would give."""

    models: tuple[Expected, ...]
    """Every model, the highest expected Dice first."""
    use: str
    """The model to use: the first of `models` if it is clearly better than the best on average, else that one."""
    best_on_average: str
    """The model with the highest headline."""
    gain: float
    """The expected Dice of the first of `models`, minus that of the best on average; also its 95 % interval."""
    gain_low: float
    gain_high: float
    lead: Lead
    """What this gain is worth. Only "clear" changes the model."""
    left_to_gain: float
    """The Dice that whoever knew the clip's noise could still gain by choosing another model, on average."""

    def of(self, model: str) -> Expected:
        """Return what to expect of a model."""
        return next(each for each in self.models if each.model == model)

    @property
    def runner_up(self) -> Expected | None:
        """The model with the highest expected Dice beside the one to use; None if there is no other."""
        return next((each for each in self.models if each.model != self.use), None)


def spread_over(
    probabilities: Mapping[Condition, float], run: tuple[Condition, ...]
) -> tuple[NDArray[np.float64], float]:
    """Return the weight of each condition of a run (C), which sum to 1, and which share of the noise the run covers.

    A severity that was not run is interpolated between its neighbours, of which clean is the lowest. Above the
    highest severity that was run, that one stands in. A corruption that was not run is not covered.
    """
    place = {condition: number for number, condition in enumerate(run)}
    weights_C = np.zeros(len(run))
    for condition, probability in probabilities.items():
        severities = sorted(each.severity for each in run if each.corruption == condition.corruption)
        if condition == CLEAN or severities:
            for severity, share in _neighbours([0, *severities], condition.severity):
                known = Condition(corruption=condition.corruption, severity=severity) if severity else CLEAN
                weights_C[place[known]] += share * probability
    covered = float(weights_C.sum())
    return weights_C / covered if covered else weights_C, covered


def _neighbours(severities: list[int], severity: int) -> list[tuple[int, float]]:
    """Return the severities below and above one, each with its share; one that is itself known has all.

    >>> _neighbours([0, 1, 3, 5], 2), _neighbours([0, 1, 3], 5)
    ([(1, 0.5), (3, 0.5)], [(3, 1.0)])
    """
    below = max(each for each in severities if each <= severity)
    above = min((each for each in severities if each >= severity), default=below)
    if below == above:
        return [(below, 1.0)]
    share = (severity - below) / (above - below)
    return [(below, 1.0 - share), (above, share)]


def advise(
    patients: PatientScores, weights_C: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = 0
) -> Advice:
    """Return which model to use under a mixture of conditions. The weights sum to 1.

    Raises:
        DataError: there are no models, or the weights do not fit the conditions.
    """
    grid = patients.grid
    if len(weights_C) != len(grid.conditions) or not np.isclose(weights_C.sum(), 1.0):
        raise DataError(
            f"{len(weights_C)} weights do not fit {len(grid.conditions)} conditions; give one for each"
        )
    dice_MPC = grid.mean_over_seeds(patients.dice_TPC)
    dice_MP = weighted_mean(dice_MPC, weights_C)
    order_M = np.argsort(-dice_MP.mean(axis=1), kind="stable")  # equal models keep the order of the ranking
    first = int(order_M[0])
    means_BM = resampled_means(dice_MP, resamples=resamples, seed=seed)
    low_M, high_M = interval(means_BM)
    (gain_low,), (gain_high,) = interval(means_BM[:, [first]] - means_BM[:, [0]])
    lead = _judge_lead(dice_MP, first, low=float(gain_low))
    use = first if lead == "clear" else 0
    best_C = dice_MPC.mean(axis=1).max(axis=0)
    return Advice(
        models=tuple(
            Expected(
                model=grid.models[m],
                dice=float(dice_MP[m].mean()),
                low=float(low_M[m]),
                high=float(high_M[m]),
                **_clips(dice_MPC[m], weights_C),
            )
            for m in order_M
        ),
        use=grid.models[use],
        best_on_average=grid.models[0],
        gain=float((dice_MP[first] - dice_MP[0]).mean()),
        gain_low=float(gain_low),
        gain_high=float(gain_high),
        lead=lead,
        left_to_gain=max(0.0, float(best_C @ weights_C - dice_MP[use].mean())),
    )


def _judge_lead(dice_MP: NDArray[np.float64], first: int, *, low: float) -> Lead:
    """Judge the lead of a model over the best on average (model 0); `low` is the low end of its interval.

    The model was chosen after looking, so its p value is multiplied by the number of candidates (Bonferroni).
    """
    if first == 0:
        return "none"
    p = wilcoxon_p(dice_MP[first] - dice_MP[0]) * (len(dice_MP) - 1)
    return "clear" if p < ALPHA and low > 0 else "chance"


def _clips(dice_PC: NDArray[np.float64], weights_C: NDArray[np.float64]) -> dict[str, float]:
    """Return the quantiles CLIPS of the Dice over patients and conditions, each condition with its weight."""
    values = dice_PC.ravel()
    order = np.argsort(values)
    share = np.cumsum(np.broadcast_to(weights_C / len(dice_PC), dice_PC.shape).ravel()[order])
    places = np.minimum(np.searchsorted(share, CLIPS), len(values) - 1)
    low, high = values[order][places].tolist()
    return {"clips_low": low, "clips_high": high}
