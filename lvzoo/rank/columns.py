"""Computes the columns of the ranking that need no resampling: other metrics, worst corruption, failures, anatomy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.patients import DIGITS, OVERALL, mean_by_patient, mean_M, weighted_mean
from lvzoo.types import CLEAN, FAILURE_DICE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.rank.grid import Grid
    from lvzoo.rank.patients import PatientScores

METRICS: Final = ("nsd1", "nsd2", "hd95", "assd")


def plain_columns(patients: PatientScores) -> dict[str, object]:
    """Return the table's columns that need no resampling, each of length M."""
    grid, headline_MP = patients.grid, patients.scopes[OVERALL]
    clean_M = patients.scopes[CLEAN.corruption].mean(axis=1)
    seeds = grid.by_model(patients.trials[OVERALL].mean(axis=1))
    retention_M = np.full(len(clean_M), np.nan)  # NaN for a model whose clean Dice is 0
    np.divide(patients.headline_M, clean_M, out=retention_M, where=clean_M > 0)
    return {
        "headline": patients.headline_M,
        "clean": clean_M,
        "retention": retention_M,
        **worst_columns(patients),
        "dice_ed": mean_M(patients.clean_phases["ED"]),
        "dice_es": mean_M(patients.clean_phases["ES"]),
        "dice_pooled": pooled_dice(grid),
        **metric_columns(patients),
        **count_columns(grid),
        "seeds": [len(each) for each in seeds],
        "seed_sd": [float(each.std(ddof=1)) if len(each) > 1 else np.nan for each in seeds],
        "mean_rank": pd.DataFrame(-headline_MP.round(DIGITS)).rank().to_numpy().mean(axis=1),
        **{f"family_{family}": patients.scopes[family].mean(axis=1) for family in patients.families},
    }


def worst_columns(patients: PatientScores) -> dict[str, object]:
    """Return each model's worst corruption and its mean Dice over the severities; "" and NaN without noise."""
    names = [name for corruptions in patients.families.values() for name in corruptions]
    if not names:
        return {"worst_corruption": "", "worst": np.nan}
    corruption_C = np.array([condition.corruption for condition in patients.grid.conditions])
    dice_MC = patients.grid.mean_over_seeds(patients.dice_TPC).mean(axis=1)
    dice_EM = np.stack([dice_MC[:, corruption_C == name].mean(axis=1) for name in names])
    return {"worst_corruption": [names[e] for e in dice_EM.argmin(axis=0)], "worst": dice_EM.min(axis=0)}


def metric_columns(patients: PatientScores) -> dict[str, NDArray[np.float64]]:
    """Return the other metrics on clean frames, and averaged as the headline is (NaN without noise)."""
    grid = patients.grid
    columns: dict[str, NDArray[np.float64]] = {}
    for metric in METRICS:
        values_TPC = mean_by_patient(grid, metric)
        for name, scope in ((metric, CLEAN.corruption), (f"{metric}_noisy", OVERALL)):
            values_TP = weighted_mean(values_TPC, patients.weights[scope])
            columns[name] = mean_M(grid.mean_over_seeds(values_TP))
        if not patients.families:
            columns[f"{metric}_noisy"][:] = np.nan
    return columns


def pooled_dice(grid: Grid) -> NDArray[np.float64]:
    """Return each model's Dice as EchoNet-Dynamic pools it over clean frames: 2 sum |P & R| / sum (|P| + |R|).

    The table has no overlaps, but a frame's 2 |P & R| is its Dice times (|P| + |R|). If all masks are empty, the
    result is 1, as for a single frame.
    """
    clean = grid.conditions.index(CLEAN)
    areas_TF = grid.on_condition_TF("area_pred", clean) + grid.on_condition_TF("area_ref", clean)
    overlap_T = (grid.on_condition_TF("dice", clean) * areas_TF).sum(axis=1)
    areas_T = areas_TF.sum(axis=1)
    return grid.mean_over_seeds(np.divide(overlap_T, areas_T, out=np.ones_like(overlap_T), where=areas_T > 0))


def count_columns(grid: Grid) -> dict[str, NDArray[np.number]]:
    """Return the numbers of failures and of anatomical faults, and their shares, over all conditions and seeds."""
    of_trials = [_count_flags(grid, t) for t in range(len(grid.model_T))]
    counts: dict[str, NDArray[np.number]] = {
        name: np.bincount(grid.model_T, weights=[each[name] for each in of_trials]).astype(np.int64)
        for name in of_trials[0]
    }
    scored_M = np.bincount(grid.model_T) * len(grid.patient_F) * len(grid.conditions)
    return counts | {
        "failure_share": counts["failures"] / scored_M,
        "anatomical_share": counts["anatomical_failures"] / scored_M,
    }


def _count_flags(grid: Grid, trial: int) -> dict[str, int]:
    """Return how many scores of a trial are failures, and how many masks have each anatomical fault, or any."""
    of_trial = {name: arrays[trial] for name, arrays in grid.numbers.items()}
    broken = {
        "empty": of_trial["area_pred"] == 0,
        "fragmented": of_trial["components"] > 1,
        "holed": of_trial["holes"] > 0,
        "apex_below_base": of_trial["apex_below_base"] > 0,
    }
    flags = {
        "failures": of_trial["dice"] < FAILURE_DICE,
        **broken,
        "anatomical_failures": np.logical_or.reduce(list(broken.values())),
    }
    return {name: int(np.count_nonzero(flag_FC)) for name, flag_FC in flags.items()}
