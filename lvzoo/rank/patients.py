"""From a score a frame and condition to a score a patient: what the ranking, its bootstrap and its tests work on."""

from __future__ import annotations

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
    """Return a score a trial and patient, (T, P): the mean over conditions by their weights."""
    run = np.flatnonzero(weights_C)
    return np.asarray(np.einsum("tpc,c->tp", values_TPC[:, :, run], weights_C[run]), dtype=np.float64)
