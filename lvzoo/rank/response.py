"""Computes the noise response: Dice by model, corruption and severity, and where it falls below a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.types import CLEAN
from lvzoo.types.results import OWN_CLEAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.rank.bootstrap import Bootstrap
    from lvzoo.rank.patients import PatientScores

RESPONSE: Final = ("model", "family", "corruption", "severity", "dice", "dice_low", "dice_high")
KEPT: Final = 0.95
"""The share of its own clean Dice that a model still has at the break point of OWN_CLEAN."""
BREAKS: Final = ("model", "family", "corruption", "reference", "level", "severity")


def conditions_MP(patients: PatientScores) -> NDArray[np.float64]:
    """Return the Dice of each patient, with one row per model and condition: (M x C, P)."""
    dice_MPC = patients.grid.mean_over_seeds(patients.dice_TPC)
    return np.ascontiguousarray(dice_MPC.transpose(0, 2, 1)).reshape(-1, dice_MPC.shape[1])


def response_table(patients: PatientScores, bootstrap: Bootstrap) -> pd.DataFrame:
    """Return one row per model, corruption and severity that was run. Severity 0 is clean frames."""
    grid = patients.grid
    shape_MC = (len(grid.models), len(grid.conditions))
    dice_RP = conditions_MP(patients)
    dice_MC = dice_RP.mean(axis=1).reshape(shape_MC)
    low_MC, high_MC = (end.reshape(shape_MC) for end in bootstrap.intervals(dice_RP))
    by_severity = sorted(enumerate(grid.conditions), key=lambda each: each[1].severity)
    rows = [
        (model, family, corruption, condition.severity, dice_MC[m, c], low_MC[m, c], high_MC[m, c])
        for m, model in enumerate(grid.models)
        for family, corruptions in patients.families.items()
        for corruption in corruptions
        for c, condition in by_severity
        if condition == CLEAN or condition.corruption == corruption
    ]
    return pd.DataFrame(rows, columns=list(RESPONSE))


def break_table(response: pd.DataFrame, references: Mapping[str, float]) -> pd.DataFrame:
    """Return one row per model, corruption and reference: the severity where the response falls below its level.

    The first reference is OWN_CLEAN, whose level is a share of the model's own Dice on clean frames. It tells
    something of a model, too, whose clean Dice lies below all levels that models share.
    """
    rows = [
        (model, family, corruption, reference, level, break_point(curve["severity"], curve["dice"], level))
        for (model, family, corruption), curve in response.groupby(
            ["model", "family", "corruption"], sort=False
        )
        for reference, level in {OWN_CLEAN: _own_level(curve), **references}.items()
    ]
    return pd.DataFrame(rows, columns=list(BREAKS))


def _own_level(curve: pd.DataFrame) -> float:
    """Return the level of OWN_CLEAN: a share of the Dice at severity 0."""
    return KEPT * float(curve.loc[curve["severity"] == CLEAN.severity, "dice"].iloc[0])


def break_point(severity: pd.Series[int], dice: pd.Series[float], level: float) -> float:
    """Return the first severity at which a curve falls below a level, interpolated linearly between its points.

    0 if the curve starts below the level, NaN if it never falls below. A curve that only reaches the level does not
    fall below it.
    """
    x, y = severity.to_numpy(dtype=np.float64), dice.to_numpy(dtype=np.float64)
    below = np.flatnonzero(y < level)
    if not len(below):
        return float("nan")
    after = int(below[0])
    if after == 0:
        return 0.0
    before = after - 1
    return float(x[before] + (x[after] - x[before]) * (y[before] - level) / (y[before] - y[after]))
