"""Makes the tables of ejection fractions: agreement by model and scope, and the cases behind it.

Letters: T trials, V videos, P patients, C conditions, M models, S scopes, R = M * S rows, B resamples.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

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
    moments_by_patient,
)
from lvzoo.rank.bootstrap import interval
from lvzoo.rank.ejection_contests import COLUMNS as CONTEST_COLUMNS
from lvzoo.rank.ejection_contests import MARGIN_POINTS, contest_table
from lvzoo.rank.ejection_response import response_table
from lvzoo.rank.ejections import LISTED, TRACINGS, Ejections, find_ejections
from lvzoo.rank.patients import OVERALL, mean_M
from lvzoo.types import CLEAN
from lvzoo.types.ejection import EjectionResults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.rank.bootstrap import Bootstrap
    from lvzoo.rank.patients import PatientScores
    from lvzoo.types.ejection import EFReference
    from lvzoo.types.results import ModelFacts


def ejection_results(
    patients: PatientScores, models: Mapping[str, ModelFacts], bootstrap: Bootstrap
) -> EjectionResults:
    """Return the agreement of each model's ejection fractions with the references; empty tables without volumes."""
    ejections = find_ejections(patients.grid)
    known = tuple(name for name, ef_V in ejections.references.items() if np.isfinite(ef_V).any())
    empty = EjectionResults(
        table=pd.DataFrame(),
        response=pd.DataFrame(),
        contests=pd.DataFrame(columns=list(CONTEST_COLUMNS)),
        cases=pd.DataFrame(),
        margin=MARGIN_POINTS,
        lacking=ejections.lacking,
    )
    if TRACINGS not in known:
        return empty
    moments = {name: moments_by_patient(ejections, ejections.references[name]) for name in SUFFIX}
    return dataclasses.replace(
        empty,
        table=_scope_table(patients, ejections, moments, models, bootstrap),
        response=response_table(patients, ejections, moments, bootstrap),
        contests=contest_table(
            ejections,
            {name: moments[name].absolute for name in known},
            {
                scope: patients.weights[scope]
                for scope in _scopes(patients)
                if scope in (OVERALL, CLEAN.corruption)
            },
            models,
            bootstrap,
        ),
        cases=_case_table(patients, ejections),
        references=known,
        patients=len(set(ejections.patient_V[np.isfinite(ejections.references[TRACINGS])].tolist())),
        tracings=_compare_tracings(ejections),
    )


# --- One row per model and scope --------------------------------------------------------------------------------


def _scope_table(
    patients: PatientScores,
    ejections: Ejections,
    moments: Mapping[EFReference, Moments],
    models: Mapping[str, ModelFacts],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return one row per model and scope. Rows run over the scopes of the first model, then of the second."""
    names, scopes = [patients.grid.models[m] for m in ejections.models], _scopes(patients)
    weights_SC = np.stack([patients.weights[scope] for scope in scopes])
    columns: dict[str, object] = {
        "model": np.repeat(names, len(scopes)),
        "kind": np.repeat([models[name].kind for name in names], len(scopes)),
        "scope": scopes * len(names),
    }
    for name, each in moments.items():
        n = int(np.isfinite(each.y).sum())
        columns |= _with_ends(_by_scope(each, ejections, weights_SC), n, bootstrap, SUFFIX[name])
        perfect_M = _perfect_mae(ejections, name)
        columns |= {f"n{SUFFIX[name]}": n, f"perfect_mae{SUFFIX[name]}": np.repeat(perfect_M, len(scopes))}
    columns |= _shared_columns(ejections, weights_SC, bootstrap)
    failed_TC = ejections.failed_TVC.mean(axis=1)
    columns["failed"] = mean_over_seeds(np.einsum("tc,sc->ts", failed_TC, weights_SC), ejections).ravel()
    return pd.DataFrame(columns)


def _scopes(patients: PatientScores) -> list[str]:
    """Return the scopes of the table; without noise, "overall" is the clean frames."""
    return [scope for scope in patients.weights if patients.families or scope != CLEAN.corruption]


def _by_scope(moments: Moments, ejections: Ejections, weights_SC: NDArray[np.float64]) -> Moments:
    """Return the moments averaged over conditions by the weights of each scope, and over seeds: (R, P).

    There is one row per model and scope, R = M * S.
    """
    return Moments(
        absolute=_collapse(moments.absolute, ejections, weights_SC),
        x=_collapse(moments.x, ejections, weights_SC),
        xx=_collapse(moments.xx, ejections, weights_SC),
        xy=_collapse(moments.xy, ejections, weights_SC),
        y=moments.y,
        yy=moments.yy,
    )


def _collapse(
    values_TPC: NDArray[np.float64], ejections: Ejections, weights_SC: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the means over conditions by the weights of each scope, and over seeds: (R, P)."""
    means_MSP = mean_over_seeds(np.einsum("tpc,sc->tsp", values_TPC, weights_SC), ejections)
    return means_MSP.reshape(-1, values_TPC.shape[1])


def _with_ends(rows: Moments, n: int, bootstrap: Bootstrap, suffix: str) -> dict[str, NDArray[np.float64]]:
    """Return the figures of moments (R, P) with the ends of their intervals, as columns of length R."""
    count = len(rows.x)
    stacked = np.concatenate([rows.absolute, rows.x, rows.xx, rows.xy, rows.y[None], rows.yy[None]])
    if not n:
        unknown = np.full(count, np.nan)
        return {f"{name}{suffix}{end}": unknown for name in FIGURES for end in ("", "_low", "_high")}
    found = agree(_split(np.nanmean(stacked, axis=1)[None], count), n)
    spread = agree(_split(bootstrap.means(stacked), count), n)
    columns = {}
    for name in FIGURES:
        columns[f"{name}{suffix}"] = found[name][0]
        columns[f"{name}{suffix}_low"], columns[f"{name}{suffix}_high"] = interval(spread[name])
    return columns


def _split(means_BQ: NDArray[np.float64], count: int) -> Moments:
    """Return the means of the stacked rows as moments (B, R)."""
    absolute, x, xx, xy = (means_BQ[:, k * count : (k + 1) * count] for k in range(4))
    return Moments(absolute=absolute, x=x, xx=xx, xy=xy, y=means_BQ[:, [-2]], yy=means_BQ[:, [-1]])


def _perfect_mae(ejections: Ejections, name: EFReference) -> NDArray[np.float64]:
    """Return the MAE of each model's perfect prediction, by patient first."""
    mae_T = []
    for error_V in np.abs(ejections.perfect_TV - ejections.references[name]):
        known_V = np.isfinite(error_V)
        error_1P1 = average_by_patient(np.nan_to_num(error_V)[None, :, None], ejections, known_V)
        mae_T.append(mean_M(error_1P1[:, :, 0])[0])
    return mean_over_seeds(np.array(mae_T), ejections)


def _shared_columns(
    ejections: Ejections, weights_SC: NDArray[np.float64], bootstrap: Bootstrap
) -> dict[str, NDArray[np.float64]]:
    """Return the share of the size error that ED and ES have in common, with its ends, as columns of length R."""
    known_V = np.isfinite(ejections.references[TRACINGS])
    common_RP, own_RP = (
        _collapse(average_by_patient(values_TVC, ejections, known_V), ejections, weights_SC)
        for values_TVC in (ejections.common_TVC, ejections.own_TVC)
    )
    count = len(common_RP)
    means_BQ = bootstrap.means(np.concatenate([common_RP, own_RP]))
    low, high = interval(divide(means_BQ[:, :count], means_BQ[:, count:]))
    shared = divide(np.nanmean(common_RP, axis=1), np.nanmean(own_RP, axis=1))
    return {"shared": shared, "shared_low": low, "shared_high": high}


# --- The cases, and the tracings themselves ---------------------------------------------------------------------


def _case_table(patients: PatientScores, ejections: Ejections) -> pd.DataFrame:
    """Return one row per model, training seed and video with the EF on clean frames, best model first."""
    grid, clean = ejections.grid, ejections.grid.conditions.index(CLEAN)
    seed_T = grid.seed_T[ejections.trials_T]
    order = sorted(range(len(seed_T)), key=lambda t: (ejections.model_T[t], seed_T[t]))
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "model": patients.grid.models[ejections.model_T[t]],
                    "seed": int(seed_T[t]),
                    "patient": [grid.patients[p] for p in ejections.patient_V],
                    "video": ejections.video_V,
                    "ef_pred": ejections.predicted_TVC[t, :, clean],
                    "ef_tracings": ejections.references[TRACINGS],
                    "ef_listed": ejections.references[LISTED],
                }
            )
            for t in order
        ],
        ignore_index=True,
    )


def _compare_tracings(ejections: Ejections) -> dict[str, float]:
    """Return how the tracings' EF agrees with the listed one; empty if none is listed."""
    traced_V, listed_V = ejections.references[TRACINGS], ejections.references[LISTED]
    known_V = np.isfinite(traced_V) & np.isfinite(listed_V)
    if not known_V.any():
        return {}
    error_V = traced_V[known_V] - listed_V[known_V]
    several = len(error_V) > 1
    varies = several and np.ptp(traced_V[known_V]) > 0 and np.ptp(listed_V[known_V]) > 0
    return {
        "mae": float(np.abs(error_V).mean()),
        "bias": float(error_V.mean()),
        "sd": float(error_V.std(ddof=1)) if several else float("nan"),
        "r": float(np.corrcoef(traced_V[known_V], listed_V[known_V])[0, 1]) if varies else float("nan"),
        "n": float(len(error_V)),
    }
