"""Averages scores by frame and condition to scores by patient, on which ranking, bootstrap and tests work.

Letters: T trials, M models, F frames, P patients, C conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.rank.grid import Grid
    from lvzoo.types import Phase

OVERALL: Final = "overall"
"""The scope of the headline: the mean over families, or clean frames if no noise was run."""
PHASES: Final[tuple[Phase, ...]] = ("ED", "ES")
DIGITS: Final = 12
"""Values are equal if they agree to this many decimals; differences beyond are rounding errors of sums."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientScores:
    """Dice by patient. The models of `grid` are numbered best first; equal ones are in the order of their names."""

    grid: Grid
    families: Mapping[str, tuple[str, ...]]
    """The corruptions that were run, by family."""
    weights: Mapping[str, NDArray[np.float64]]
    """The weight of each condition (C) in `overall`, in `clean` and in each family."""
    dice_TPC: NDArray[np.float64]
    scopes: Mapping[str, NDArray[np.float64]]
    """Dice (M, P), averaged over seeds, of `overall`, `clean`, ED, ES and each family. The row means of `overall` are
    exactly the headlines. ED and ES are averaged over conditions as the headline is, and NaN for patients without
    such a frame."""
    trials: Mapping[str, NDArray[np.float64]]
    """The same by trial: (T, P)."""
    clean_phases: Mapping[Phase, NDArray[np.float64]]
    """Dice (M, P) on clean ED frames and on clean ES frames."""

    @property
    def headline_M(self) -> NDArray[np.float64]:
        """The models' headlines, highest first."""
        return np.asarray(self.scopes[OVERALL].mean(axis=1), dtype=np.float64)


def patient_scores(grid: Grid, suite: NoiseSuite) -> PatientScores:
    """Average Dice over each patient's frames, then over severities, corruptions, families and seeds."""
    families = find_families(grid, suite)
    weights = scope_weights(grid, families)
    dice_TPC = mean_by_patient(grid, "dice")
    phases = {phase: mean_by_patient(grid, "dice", phase) for phase in PHASES}
    trials = {scope: weighted_mean(dice_TPC, weights[scope]) for scope in (OVERALL, CLEAN.corruption)}
    trials |= {phase: weighted_mean(values, weights[OVERALL]) for phase, values in phases.items()}
    trials |= {family: weighted_mean(dice_TPC, weights[family]) for family in families}
    grid = _order_models(grid, trials[OVERALL])
    return PatientScores(
        grid=grid,
        families=families,
        weights=weights,
        dice_TPC=dice_TPC,
        scopes={scope: grid.mean_over_seeds(dice_TP) for scope, dice_TP in trials.items()},
        trials=trials,
        clean_phases={
            phase: grid.mean_over_seeds(weighted_mean(values, weights[CLEAN.corruption]))
            for phase, values in phases.items()
        },
    )


def find_families(grid: Grid, suite: NoiseSuite) -> dict[str, tuple[str, ...]]:
    """Return the suite's corruptions that were run, by family, in the suite's order."""
    run = {condition.corruption for condition in grid.conditions}
    found = {family: tuple(name for name in names if name in run) for family, names in suite.families.items()}
    return {family: names for family, names in found.items() if names}


def scope_weights(grid: Grid, families: Mapping[str, tuple[str, ...]]) -> dict[str, NDArray[np.float64]]:
    """Return the weight of each condition in `overall`, in `clean` and in each family. The weights of each sum to 1.

    Severities have equal weights in their corruption, corruptions in their family, and families in the headline.
    """
    corruption_C = np.array([condition.corruption for condition in grid.conditions])
    clean_C = (corruption_C == CLEAN.corruption).astype(np.float64)

    def family_C(names: tuple[str, ...]) -> NDArray[np.float64]:
        parts = [(corruption_C == name) / np.count_nonzero(corruption_C == name) for name in names]
        return np.asarray(np.mean(parts, axis=0), dtype=np.float64)

    weights = {family: family_C(names) for family, names in families.items()}
    overall_C = np.mean(list(weights.values()), axis=0) if weights else clean_C
    return {OVERALL: overall_C, CLEAN.corruption: clean_C, **weights}


def mean_by_patient(grid: Grid, column: str, phase: Phase | None = None) -> NDArray[np.float64]:
    """Return the means over each patient's frames (T, P, C), of one phase if given; NaN if a patient has none."""
    chosen_F = np.ones(len(grid.patient_F), dtype=np.bool_) if phase is None else grid.phase_F == phase
    return mean_of_frames(grid, column, chosen_F)


def mean_of_frames(grid: Grid, column: str, chosen_F: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the means over each patient's chosen frames (T, P, C); NaN if a patient has none of them."""
    trials, _, conditions = grid.shape_TFC
    # The frames are sorted by patient, so each patient's frames begin where the patient first appears
    starts_P = np.searchsorted(grid.patient_F, np.arange(len(grid.patients)))
    weight_F = chosen_F.astype(np.float64)
    count_P = np.add.reduceat(weight_F, starts_P)
    means_TPC = np.empty((trials, len(grid.patients), conditions))
    with np.errstate(invalid="ignore"):  # 0 / 0 for a patient without such frames
        for means_PC, values_FC in zip(means_TPC, grid.numbers[column], strict=True):
            sums_PC = np.add.reduceat(values_FC * weight_F[:, None], starts_P, axis=0)
            np.divide(sums_PC, count_P[:, None], out=means_PC)
    return means_TPC


def weighted_mean(values_TPC: NDArray[np.float64], weights_C: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted means over conditions, (T, P).

    `einsum` adds in the same order on any number of processors; a matrix product of BLAS does not.
    """
    run = np.flatnonzero(weights_C)
    return np.asarray(np.einsum("tpc,c->tp", values_TPC[:, :, run], weights_C[run]), dtype=np.float64)


def mean_M(values_MP: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means over the patients that have a value, or NaN if none has."""
    count_M = np.count_nonzero(~np.isnan(values_MP), axis=1)
    sum_M = np.nansum(values_MP, axis=1)
    mean = np.full(len(values_MP), np.nan)
    np.divide(sum_M, count_M, out=mean, where=count_M > 0)
    return mean


def _order_models(grid: Grid, headline_TP: NDArray[np.float64]) -> Grid:
    """Return the grid with its models numbered from best to worst."""
    headline_M = grid.mean_over_seeds(headline_TP).mean(axis=1).round(DIGITS)
    return grid.reorder_models(
        sorted(range(len(grid.models)), key=lambda m: (-headline_M[m], grid.models[m]))
    )
