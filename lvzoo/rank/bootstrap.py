"""Computes confidence intervals of means over patients by a paired bootstrap that resamples whole patients.

All models, frames and conditions use the same resamples. A patient's frames therefore stay together, and differences
between models are paired. The means of all resamples are the product of a matrix, which counts how often each patient
was drawn, with the scores. That matrix is made in blocks, so that memory stays bounded.

Letters: B resamples, P patients, M rows of scores (models, trials or conditions).
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
"""Resamples computed at a time: for 1,277 patients they take one megabyte, which fits into the processor's cache."""
FEWEST: Final = 2
"""The smallest number of patients that allows conclusions about other patients."""
TAILS: Final = ((1.0 - COVERAGE) / 2.0, (1.0 + COVERAGE) / 2.0)


def resample_counts(patients: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield blocks of the counts (B, P): how often each patient is drawn in each resample.

    Each resample draws P of the P patients with replacement.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, resamples, BLOCK):
        rows = min(BLOCK, resamples - start)
        drawn = rng.integers(0, patients, (rows, patients), dtype=np.int64)
        # One call of bincount counts all rows, because each row has its own range of numbers
        drawn += (np.arange(rows) * patients)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * patients)
        yield counts.reshape(rows, patients).astype(np.float64)


def resampled_means(scores_MP: NDArray[np.float64], *, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return the means over patients in each resample (B, M), for M rows of scores by patient.

    The same seed gives the same draws for any rows, so separate calls are paired too. A patient without a score (NaN)
    does not count in that row. A resample is NaN in a row if none of its patients has a score there. A row with fewer
    than two scored patients is NaN throughout, because resampling one patient would show no spread at all.

    `einsum` computes the sums, not a matrix product: the threads of BLAS wait for one another on a shared processor,
    which made this ten times slower, and the last bits of its sums depend on the number of threads.
    """
    patients = scores_MP.shape[1]
    blocks = resample_counts(patients, resamples=resamples, seed=seed)
    scored_MP = ~np.isnan(scores_MP)
    if scored_MP.all() and patients >= FEWEST:
        return np.concatenate([np.einsum("bp,mp->bm", counts, scores_MP) / patients for counts in blocks])
    scored_MP &= scored_MP.sum(axis=1, keepdims=True) >= FEWEST
    known_MP, weight_MP = np.where(scored_MP, scores_MP, 0.0), scored_MP.astype(np.float64)
    with np.errstate(invalid="ignore"):  # 0 / 0 if none of the drawn patients has a score
        return np.concatenate(
            [
                np.einsum("bp,mp->bm", counts, known_MP) / np.einsum("bp,mp->bm", counts, weight_MP)
                for counts in blocks
            ]
        )


def interval(means_BM: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the low and the high ends of each column's 95 % percentile interval.

    Resamples without a value (NaN) are left out. A column without any value gets NaN for both ends.
    """
    missing_M = np.isnan(means_BM).any(axis=0)
    low_M, high_M = np.quantile(means_BM, TAILS, axis=0)
    for m in np.flatnonzero(missing_M):
        known = means_BM[~np.isnan(means_BM[:, m]), m]
        if len(known):
            low_M[m], high_M[m] = np.quantile(known, TAILS)
    return low_M, high_M
