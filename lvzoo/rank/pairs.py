"""Compares every pair of models: the difference with its interval, the test, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lvzoo.rank.bootstrap import interval
from lvzoo.rank.patients import DIGITS, OVERALL
from lvzoo.rank.significance import detectable_difference, holm, judge_seeds, verdict, wilcoxon_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.rank.patients import PatientScores


def pairs_table(
    patients: PatientScores, headline_BM: NDArray[np.float64], headline_BT: NDArray[np.float64]
) -> pd.DataFrame:
    """Return one row per pair of models, in the order of the ranking; no rows if there is only one model.

    `headline_BM` and `headline_BT` are the headlines of the models and of their trials in each resample.
    """
    grid, headline_MP = patients.grid, patients.scopes[OVERALL]
    better_K, worse_K = np.triu_indices(len(grid.models), k=1)
    low_K, high_K = interval(headline_BM[:, better_K] - headline_BM[:, worse_K])
    differences_KP = headline_MP[better_K] - headline_MP[worse_K]
    p_K = [wilcoxon_p(differences_P) for differences_P in differences_KP]
    p_holm_K = holm(p_K)
    # By model: the headline of each of its training seeds, and the same in each resample
    seeds = grid.by_model(patients.trials[OVERALL].mean(axis=1))
    resampled_seeds = [headline_SB.T for headline_SB in grid.by_model(headline_BT.T.round(DIGITS))]
    pairs = list(zip(better_K, worse_K, strict=True))
    judged_K = [judge_seeds(seeds[better], seeds[worse]) for better, worse in pairs]
    return pd.DataFrame(
        {
            "better": [grid.models[m] for m in better_K],
            "worse": [grid.models[m] for m in worse_K],
            "difference": patients.headline_M[better_K] - patients.headline_M[worse_K],
            "difference_low": low_K,
            "difference_high": high_K,
            "p": p_K,
            "p_holm": p_holm_K,
            "outperforms": [outperforms(resampled_seeds[m], resampled_seeds[n]) for m, n in pairs],
            "mdd": [detectable_difference(differences_P) for differences_P in differences_KP],
            "verdict": [
                verdict(p, low, high, seeds=judged)
                for p, low, high, judged in zip(p_holm_K, low_K, high_K, judged_K, strict=True)
            ],
        }
    )


def outperforms(first_BS: NDArray[np.float64], second_BS: NDArray[np.float64]) -> float:
    """Return P(A > B): the share of resamples and pairs of seeds in which A scores more; ties count half.

    NaN if the resamples are NaN, which happens with one patient. S counts the seeds of a model.
    """
    gap_BSS = first_BS[:, :, None] - second_BS[:, None, :]
    if np.isnan(gap_BSS).any():
        return float("nan")
    return float(((gap_BSS > 0) + 0.5 * (gap_BSS == 0)).mean())
