"""From a score a frame and condition to a score a patient: what the ranking, its bootstrap and its tests work on."""

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
"""The scope of the headline: the mean over families, or clean frames where no noise was run."""
PHASES: Final[tuple[Phase, ...]] = ("ED", "ES")
DIGITS: Final = 12
"""Decimals of Dice that decide what is equal: beyond them stands the rounding of sums."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientScores:
    """Dice by patient; the models of `grid` are numbered best first, equal ones by name.

    `scopes` holds a matrix (M, P), averaged over seeds, for `overall`, `clean`, ED, ES and each family; the row
    means of `overall` are the headlines exactly. ED and ES are averaged over conditions as the headline is, and
    NaN for patients without such a frame. `trials` holds the same by trial, (T, P). `weights` says what each
    condition weighs in the scopes.
    """

    grid: Grid
    families: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, NDArray[np.float64]]
    dice_TFC: NDArray[np.float64]
    dice_TPC: NDArray[np.float64]
    headline_TP: NDArray[np.float64]
    scopes: Mapping[str, NDArray[np.float64]]
    trials: Mapping[str, NDArray[np.float64]]
    clean_phases: Mapping[Phase, NDArray[np.float64]]

    @property
    def headline_M(self) -> NDArray[np.float64]:
        """The models' headlines, highest first."""
        return np.asarray(self.scopes[OVERALL].mean(axis=1), dtype=np.float64)


def patient_scores(grid: Grid, suite: NoiseSuite) -> PatientScores:
    """Average Dice over each patient's frames, then within severities, corruptions, families and seeds."""
    families = families_run(grid, suite)
    weights = scope_weights(grid, families)
    dice_TFC = grid.cube_TFC("dice")
    dice_TPC = by_patient(dice_TFC, grid)
    headline_TP = weighted(dice_TPC, weights[OVERALL])
    grid = _best_first(grid, headline_TP)
    phases = {phase: by_patient(dice_TFC, grid, phase) for phase in PHASES}
    trials: dict[str, NDArray[np.float64]] = {
        OVERALL: headline_TP,
        CLEAN.corruption: weighted(dice_TPC, weights[CLEAN.corruption]),
        **{phase: weighted(values, weights[OVERALL]) for phase, values in phases.items()},
        **{family: weighted(dice_TPC, weights[family]) for family in families},
    }
    return PatientScores(
        grid=grid,
        families=families,
        weights=weights,
        dice_TFC=dice_TFC,
        dice_TPC=dice_TPC,
        headline_TP=headline_TP,
        scopes={scope: grid.over_seeds(dice_TP) for scope, dice_TP in trials.items()},
        trials=trials,
        clean_phases={
            phase: grid.over_seeds(weighted(values, weights[CLEAN.corruption]))
            for phase, values in phases.items()
        },
    )


def families_run(grid: Grid, suite: NoiseSuite) -> dict[str, tuple[str, ...]]:
    """Return the suite's corruptions that were run, by family, in the suite's order."""
    run = {condition.corruption for condition in grid.conditions}
    families = {
        family: tuple(name for name in names if name in run) for family, names in suite.families.items()
    }
    return {family: names for family, names in families.items() if names}


def scope_weights(grid: Grid, families: Mapping[str, tuple[str, ...]]) -> dict[str, NDArray[np.float64]]:
    """Return how much each condition weighs in `overall`, in `clean` and in each family; each sums to 1.

    Severities weigh alike in their corruption, corruptions in their family and families in the headline.
    """
    corruption_C = np.array([condition.corruption for condition in grid.conditions])
    clean_C = (corruption_C == CLEAN.corruption).astype(np.float64)

    def family_C(names: tuple[str, ...]) -> NDArray[np.float64]:
        parts = [(corruption_C == name) / np.count_nonzero(corruption_C == name) for name in names]
        return np.asarray(np.mean(parts, axis=0), dtype=np.float64)

    weights = {family: family_C(names) for family, names in families.items()}
    overall_C = np.mean(list(weights.values()), axis=0) if weights else clean_C
    return {OVERALL: overall_C, CLEAN.corruption: clean_C, **weights}


def by_patient(
    values_TFC: NDArray[np.float64], grid: Grid, phase: Phase | None = None
) -> NDArray[np.float64]:
    """Return the means over each patient's frames (of one phase), (T, P, C); NaN where a patient has none."""
    starts_P = np.searchsorted(grid.patient_F, np.arange(len(grid.patients)))
    chosen_F = np.ones(len(grid.patient_F)) if phase is None else (grid.phase_F == phase).astype(np.float64)
    sums_TPC = np.add.reduceat(values_TFC * chosen_F[:, None], starts_P, axis=1)
    count_P = np.add.reduceat(chosen_F, starts_P)
    with np.errstate(invalid="ignore"):  # 0 / 0: a patient without frames of this phase
        return np.asarray(sums_TPC / count_P[:, None], dtype=np.float64)


def weighted(values_TPC: NDArray[np.float64], weights_C: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a score a trial and patient, (T, P): the mean over conditions by their weights.

    `einsum` sums in one order on any number of processors; a matrix product of BLAS does not.
    """
    run = np.flatnonzero(weights_C)
    return np.asarray(np.einsum("tpc,c->tp", values_TPC[:, :, run], weights_C[run]), dtype=np.float64)


def mean_M(values_MP: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means over those patients that have a value; NaN where nobody has."""
    count_M = np.count_nonzero(~np.isnan(values_MP), axis=1)
    sum_M = np.nansum(values_MP, axis=1)
    mean = np.full(len(values_MP), np.nan)
    np.divide(sum_M, count_M, out=mean, where=count_M > 0)
    return mean


def _best_first(grid: Grid, headline_TP: NDArray[np.float64]) -> Grid:
    headline_M = grid.over_seeds(headline_TP).mean(axis=1).round(DIGITS)
    return grid.in_order(sorted(range(len(grid.models)), key=lambda m: (-headline_M[m], grid.models[m])))
