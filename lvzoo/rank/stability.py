"""How firm the order is: the ranks over the resamples, and how far their orders agree with the ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvzoo.rank.bootstrap import TAILS
from lvzoo.rank.patients import DIGITS

if TYPE_CHECKING:
    from numpy.typing import NDArray


def ranks(scores_M: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the ranks along the last axis: 1 and the number of models that score more, so equals share one."""
    rounded = scores_M.round(DIGITS)
    return np.asarray((rounded[..., None, :] > rounded[..., :, None]).sum(axis=-1) + 1, dtype=np.int64)


def rank_columns(headline_BM: NDArray[np.float64]) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Return each model's 95 % interval of the rank over B resamples, and the share in which it is first.

    The ends are ranks that occurred: the inverse of the empirical distribution. Models that share the first
    rank are both first. All are NaN where the resamples are, as of one patient.
    """
    if np.isnan(headline_BM).any():
        unknown_M = np.full(headline_BM.shape[1], np.nan)
        return {"rank_low": unknown_M, "rank_high": unknown_M, "p_first": unknown_M}
    rank_BM = np.concatenate([ranks(block) for block in np.array_split(headline_BM, _blocks(headline_BM))])
    low_M, high_M = np.quantile(rank_BM, TAILS, axis=0, method="inverted_cdf").astype(np.int64)
    return {"rank_low": low_M, "rank_high": high_M, "p_first": (rank_BM == 1).mean(axis=0)}


def mean_kendall_tau(headline_M: NDArray[np.float64], headline_BM: NDArray[np.float64]) -> float:
    """Return the mean over resamples of Kendall's tau-b between each resample's order and the ranking.

    1 where all agree; NaN with fewer than two models, or where the resamples are, as of one patient. Where one order
    is all ties, tau is 1 if so is the other, else 0.
    """
    first, second = np.triu_indices(len(headline_M), k=1)
    if not len(first) or np.isnan(headline_BM).any():
        return float("nan")
    full_K = np.sign((headline_M[first] - headline_M[second]).round(DIGITS))
    agreed_B, untied_B = np.empty(len(headline_BM)), np.empty(len(headline_BM))
    for rows in np.array_split(np.arange(len(headline_BM)), _blocks(headline_BM)):
        sign_BK = np.sign((headline_BM[rows][:, first] - headline_BM[rows][:, second]).round(DIGITS))
        agreed_B[rows], untied_B[rows] = sign_BK @ full_K, np.abs(sign_BK).sum(axis=1)
    untied = np.abs(full_K).sum()
    tau_B = np.full(len(headline_BM), 1.0 if untied == 0 else 0.0)
    tau_B[(untied == 0) & (untied_B > 0)] = 0.0
    comparable_B = (untied > 0) & (untied_B > 0)
    tau_B[comparable_B] = agreed_B[comparable_B] / np.sqrt(untied * untied_B[comparable_B])
    return float(tau_B.mean())


def _blocks(headline_BM: NDArray[np.float64]) -> int:
    """Into how many blocks resamples are cut, so that a table of pairs of models has a few million cells."""
    resamples, models = headline_BM.shape
    return 1 + int(resamples * models**2) // 4_000_000
