"""Computes the main score: the foreground Dice of each frame at full size.

The background does not count. An empty mask is right on nine of ten pixels of an echocardiogram, and its Dice is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class PackedMasks:
    """N masks with one bit per pixel, and their areas. Counting pixels in this form is fast."""

    words_NB: NDArray[np.uint64]
    """B words of 64 bits per mask; the bits beyond the last pixel are 0."""
    areas_N: NDArray[np.int64]
    """Areas in pixels."""
    shape_NHW: tuple[int, ...]


def dice_N(predicted_NHW: NDArray[np.bool_], reference_NHW: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return `2 |P and R| / (|P| + |R|)` of each frame, a fraction 0..1.

    If both masks are empty, they agree and the Dice is 1. If only one is empty, it is 0.

    Raises:
        ValueError: the two are not boolean arrays of the same shape (a bug in lvzoo).

    >>> frame = np.array([[[True, True, False, False]]])
    >>> dice_N(frame, np.array([[[False, True, True, True]]])).tolist()
    [0.4]
    """
    return packed_dice_N(pack(predicted_NHW), pack(reference_NHW))


def packed_dice_N(predicted: PackedMasks, reference: PackedMasks) -> NDArray[np.float64]:
    """Return `dice_N` of packed masks. References are packed once and compared with many predictions."""
    if predicted.shape_NHW != reference.shape_NHW:
        raise ValueError(
            f"masks of shapes {predicted.shape_NHW} and {reference.shape_NHW} cannot be compared"
        )
    shared_N = _count(predicted.words_NB & reference.words_NB)
    total_N = predicted.areas_N + reference.areas_N
    return np.where(total_N == 0, 1.0, 2.0 * shared_N / np.maximum(total_N, 1))


def pack(masks_NHW: NDArray[np.bool_]) -> PackedMasks:
    """Pack masks into bits, and count their pixels."""
    if masks_NHW.ndim != 3 or masks_NHW.dtype != np.bool_:
        raise ValueError(f"masks of {masks_NHW.dtype} {masks_NHW.shape} are not boolean frames")
    frames, rows, columns = masks_NHW.shape
    bits_NB = np.packbits(masks_NHW.reshape(frames, rows * columns), axis=1)
    missing = -bits_NB.shape[1] % 8
    if missing:  # whole words of 8 bytes
        bits_NB = np.pad(bits_NB, ((0, 0), (0, missing)))
    words_NB = bits_NB.view(np.uint64)
    return PackedMasks(words_NB=words_NB, areas_N=_count(words_NB), shape_NHW=masks_NHW.shape)


def _count(words_NB: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number of set bits of each mask."""
    return np.asarray(np.bitwise_count(words_NB).sum(axis=1, dtype=np.int64))
