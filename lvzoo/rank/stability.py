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

FEWEST: Final = 2
"""The smallest number of models that have an order."""
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
    """
    if len(headline_M) < FEWEST or np.isnan(headline_BM).any():
        return float("nan")
    return float(kendall_tau(headline_M[None], headline_BM).mean())


def kendall_tau(one_BM: NDArray[np.float64], other_BM: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Kendall's tau-b between the orders of the models in each row of two arrays (B).

    If one array has a single row, it meets every row of the other one. tau is NaN where a score is NaN.

    tau-b = (concordant - discordant pairs) / sqrt(pairs without a tie in one order * the same in the other order).
    If all models are tied in one order, this is 0 / 0; tau is then 1 if all are tied in the other order too, else 0.
    """
    # In blocks, so that a block's table of all pairs of models fits into memory
    largest = max(one_BM.size, other_BM.size)
    blocks = 1 + largest * one_BM.shape[1] // MOST_CELLS
    rows = np.array_split(np.arange(max(len(one_BM), len(other_BM))), blocks)
    return np.concatenate(
        [_kendall_tau(_take_rows(one_BM, some), _take_rows(other_BM, some)) for some in rows]
    )


def _take_rows(scores_BM: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return scores_BM if len(scores_BM) == 1 else scores_BM[rows]


def _kendall_tau(one_BM: NDArray[np.float64], other_BM: NDArray[np.float64]) -> NDArray[np.float64]:
    # For each pair of models: 1 or -1 for the order, 0 for a tie. The product of two signs is 1 if they agree
    one_BK, other_BK = _find_signs(one_BM), _find_signs(other_BM)
    agreed_B = (one_BK * other_BK).sum(axis=1)
    untied_B, other_untied_B = (np.abs(sign_BK).sum(axis=1) for sign_BK in (one_BK, other_BK))
    tau_B = np.where((untied_B == 0) & (other_untied_B == 0), 1.0, 0.0)
    product_B = untied_B * other_untied_B
    np.divide(agreed_B, np.sqrt(product_B), out=tau_B, where=product_B > 0)
    return np.where(np.isnan(agreed_B), np.nan, tau_B)


def _find_signs(scores_BM: NDArray[np.float64]) -> NDArray[np.float64]:
    first, second = np.triu_indices(scores_BM.shape[1], k=1)
    return np.sign((scores_BM[:, first] - scores_BM[:, second]).round(DIGITS))
