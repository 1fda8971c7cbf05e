"""Asks whether the order of models at home tells their order on other data sets and on poor pictures.

The orders are compared by Kendall's tau-b: the share of pairs of models in the same order minus the share of pairs in
the opposite order, corrected for ties. A user asks about pairs: is the better one of two models also the better one
elsewhere? Without ties, (1 + tau) / 2 is the share of pairs for which that holds. Spearman's rho has no such reading.

Letters: M models in the order of their ranking at home, B resamples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.bootstrap import interval
from lvzoo.rank.stability import kendall_tau
from lvzoo.types.across import FEWEST_GRADED, FEWEST_MODELS, POOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from lvzoo.rank.across_sets import Measure, Part, PreparedSet

ORDERS: Final = (
    *("set", "home", "quality", "predictor", "models", "tau", "tau_low", "tau_high"),
    *("advantage", "advantage_low", "advantage_high"),
)


def order_table(
    home: PreparedSet, strange: Sequence[PreparedSet], measures: Sequence[Measure]
) -> pd.DataFrame:
    """Return one row per target and predictor. Targets are clean Dice on a strange set, and on poor pictures."""
    rows = [
        row
        for each in (home, *strange)
        for quality in ("", *(label for label in each.qualities if label.casefold() == POOR))
        if each is not home or quality
        for row in _compare_orders(home, each, quality, measures)
    ]
    return pd.DataFrame(rows, columns=list(ORDERS))


def _compare_orders(
    home: PreparedSet, each: PreparedSet, quality: str, measures: Sequence[Measure]
) -> Iterator[Mapping[str, object]]:
    """Yield one row per predictor, for the target of one set and quality."""
    target: Part = (quality, "clean")
    tested = ~np.isnan(each.mean(target))
    target_M = each.mean(target)[tested]
    # the patients of home are the same in both orders, those of another set are not
    target_BM = (each.means[target] if each is home else each.independent_means(target))[:, tested]
    if quality and each.count_patients(quality) < FEWEST_GRADED:
        target_BM = np.full_like(target_BM, np.nan)
    taus = {measure: _correlate(home, measure, tested, target_M, target_BM) for measure in measures}
    for measure, (tau, tau_B) in taus.items():
        clean, clean_B = taus["clean"]
        gains = measure != "clean"
        yield {
            "set": each.name,
            "home": each is home,
            "quality": quality,
            "predictor": measure,
            "models": int(tested.sum()),
            **_with_ends("tau", tau, tau_B),
            **_with_ends(
                "advantage",
                tau - clean if gains else np.nan,
                tau_B - clean_B if gains else np.full(1, np.nan),
            ),
        }


def _correlate(
    home: PreparedSet,
    measure: Measure,
    tested_M: NDArray[np.bool_],
    target_M: NDArray[np.float64],
    target_BM: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """Return tau of the models' order at home and their order in the target, and the same in each resample (B)."""
    if len(target_M) < FEWEST_MODELS:
        return np.nan, np.full(len(target_BM), np.nan)
    own_M, own_BM = home.mean(("", measure))[tested_M], home.means["", measure][:, tested_M]
    return float(kendall_tau(own_M[None], target_M[None])[0]), kendall_tau(own_BM, target_BM)


def _with_ends(name: str, value: float, values_B: NDArray[np.float64]) -> dict[str, float]:
    low, high = interval(values_B[:, None])
    return {name: value, f"{name}_low": float(low[0]), f"{name}_high": float(high[0])}
