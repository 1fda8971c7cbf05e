"""The one score: foreground Dice, per frame, at full size. Pixel accuracy is never called Dice.

The background counts for nothing: a mask that is empty everywhere agrees with nine pixels in ten of an
echocardiogram, and scores 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def dice_N(predicted_NHW: NDArray[np.bool_], reference_NHW: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return `2 |P and R| / (|P| + |R|)` of each frame, as a fraction 0..1.

    Where both masks are empty they agree: 1. Where only one is empty: 0. Pixels are counted in packed bits.

    Raises:
        ValueError: the two are not boolean arrays of the same shape (a fault of ours, not of a user).

    >>> frame = np.array([[[True, True, False, False]]])
    >>> dice_N(frame, np.array([[[False, True, True, True]]])).tolist()
    [0.4]
    """
    if predicted_NHW.shape != reference_NHW.shape or predicted_NHW.ndim != 3:
        raise ValueError(
            f"masks of shapes {predicted_NHW.shape} and {reference_NHW.shape} cannot be compared"
        )
    if predicted_NHW.dtype != np.bool_ or reference_NHW.dtype != np.bool_:
        raise ValueError(f"masks of {predicted_NHW.dtype} and {reference_NHW.dtype} are not boolean")
    predicted_NB, reference_NB = _packed(predicted_NHW), _packed(reference_NHW)
    shared_N = _count(predicted_NB & reference_NB)
    total_N = _count(predicted_NB) + _count(reference_NB)
    return np.where(total_N == 0, 1.0, 2.0 * shared_N / np.maximum(total_N, 1))


def areas_N(masks_NHW: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many pixels each mask has."""
    return _count(_packed(masks_NHW))


def _packed(masks_NHW: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return each mask as a row of 64-bit words; the bits beyond its last pixel are 0."""
    frames, rows, columns = masks_NHW.shape
    bits_NB = np.packbits(masks_NHW.reshape(frames, rows * columns), axis=1)
    missing = -bits_NB.shape[1] % 8
    if missing:
        bits_NB = np.pad(bits_NB, ((0, 0), (0, missing)))
    return bits_NB.view(np.uint64)


def _count(words_NB: NDArray[np.uint64]) -> NDArray[np.int64]:
    return np.asarray(np.bitwise_count(words_NB).sum(axis=1, dtype=np.int64))
