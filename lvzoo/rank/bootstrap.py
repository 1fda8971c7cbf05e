"""Computes confidence intervals of means over patients by a paired bootstrap that resamples whole patients.

All models, frames and conditions use the same resamples. A patient's frames therefore stay together, and differences
between models are paired. The means of all resamples are the product of a matrix, which counts how often each patient
was drawn, with the scores. That matrix is made in blocks, so that memory stays bounded.

Letters: B resamples, P patients, M rows of scores (models, trials or conditions), K of these means.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from lvzoo.processes import count_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

Part = TypeVar("Part")
RESAMPLES: Final = 10_000
COVERAGE: Final = 0.95
BLOCK: Final = 100
"""Resamples computed at a time: for 1,277 patients they take one megabyte, which fits into the processor's cache."""
FEWEST: Final = 2
"""The smallest number of patients that allows conclusions about other patients."""
TAILS: Final = ((1.0 - COVERAGE) / 2.0, (1.0 + COVERAGE) / 2.0)
MOST_KEPT: Final = 20_000_000
"""The number of counts that are kept for the next call, at two bytes each: 10,000 resamples of 1,277 patients fit."""
MANY_ROWS: Final = 100
"""Fewer rows than this are not worth a thread."""


def resample_counts(patients: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield blocks of the counts (B, P): how often each patient is drawn in each resample.

    Each resample draws P of the P patients with replacement.
    """
    if resamples * patients <= MOST_KEPT:
        blocks: Iterable[NDArray[np.uint16]] = _draw_once(patients, resamples=resamples, seed=seed)
    else:
        blocks = _draw(patients, resamples=resamples, seed=seed)
    for counts in blocks:
        yield counts.astype(np.float64)


@functools.lru_cache(maxsize=1)
def _draw_once(patients: int, *, resamples: int, seed: int) -> tuple[NDArray[np.uint16], ...]:
    return tuple(_draw(patients, resamples=resamples, seed=seed))


def _draw(patients: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    rng = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, resamples, BLOCK):
        rows = min(BLOCK, resamples - start)
        drawn = rng.integers(0, patients, (rows, patients), dtype=np.int64)
        # One call of bincount counts all rows, because each row has its own range of numbers
        drawn += (np.arange(rows) * patients)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * patients)
        yield counts.reshape(rows, patients).astype(np.uint16)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bootstrap:
    """The resamples of one bootstrap; all its results are paired."""

    resamples: int
    seed: int

    def means(self, scores_MP: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of each row in each resample (B, M)."""
        work = partial(resampled_means, resamples=self.resamples, seed=self.seed)
        return np.concatenate(_share_rows(work, scores_MP), axis=1)

    def intervals(self, scores_MP: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the ends of the interval of each row's mean, (M) and (M)."""

        def work(rows_MP: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            return interval(resampled_means(rows_MP, resamples=self.resamples, seed=self.seed))

        low_M, high_M = map(np.concatenate, zip(*_share_rows(work, scores_MP), strict=True))
        return low_M, high_M


def _share_rows(work: Callable[[NDArray[np.float64]], Part], scores_MP: NDArray[np.float64]) -> list[Part]:
    """Return the results of parts of the rows, which threads work on. No row's result depends on other rows."""
    threads = max(1, min(count_workers(), len(scores_MP) // MANY_ROWS))
    with ThreadPoolExecutor(threads) as pool, threadpool_limits(1, "blas"):
        return list(pool.map(work, np.array_split(scores_MP, threads)))


def resampled_means(scores_MP: NDArray[np.float64], *, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return the means over patients in each resample (B, M), for M rows of scores by patient.

    The same seed gives the same draws for any rows, so separate calls are paired too. A patient without a score (NaN)
    does not count in that row. A resample is NaN in a row if none of its patients has a score there. A row with fewer
    than two scored patients is NaN throughout, because resampling one patient would show no spread at all.

    The scores are rounded first, so that their sums are exact (`round_for_exact_sums`). BLAS can then compute their
    products with the counts, although its order of adding depends on the processor and on the number of threads.
    """
    known_MP, scored_UP, set_M = _find_scored(scores_MP)
    exact_MP = round_for_exact_sums(known_MP)
    with np.errstate(invalid="ignore"):  # 0 / 0 if none of the drawn patients has a score
        return np.concatenate(
            [
                (counts @ exact_MP.T) / (counts @ scored_UP.T)[:, set_M]
                for counts in resample_counts(scores_MP.shape[1], resamples=resamples, seed=seed)
            ]
        )


def round_for_exact_sums(scores_MP: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scores, rounded so that every sum of P of a row's scores is exact, in any order.

    Each score is rounded towards 0, to a multiple of a power of two. A sum of P such numbers is a multiple of it too,
    and below 2^53 times as large, so a float64 holds it without rounding. For 1,277 patients and a Dice of at most 1
    the power is 2^-42: no score changes by more than 3e-13.
    """
    largest_M1 = scores_MP.shape[1] * np.abs(scores_MP).max(axis=1, keepdims=True)
    power_M1 = np.frexp(largest_M1)[1] - np.finfo(np.float64).nmant - 1
    return np.asarray(np.ldexp(np.trunc(np.ldexp(scores_MP, -power_M1)), power_M1), dtype=np.float64)


def _find_scored(
    scores_MP: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the scores with 0 for NaN, the sets of patients with a score (U, P; 1 or 0), and the set of each row.

    Most rows have the same set. The set of a row with fewer than two such patients is empty.
    """
    scored_MP = ~np.isnan(scores_MP)
    scored_MP &= scored_MP.sum(axis=1, keepdims=True) >= FEWEST
    if scored_MP.all():
        return scores_MP, np.ones((1, scores_MP.shape[1])), np.zeros(len(scores_MP), dtype=np.int64)
    scored_UP, set_M = np.unique(scored_MP, axis=0, return_inverse=True)
    return np.where(scored_MP, scores_MP, 0.0), scored_UP.astype(np.float64), set_M.reshape(-1)


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
