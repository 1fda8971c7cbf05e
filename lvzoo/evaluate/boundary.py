"""Measures the distance between two boundaries: surface Dice (NSD), HD95 and ASSD, in pixels of the frame.

A mask's boundary is the mask minus its erosion by the 4-neighbour cross; pixels outside the frame are background.
Distances are Euclidean, between the centres of boundary pixels. Libraries differ in these choices, and the choice
changes the numbers by far more than models differ (Podobnik & Vrtovec 2024, arXiv 2410.02630), so it is fixed here.
Squared distances are whole numbers, and one small matrix product per frame computes them exactly.

Letters in addition to those of `lvzoo.types`: Q boundary pixels of all masks together; A and B boundary pixels of one
predicted and of one reference mask, padded to the longest mask.
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
"""Frames computed together: so few that their distance matrices stay in the processor's cache."""
MOST_PAIRS: Final = 2**22
"""Pairs of points computed together. Frames with more pairs (masks full of specks) are computed one by one."""
EXACT_IN_FLOAT32: Final = 2**23
"""If a frame's squared diagonal is smaller than this, float32 computes its squared distances exactly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Boundaries:
    """The boundary pixels of N masks, mask by mask. Mask n has `counts_N[n]` of them, from index `starts_N[n]` on."""

    points_Q2: NDArray[np.floating]
    """(x, y) of each pixel."""
    starts_N: NDArray[np.int64]
    counts_N: NDArray[np.int64]
    size_HW: tuple[int, int]

    def __len__(self) -> int:
        """N, the number of masks."""
        return len(self.counts_N)

    def pad(self, frames: slice) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """Return the points (n, A, 2) of some masks, padded to the longest, and which of them are real points (n, A).

        The padding repeats the mask's first point, so that no nearest distance changes. The points of an empty mask
        are arbitrary.
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
    """Return the boundary pixels of masks. Compute those of references once and use them for all predictions."""
    frames, rows, columns = masks_NHW.shape
    edges_NHW = _find_edges(np.ascontiguousarray(masks_NHW))
    frame_Q, pixel_Q = np.divmod(np.flatnonzero(edges_NHW), rows * columns)
    y_Q, x_Q = np.divmod(pixel_Q, columns)
    counts_N = np.bincount(frame_Q, minlength=frames)
    # float32 is faster where it is exact
    exact = np.dtype(np.float32 if rows**2 + columns**2 < EXACT_IN_FLOAT32 else np.float64)
    points_Q2: NDArray[np.floating] = np.stack([x_Q, y_Q], axis=1).astype(exact)
    return Boundaries(
        points_Q2=points_Q2 if len(points_Q2) else np.zeros((1, 2), dtype=exact),
        starts_N=np.cumsum(counts_N) - counts_N,
        counts_N=counts_N,
        size_HW=(rows, columns),
    )


def _find_edges(masks_NHW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return each mask minus its erosion by the 4-neighbour cross.

    All frames are treated as one line of pixels, so the four neighbours are shifts of this line. Across a frame's
    border a shift gives a wrong neighbour, but border pixels never survive the erosion and are set to False.
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
    """Return the boundary scores of N predictions against their references.

    With d the distance of a boundary pixel to the other mask's boundary:
        NSD at tau = share of both masks' boundary pixels with d <= tau (Nikolov et al. 2018, arXiv 1809.04430);
        HD95 = the larger one of the 95th percentiles of d in the two directions, each interpolated linearly;
        ASSD = mean of d over the boundary pixels of both masks together.

    If one mask is empty, NSD is 0 and the distances are the frame's diagonal. To leave such a failure out would
    reward it. If both are empty, they agree: NSD is 1 and the distances are 0.

    Raises:
        ValueError: the two have different numbers of masks or different frame sizes (a bug in lvzoo).
    """
    if len(predicted) != len(reference) or predicted.size_HW != reference.size_HW:
        raise ValueError(
            f"boundaries of {len(predicted)} masks of size {predicted.size_HW} and of {len(reference)} masks of size "
            f"{reference.size_HW} cannot be compared"
        )
    scores_4N = np.empty((4, len(predicted)))
    for frames in _split_frames(predicted.counts_N, reference.counts_N):
        scores_4N[:, frames] = _score_frames(predicted, reference, frames)

    diagonal_px = float(np.hypot(*predicted.size_HW))
    no_prediction_N, no_reference_N = predicted.counts_N == 0, reference.counts_N == 0
    scores_4N[:, no_prediction_N | no_reference_N] = np.array([[0, 0, diagonal_px, diagonal_px]]).T
    scores_4N[:, no_prediction_N & no_reference_N] = np.array([[1, 1, 0, 0]]).T
    nsd1_N, nsd2_N, hd95_N, assd_N = scores_4N
    return BoundaryScores(nsd1_N=nsd1_N, nsd2_N=nsd2_N, hd95_N=hd95_N, assd_N=assd_N)


def _split_frames(counts_N: NDArray[np.int64], other_counts_N: NDArray[np.int64]) -> Iterator[slice]:
    """Yield slices of frames to compute together, in order."""
    for start in range(0, len(counts_N), FRAMES_AT_ONCE):
        stop = min(start + FRAMES_AT_ONCE, len(counts_N))
        pairs = int(counts_N[start:stop].max() * other_counts_N[start:stop].max()) * (stop - start)
        step = FRAMES_AT_ONCE if pairs <= MOST_PAIRS else 1
        yield from (slice(first, min(first + step, stop)) for first in range(start, stop, step))


def _score_frames(predicted: Boundaries, reference: Boundaries, frames: slice) -> NDArray[np.float64]:
    """Return NSD at 1 and 2 px, HD95 and ASSD (4, n) of some frames. Scores of empty masks are arbitrary."""
    ahead_NA, back_NB = _squared_distances(predicted, reference, frames)
    counts_N = np.maximum(predicted.counts_N[frames] + reference.counts_N[frames], 1)
    # Padded points are infinitely far: they are never near, are sorted last, and are left out of the sum
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
    """Return the squared distance of each boundary pixel to the other boundary, in both directions.

    It is infinite for padding. `|a - b|^2 = -2 a.b + |a|^2 + |b|^2` is the scalar product of
    (-2 x, -2 y, 1, |a|^2) and (x, y, |b|^2, 1), so one matrix product gives all pairs.
    """
    points_NA2, counted_NA = predicted.pad(frames)
    others_NB2, counted_NB = reference.pad(frames)
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
    """Return the 95th percentile of the `counts_N` smallest values of each row, interpolated linearly."""
    in_order_NA = np.sort(distances_NA, axis=1)
    place_N = PERCENTILE * np.maximum(counts_N - 1, 0)
    below_N = place_N.astype(np.intp)
    rows_N = np.arange(len(counts_N))
    low_N = in_order_NA[rows_N, below_N]
    high_N = in_order_NA[rows_N, np.minimum(below_N + 1, np.maximum(counts_N - 1, 0))]
    with np.errstate(invalid="ignore"):  # inf - inf for empty masks
        return np.asarray(low_N + (high_N - low_N) * (place_N - below_N))
