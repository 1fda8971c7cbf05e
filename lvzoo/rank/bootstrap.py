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
"""Fewer rows than this are not worth a thread, nor the way in which `interval_of_means` saves time."""


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
        work = partial(interval_of_means, resamples=self.resamples, seed=self.seed)
        low_M, high_M = map(np.concatenate, zip(*_share_rows(work, scores_MP), strict=True))
        return low_M, high_M


def _share_rows(work: Callable[[NDArray[np.float64]], Part], scores_MP: NDArray[np.float64]) -> list[Part]:
    """Return the results of parts of the rows, which threads work on. No row's result depends on other rows."""
    threads = max(1, min(count_workers(), len(scores_MP) // MANY_ROWS))
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, np.array_split(scores_MP, threads)))


def resampled_means(scores_MP: NDArray[np.float64], *, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return the means over patients in each resample (B, M), for M rows of scores by patient.

    The same seed gives the same draws for any rows, so separate calls are paired too. A patient without a score (NaN)
    does not count in that row. A resample is NaN in a row if none of its patients has a score there. A row with fewer
    than two scored patients is NaN throughout, because resampling one patient would show no spread at all.

    `einsum` computes the sums, not a matrix product: the threads of BLAS wait for one another on a shared processor,
    which made this ten times slower, and the last bits of its sums depend on the number of threads.
    """
    known_MP, scored_UP, set_M = _find_scored(scores_MP)
    with np.errstate(invalid="ignore"):  # 0 / 0 if none of the drawn patients has a score
        return np.concatenate(
            [
                np.einsum("bp,mp->bm", counts, known_MP) / np.einsum("bp,up->bu", counts, scored_UP)[:, set_M]
                for counts in resample_counts(scores_MP.shape[1], resamples=resamples, seed=seed)
            ]
        )


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


def interval_of_means(
    scores_MP: NDArray[np.float64], *, resamples: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the same as `interval(resampled_means(...))`, bit for bit, but for many rows in a fifth of the time.

    The ends of an interval depend on few of a row's means: those beside the ends in sorted order. A matrix product of
    BLAS finds them. Its rounding errors are bounded, so all means that may lie beside an end are known. These are
    computed again as `resampled_means` does it.
    """
    known_MP, scored_UP, set_M = _find_scored(scores_MP)
    if len(scores_MP) < MANY_ROWS or not scored_UP.any(axis=1).all():
        return interval(resampled_means(scores_MP, resamples=resamples, seed=seed))

    def draw() -> Iterator[NDArray[np.float64]]:
        return resample_counts(scores_MP.shape[1], resamples=resamples, seed=seed)

    weight_UB = np.concatenate([np.einsum("up,bp->ub", scored_UP, counts) for counts in draw()], axis=1)
    if not weight_UB.all():  # a resample without a score
        return interval(resampled_means(scores_MP, resamples=resamples, seed=seed))
    means_MB = np.concatenate([known_MP @ counts.T for counts in draw()], axis=1)
    means_MB /= weight_UB[set_M]
    row_K, resample_K = _find_beside_ends(means_MB, _bound_rounding(known_MP))
    for number, counts in enumerate(draw()):
        here = slice(*np.searchsorted(resample_K, [number * BLOCK, (number + 1) * BLOCK]))
        rows, drawn = row_K[here], resample_K[here]
        sum_K = np.einsum("kp,kp->k", counts[drawn - number * BLOCK], known_MP[rows])
        means_MB[rows, drawn] = sum_K / weight_UB[set_M[rows], drawn]
    return interval(means_MB.T)


def _bound_rounding(scores_MP: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far two computations of a row's mean may be apart if they add in different orders.

    The error of a sum of n products is below n eps / 2 times the sum of their sizes, in any order (Higham 2002,
    Accuracy and Stability of Numerical Algorithms, 3.1). The bound is twice what follows from this.
    """
    patients = scores_MP.shape[1]
    return np.asarray(2 * (patients + 2) * np.finfo(np.float64).eps * np.abs(scores_MP).max(axis=1))


def _find_beside_ends(
    means_MB: NDArray[np.float64], rounding_M: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and the resamples of all means that may lie beside an end of an interval, by resample."""
    below = [int(tail * (means_MB.shape[1] - 1)) for tail in TAILS]
    beside = sorted({min(each + step, means_MB.shape[1] - 1) for each in below for step in (0, 1)})
    sorted_MB = np.partition(means_MB, beside, axis=1)
    found: list[NDArray[np.int64]] = []
    for row, mean_B in enumerate(means_MB):
        near_B = np.zeros(len(mean_B), dtype=np.bool_)
        for mean in sorted_MB[row, beside]:
            near_B |= np.abs(mean_B - mean) <= 2 * rounding_M[row]
        resample_K = np.flatnonzero(near_B)
        found.append(np.stack([np.full_like(resample_K, row), resample_K]))
    row_K, resample_K = np.concatenate(found, axis=1)
    order_K = np.argsort(resample_K, kind="stable")
    return row_K[order_K], resample_K[order_K]
