"""Makes the table of ejection fractions under each condition: agreement by model, corruption and severity.

Letters: T trials, V videos, P patients, C conditions, M models, B resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.agreement import (
    FIGURES,
    SUFFIX,
    Moments,
    agree,
    average_by_patient,
    divide,
    mean_over_seeds,
)
from lvzoo.rank.ejections import TRACINGS
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.rank.bootstrap import Bootstrap
    from lvzoo.rank.ejections import Ejections
    from lvzoo.rank.patients import PatientScores
    from lvzoo.types.ejection import EFReference

WITH_ENDS: Final = ("mae",)
"""The figures of single conditions that have an interval. The others would take minutes with a thousand patients."""


def response_table(
    patients: PatientScores,
    ejections: Ejections,
    moments: Mapping[EFReference, Moments],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return one row per model, corruption and severity that was run. Severity 0 is clean frames."""
    figures = _condition_figures(ejections, moments, bootstrap)
    conditions = patients.grid.conditions
    by_severity = sorted(enumerate(conditions), key=lambda each: each[1].severity)
    rows = [
        {
            "model": patients.grid.models[model],
            "family": family,
            "corruption": corruption,
            "severity": condition.severity,
            **{name: values_MC[m, c] for name, values_MC in figures.items()},
        }
        for m, model in enumerate(ejections.models)
        for family, corruptions in patients.families.items()
        for corruption in corruptions
        for c, condition in by_severity
        if condition == CLEAN or condition.corruption == corruption
    ]
    return pd.DataFrame(rows, columns=["model", "family", "corruption", "severity", *figures])


def _condition_figures(
    ejections: Ejections, moments: Mapping[EFReference, Moments], bootstrap: Bootstrap
) -> dict[str, NDArray[np.float64]]:
    """Return every figure by model and condition (M, C), by its column."""
    figures: dict[str, NDArray[np.float64]] = {}
    for name, each in moments.items():
        figures |= _figures_of(each, ejections, bootstrap, SUFFIX[name])
    known_V = np.isfinite(ejections.references[TRACINGS])
    common_MC, own_MC = (
        np.nanmean(mean_over_seeds(average_by_patient(values_TVC, ejections, known_V), ejections), axis=1)
        for values_TVC in (ejections.common_TVC, ejections.own_TVC)
    )
    failed_MC = mean_over_seeds(ejections.failed_TVC.mean(axis=1), ejections)
    return {**figures, "shared": divide(common_MC, own_MC), "failed": failed_MC}


def _figures_of(
    moments: Moments, ejections: Ejections, bootstrap: Bootstrap, suffix: str
) -> dict[str, NDArray[np.float64]]:
    """Return the figures against one reference by model and condition (M, C), the MAE with its ends."""
    fields = ("absolute", "x", "xx", "xy")
    rows = {name: mean_over_seeds(getattr(moments, name), ejections) for name in fields}
    models, patients, conditions = rows["x"].shape
    n = int(np.isfinite(moments.y).sum())
    columns = [name for figure in FIGURES for name in _names(figure, suffix)]
    if not n:
        return dict.fromkeys(columns, np.full((models, conditions), np.nan))
    means = {name: np.nanmean(rows_MPC, axis=1) for name, rows_MPC in rows.items()}
    found = agree(Moments(**means, y=np.array(np.nanmean(moments.y)), yy=np.array(np.nanmean(moments.yy))), n)

    flat_RP = np.ascontiguousarray(rows["absolute"].transpose(0, 2, 1)).reshape(-1, patients)
    low_R, high_R = bootstrap.intervals(flat_RP)
    found["mae_low"], found["mae_high"] = (end.reshape(models, conditions) for end in (low_R, high_R))
    plain = [name for figure in FIGURES for name in _names(figure, "")]
    return {column: found[name] for column, name in zip(columns, plain, strict=True)}


def _names(figure: str, suffix: str) -> list[str]:
    """Return the columns of a figure of single conditions."""
    ends = ("_low", "_high") if figure in WITH_ENDS else ()
    return [f"{figure}{suffix}{end}" for end in ("", *ends)]
