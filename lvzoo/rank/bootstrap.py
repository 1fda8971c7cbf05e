"""How sure a mean over patients is: the paired bootstrap, with whole patients as its clusters.

All models, both frames of a patient and all conditions move together, since every column of scores meets the same
draws: differences between models are paired. One matrix of how often each patient was drawn, times the scores,
gives the means of all resamples at once; it is made in blocks, so that memory stays bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

RESAMPLES: Final = 10_000
COVERAGE: Final = 0.95
BLOCK: Final = 100
"""Resamples at a time: for 1,277 patients a megabyte, which the processor's cache holds."""
FEWEST: Final = 2
"""Patients from which something can be said of others."""
TAILS: Final = ((1.0 - COVERAGE) / 2.0, (1.0 + COVERAGE) / 2.0)


def resample_counts(patients: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield, block by block, how often each patient is drawn in each resample: (resamples, patients) in all.

    Each resample draws as many patients as there are, with replacement.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, resamples, BLOCK):
        rows = min(BLOCK, resamples - start)
        drawn = rng.integers(0, patients, (rows, patients), dtype=np.int64)
        drawn += (np.arange(rows) * patients)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * patients)
        yield counts.reshape(rows, patients).astype(np.float64)


def resampled_means(scores_MP: NDArray[np.float64], *, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return the means over patients in each resample, (resamples, M), for M rows of per-patient scores.

    The same seed gives the same draws for any rows: matrices resampled one by one are paired all the same.
    A patient without a score (NaN) does not count in that row; a resample that draws no other has NaN there. A row
    with fewer than two scored patients is NaN throughout: resampling one patient would show no spread at all.
    The sums are not left to BLAS: its threads wait for one another where the processor is shared, which made
    this ten times slower, and its last bits depend on how many there are.
    """
    patients = scores_MP.shape[1]
    blocks = resample_counts(patients, resamples=resamples, seed=seed)
    scored_MP = ~np.isnan(scores_MP)
    if scored_MP.all() and patients >= FEWEST:
        return np.concatenate([np.einsum("bp,mp->bm", counts, scores_MP) / patients for counts in blocks])
    scored_MP &= scored_MP.sum(axis=1, keepdims=True) >= FEWEST
    known_MP, weight_MP = np.where(scored_MP, scores_MP, 0.0), scored_MP.astype(np.float64)
    with np.errstate(invalid="ignore"):  # 0 / 0: none of the drawn patients has a score
        return np.concatenate(
            [
                np.einsum("bp,mp->bm", counts, known_MP) / np.einsum("bp,mp->bm", counts, weight_MP)
                for counts in blocks
            ]
        )


def interval(means_BM: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the percentile interval of 95 % of each column: its low and its high ends.

    Resamples without a value (NaN) do not count; a column without any has the interval NaN to NaN.
    """
    missing_M = np.isnan(means_BM).any(axis=0)
    low_M, high_M = np.quantile(means_BM, TAILS, axis=0)
    for m in np.flatnonzero(missing_M):
        known = means_BM[~np.isnan(means_BM[:, m]), m]
        if len(known):
            low_M[m], high_M[m] = np.quantile(known, TAILS)
    return low_M, high_M
