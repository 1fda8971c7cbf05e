"""How far two boundaries lie apart: surface Dice (NSD), HD95 and ASSD, in pixels of the frame.

A mask's boundary is the mask minus its erosion by the 4-neighbour cross; beyond the frame is background. Distances
are Euclidean, between the centres of boundary pixels. Libraries differ in these choices by far more than models do
(Podobnik & Vrtovec 2024, arXiv 2410.02630), so they are fixed here. The squares of distances are whole numbers,
and one small matrix product a frame gives them exactly.

Letters beside those of `lvzoo.types`: Q boundary pixels of all masks together, A and B boundary pixels of each of
two masks, padded to the longest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PERCENTILE: Final = 0.95
FRAMES_AT_ONCE: Final = 16
"""Frames whose distances are computed together: few enough that their matrices stay in a processor's cache."""
MOST_PAIRS: Final = 2**22
"""Pairs of points computed together. Beyond it, in masks that are all specks, frames are taken one by one."""
EXACT_IN_FLOAT32: Final = 2**23
"""Frames whose squared diagonal is smaller have squared distances that float32 computes exactly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Boundaries:
    """The boundary pixels of N masks, mask after mask: mask n has `counts_N[n]` of them, from `starts_N[n]` on."""

    points_Q2: NDArray[np.floating]
    """(x, y) of each pixel."""
    starts_N: NDArray[np.int64]
    counts_N: NDArray[np.int64]
    size_HW: tuple[int, int]

    def __len__(self) -> int:
        """N, the number of masks."""
        return len(self.counts_N)

    def padded(self, frames: slice) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """Return the points (n, A, 2) of some masks, and which of them count (n, A).

        Those that do not count repeat the mask's first point, so that no nearest point changes; the points of an
        empty mask mean nothing.
        """
        counts_N1, starts_N1 = self.counts_N[frames, None], self.starts_N[frames, None]
        place_1A = np.arange(max(int(counts_N1.max(initial=0)), 1))[None]
        counted_NA = place_1A < counts_N1
        return self.points_Q2.take(starts_N1 + place_1A * counted_NA, axis=0, mode="clip"), counted_NA


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundaryScores:
    """Surface Dice at 1 and 2 px (fractions), HD95 and ASSD (px) of each frame."""

    nsd1_N: NDArray[np.float64]
    nsd2_N: NDArray[np.float64]
    hd95_N: NDArray[np.float64]
    assd_N: NDArray[np.float64]


def boundaries(masks_NHW: NDArray[np.bool_]) -> Boundaries:
    """Return the boundary pixels of masks. References need this once, whatever is compared with them."""
    frames, rows, columns = masks_NHW.shape
    edges_NHW = _edges(np.ascontiguousarray(masks_NHW))
    frame_Q, pixel_Q = np.divmod(np.flatnonzero(edges_NHW), rows * columns)
    y_Q, x_Q = np.divmod(pixel_Q, columns)
    counts_N = np.bincount(frame_Q, minlength=frames)
    exact = np.dtype(np.float32 if rows**2 + columns**2 < EXACT_IN_FLOAT32 else np.float64)
    points_Q2: NDArray[np.floating] = np.stack([x_Q, y_Q], axis=1).astype(exact)
    return Boundaries(
        points_Q2=points_Q2 if len(points_Q2) else np.zeros((1, 2), dtype=exact),
        starts_N=np.cumsum(counts_N) - counts_N,
        counts_N=counts_N,
        size_HW=(rows, columns),
    )


def _edges(masks_NHW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return each mask minus its erosion by the 4-neighbour cross.

    The four neighbours are shifts of all frames as one line of pixels. Where that runs over a frame's border it
    finds the wrong neighbour, but there nothing survives the erosion anyway.
    """
    eroded_NHW = masks_NHW.copy()
    line, eroded = masks_NHW.reshape(-1), eroded_NHW.reshape(-1)
    for step in (1, masks_NHW.shape[2]):
        eroded[step:] &= line[:-step]
        eroded[:-step] &= line[step:]
    eroded_NHW[:, [0, -1], :] = False
    eroded_NHW[:, :, [0, -1]] = False
    return masks_NHW & ~eroded_NHW


def boundary_scores(predicted: Boundaries, reference: Boundaries) -> BoundaryScores:
    """Return how far the boundaries of N predictions lie from those of their references.

    With d a boundary pixel's distance from the other mask's boundary:
        NSD at tau = share of both masks' boundary pixels with d <= tau (Nikolov et al. 2018, arXiv 1809.04430);
        HD95 = the larger of the two directions' 95th percentiles of d, each interpolated linearly;
        ASSD = mean of d over both masks' boundary pixels together.

    Where one mask is empty, NSD is 0 and the distances are the frame's diagonal: left out, such a failure would be
    rewarded. Where both are empty they agree: 1 and 0.
    """
    if len(predicted) != len(reference) or predicted.size_HW != reference.size_HW:
        raise ValueError(
            f"boundaries of {len(predicted)} masks of {predicted.size_HW} and of {len(reference)} of "
            f"{reference.size_HW} cannot be compared"
        )
    scores_4N = np.empty((4, len(predicted)))
    for frames in _portions(predicted.counts_N, reference.counts_N):
        scores_4N[:, frames] = _some_scores(predicted, reference, frames)
    diagonal_px = float(np.hypot(*predicted.size_HW))
    no_prediction_N, no_reference_N = predicted.counts_N == 0, reference.counts_N == 0
    scores_4N[:, no_prediction_N | no_reference_N] = np.array([[0, 0, diagonal_px, diagonal_px]]).T
    scores_4N[:, no_prediction_N & no_reference_N] = np.array([[1, 1, 0, 0]]).T
    nsd1_N, nsd2_N, hd95_N, assd_N = scores_4N
    return BoundaryScores(nsd1_N=nsd1_N, nsd2_N=nsd2_N, hd95_N=hd95_N, assd_N=assd_N)


def _portions(counts_N: NDArray[np.int64], other_counts_N: NDArray[np.int64]) -> Iterator[slice]:
    """Yield the frames to be computed together, in order."""
    for start in range(0, len(counts_N), FRAMES_AT_ONCE):
        stop = min(start + FRAMES_AT_ONCE, len(counts_N))
        pairs = int(counts_N[start:stop].max() * other_counts_N[start:stop].max()) * (stop - start)
        step = FRAMES_AT_ONCE if pairs <= MOST_PAIRS else 1
        yield from (slice(first, min(first + step, stop)) for first in range(start, stop, step))


def _some_scores(predicted: Boundaries, reference: Boundaries, frames: slice) -> NDArray[np.float64]:
    """Return NSD at 1 and 2 px, HD95 and ASSD (4, n) of some frames; those of empty masks mean nothing."""
    ahead_NA, back_NB = _squared_distances(predicted, reference, frames)
    counts_N = np.maximum(predicted.counts_N[frames] + reference.counts_N[frames], 1)
    near_2N = [np.sum(ahead_NA <= tau**2, 1) + np.sum(back_NB <= tau**2, 1) for tau in (1, 2)]
    ahead_NA, back_NB = np.sqrt(ahead_NA, dtype=np.float64), np.sqrt(back_NB, dtype=np.float64)
    hd95_N = np.maximum(
        _percentile(ahead_NA, predicted.counts_N[frames]), _percentile(back_NB, reference.counts_N[frames])
    )
    sum_N = sum(np.sum(each, axis=1, where=np.isfinite(each)) for each in (ahead_NA, back_NB))
    return np.stack([near_2N[0] / counts_N, near_2N[1] / counts_N, hd95_N, sum_N / counts_N])


def _squared_distances(
    predicted: Boundaries, reference: Boundaries, frames: slice
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return each boundary pixel's squared distance to the other boundary, both ways; infinite where none counts.

    `|a - b|^2 = -2 a.b + |a|^2 + |b|^2` is the product of the rows (-2 x, -2 y, 1, |a|^2) and (x, y, |b|^2, 1).
    """
    points_NA2, counted_NA = predicted.padded(frames)
    others_NB2, counted_NB = reference.padded(frames)
    ones_NA1, ones_NB1 = np.ones_like(points_NA2[..., :1]), np.ones_like(others_NB2[..., :1])
    square_NA1 = np.square(points_NA2).sum(axis=2, keepdims=True)
    square_NB1 = np.square(others_NB2).sum(axis=2, keepdims=True)
    left_NA4 = np.concatenate([-2 * points_NA2, ones_NA1, square_NA1], axis=2)
    right_NB4 = np.concatenate([others_NB2, square_NB1, ones_NB1], axis=2)
    squares_NAB = left_NA4 @ right_NB4.transpose(0, 2, 1)
    return (
        np.where(counted_NA, squares_NAB.min(axis=2), np.inf),
        np.where(counted_NB, squares_NAB.min(axis=1), np.inf),
    )


def _percentile(distances_NA: NDArray[np.float64], counts_N: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the 95th percentile of each row's first `counts_N` values in order, interpolated linearly."""
    in_order_NA = np.sort(distances_NA, axis=1)
    place_N = PERCENTILE * np.maximum(counts_N - 1, 0)
    below_N = place_N.astype(np.intp)
    rows_N = np.arange(len(counts_N))
    low_N = in_order_NA[rows_N, below_N]
    high_N = in_order_NA[rows_N, np.minimum(below_N + 1, np.maximum(counts_N - 1, 0))]
    with np.errstate(invalid="ignore"):  # empty masks: infinite
        return np.asarray(low_N + (high_N - low_N) * (place_N - below_N))
