"""Finds pictures that are in a data set twice: the same file, encoded again, a little brighter, or slightly moved.

Every frame gets a perceptual hash of 256 bits, the signs of coefficients of its discrete cosine transform. Pairs with
similar hashes are compared picture by picture. Frames of one video resemble each other anyway and do not count. The
limits and what they find are measured in docs/decisions/0053-leaks-fail-oddities-are-shown.md.

Letters in names: N frames, W words of 64 bits, M pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from lvzoo.data.opencv import cv2

SMALL_PX: Final = 56
"""Frames are halved before they are hashed."""
LOWEST_SQUARED: Final = 12
"""Coefficients of lower frequencies (the sum of the squares of their numbers) show the sector, not the patient."""
BITS: Final = 256
WORD_BITS: Final = 64
MOST_BITS: Final = 64
"""Two hashes are similar if at most so many of their bits differ."""
MOST_FIRST_BITS: Final = 16
"""No pair with more different bits in the first word is compared any further; this is where the time goes."""
LEAST_CORRELATION: Final = 0.85
"""Two frames are copies from this correlation on, after all slow and the finest changes of grey were removed."""
MOST_SHIFT_PX: Final = 2
FINE_PX: Final = 1.0
COARSE_PX: Final = 5.0
"""The SDs of the two Gaussian filters whose difference is correlated."""
MOST_PARTNERS: Final = 8
"""The most similar hashes that a frame is compared with, for each kind of pair."""
ROWS: Final = 256
"""How many frames are compared with all others at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """Pairs of frames that show the same picture; item m of every field belongs to the same pair."""

    first_M: NDArray[np.intp]
    second_M: NDArray[np.intp]
    kinds_M: NDArray[np.intp]
    correlations_M: NDArray[np.float64]

    def best(self, kind: int) -> set[tuple[int, int, float]]:
        """Return, for each frame with copies of a kind, the pair with the most similar one: (n, n, correlation).

        So a picture that is there a hundred times gives a hundred pairs at most.
        """
        of_kind = np.flatnonzero(self.kinds_M == kind)
        best: dict[int, int] = {}
        for pair in of_kind[np.argsort(-self.correlations_M[of_kind], kind="stable")].tolist():
            for frame in (int(self.first_M[pair]), int(self.second_M[pair])):
                best.setdefault(frame, pair)
        return {
            (int(self.first_M[pair]), int(self.second_M[pair]), float(self.correlations_M[pair]))
            for pair in best.values()
        }


def hash_frames(frames_NHW: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the perceptual hash (N, W = 4) of frames of 112 x 112.

    A bit is the sign of one of the 256 lowest coefficients of the cosine transform, without the very lowest. The
    first word holds the lowest ones.
    """
    down_KK, across_KK = np.indices((SMALL_PX, SMALL_PX))
    frequencies_F = (down_KK**2 + across_KK**2).ravel()
    chosen_F = np.flatnonzero(frequencies_F >= LOWEST_SQUARED)
    chosen_F = chosen_F[np.argsort(frequencies_F[chosen_F], kind="stable")[:BITS]]
    words_NW = np.empty((len(frames_NHW), BITS // WORD_BITS), np.uint64)
    for start in range(0, len(frames_NHW), ROWS):
        small_NKK = np.stack([_halve(frame_HW) for frame_HW in frames_NHW[start : start + ROWS]])
        signs_NF = dctn(small_NKK, axes=(1, 2)).reshape(len(small_NKK), -1)[:, chosen_F] > 0
        packed_NB = np.ascontiguousarray(np.packbits(signs_NF, axis=1))
        words_NW[start : start + ROWS] = packed_NB.view(np.uint64)
    return words_NW


def _halve(frame_HW: NDArray[np.uint8]) -> NDArray[np.float32]:
    small_KK = cv2.resize(frame_HW, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small_KK, dtype=np.float32)


def find_copies(
    words_NW: NDArray[np.uint64],
    kind_of: Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.intp]],
    read_frame: Callable[[int], NDArray[np.uint8]],
) -> Copies:
    """Return the pairs of frames that show the same picture.

    `kind_of` maps pairs of frames to a number for each kind of pair, or -1 where the pair does not count. A frame is
    compared with the 8 most similar hashes of each kind. `read_frame` returns a frame (H, W).
    """
    found: list[tuple[int, int, int, float]] = []
    for pairs in _similar_pairs(words_NW, kind_of):
        for first, second, kind in zip(*(each_M.tolist() for each_M in pairs), strict=True):
            correlation = correlate(read_frame(first), read_frame(second))
            if correlation >= LEAST_CORRELATION:
                found.append((first, second, kind, correlation))
    columns: Sequence[Sequence[float]] = list(zip(*found, strict=True)) if found else [(), (), (), ()]
    first_M, second_M, kinds_M = (np.array(each, dtype=np.intp) for each in columns[:3])
    return Copies(
        first_M=first_M,
        second_M=second_M,
        kinds_M=kinds_M,
        correlations_M=np.array(columns[3], dtype=np.float64),
    )


def _similar_pairs(
    words_NW: NDArray[np.uint64],
    kind_of: Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.intp]],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]]:
    """Yield pairs (first, second, kind) of frames with similar hashes, for one block of first frames at a time."""
    lowest_N = np.ascontiguousarray(words_NW[:, 0])
    for start in range(0, len(words_NW), ROWS):
        different_RN = np.bitwise_count(lowest_N[start : start + ROWS, None] ^ lowest_N[None, start:])
        first_M, second_M = (each_M + start for each_M in np.nonzero(different_RN <= MOST_FIRST_BITS))
        later_M = second_M > first_M
        first_M, second_M = first_M[later_M], second_M[later_M]
        bits_M = np.bitwise_count(words_NW[first_M] ^ words_NW[second_M]).sum(axis=1, dtype=np.intp)
        similar_M = bits_M <= MOST_BITS
        first_M, second_M, bits_M = first_M[similar_M], second_M[similar_M], bits_M[similar_M]
        kinds_M = kind_of(first_M, second_M)
        order_M = np.lexsort((bits_M, kinds_M, first_M))
        order_M = order_M[kinds_M[order_M] >= 0]
        first_M, second_M, kinds_M = first_M[order_M], second_M[order_M], kinds_M[order_M]
        nearest_M = _number_in_group(first_M, kinds_M) < MOST_PARTNERS
        yield first_M[nearest_M], second_M[nearest_M], kinds_M[nearest_M]


def _number_in_group(first_M: NDArray[np.intp], kinds_M: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each pair how many pairs of the same frame and kind stand before it; pairs are sorted by both."""
    numbers_M = np.arange(len(first_M))
    starts_M = np.ones(len(first_M), dtype=np.bool_)
    starts_M[1:] = (np.diff(first_M) != 0) | (np.diff(kinds_M) != 0)
    return numbers_M - np.maximum.accumulate(np.where(starts_M, numbers_M, 0))


def correlate(one_HW: NDArray[np.uint8], other_HW: NDArray[np.uint8]) -> float:
    """Return the best correlation of two frames if one may be moved by up to 2 px.

    First, the average grey around each pixel is removed, so that two sectors of the same form do not count as alike.
    The finest speckle is removed too, because it does not survive a change of the size.
    """
    inner = slice(MOST_SHIFT_PX, -MOST_SHIFT_PX)
    patch_HW = _band_pass(other_HW)[inner, inner]
    return float(cv2.matchTemplate(_band_pass(one_HW), patch_HW, cv2.TM_CCOEFF_NORMED).max())


def _band_pass(frame_HW: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey_HW = frame_HW.astype(np.float32)
    fine_HW, coarse_HW = (cv2.GaussianBlur(grey_HW, (0, 0), sd_px) for sd_px in (FINE_PX, COARSE_PX))
    return np.asarray(fine_HW - coarse_HW, dtype=np.float32)
