"""Measures how stable the order is: the ranks over the resamples, and how well their orders agree with the ranking.

Letters: B resamples, M models, K pairs of models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.bootstrap import TAILS
from lvzoo.rank.patients import DIGITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CELLS: Final = 4_000_000
"""About how many pairs of models, over all resamples of a block, are compared at once."""


def ranks(scores_M: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the ranks along the last axis: 1 plus the number of models that score more; equals share a rank."""
    columns = pd.DataFrame(-scores_M.round(DIGITS).reshape(-1, scores_M.shape[-1]).T)
    return columns.rank(method="min").to_numpy(dtype=np.int64).T.reshape(scores_M.shape)


def rank_columns(headline_BM: NDArray[np.float64]) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Return the 95 % interval of each model's rank over the resamples, and the share in which it is first.

    The ends are quantiles by the inverse of the empirical distribution, so they are ranks that occurred. Models that
    share the first rank are both first. All values are NaN if the resamples are NaN, which happens with one patient.
    """
    if np.isnan(headline_BM).any():
        unknown_M = np.full(headline_BM.shape[1], np.nan)
        return {"rank_low": unknown_M, "rank_high": unknown_M, "p_first": unknown_M}
    rank_BM = ranks(headline_BM)
    low_M, high_M = np.quantile(rank_BM, TAILS, axis=0, method="inverted_cdf").astype(np.int64)
    return {"rank_low": low_M, "rank_high": high_M, "p_first": (rank_BM == 1).mean(axis=0)}


def mean_kendall_tau(headline_M: NDArray[np.float64], headline_BM: NDArray[np.float64]) -> float:
    """Return the mean over resamples of Kendall's tau-b between each resample's order and the ranking.

    1 if all agree. NaN with fewer than two models, or if the resamples are NaN, which happens with one patient.

    tau-b = (concordant - discordant pairs) / sqrt(pairs without a tie in one order * the same in the other order).
    If all models are tied in one order, this is 0 / 0; tau is then 1 if all are tied in the other order too, else 0.
    """
    first, second = np.triu_indices(len(headline_M), k=1)
    if not len(first) or np.isnan(headline_BM).any():
        return float("nan")
    # For each pair of models: 1 or -1 for the order, 0 for a tie. The product of two signs is 1 if they agree
    full_K = np.sign((headline_M[first] - headline_M[second]).round(DIGITS))
    agreed_B, untied_B = np.empty(len(headline_BM)), np.empty(len(headline_BM))
    # In blocks, so that a block's table of all pairs of models fits into memory
    blocks = 1 + headline_BM.size * len(headline_M) // MOST_CELLS
    for rows in np.array_split(np.arange(len(headline_BM)), blocks):
        sign_BK = np.sign((headline_BM[rows][:, first] - headline_BM[rows][:, second]).round(DIGITS))
        agreed_B[rows], untied_B[rows] = sign_BK @ full_K, np.abs(sign_BK).sum(axis=1)
    untied = np.abs(full_K).sum()
    tau_B = np.where((untied == 0) & (untied_B == 0), 1.0, 0.0)
    comparable_B = (untied > 0) & (untied_B > 0)
    tau_B[comparable_B] = agreed_B[comparable_B] / np.sqrt(untied * untied_B[comparable_B])
    return float(tau_B.mean())
