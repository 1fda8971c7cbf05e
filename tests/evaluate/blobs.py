"""Random masks of many kinds: large and tiny, cut by the border, in pieces, with holes, ragged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray


def blob(rng: np.random.Generator, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a random non-empty mask: smooth noise above a threshold, with any size and number of pieces."""
    noise_HW = ndimage.gaussian_filter(rng.normal(size=size_HW), rng.uniform(0.5, 8), mode="reflect")
    mask_HW = np.asarray(noise_HW > np.quantile(noise_HW, rng.choice([0.3, 0.8, 0.95, 0.999])))
    if rng.random() < 0.7:
        rows_HW, columns_HW = np.indices(size_HW)
        row, column = rng.uniform(0, size_HW)
        near_HW = np.hypot(rows_HW - row, columns_HW - column)
        mask_HW &= near_HW < rng.uniform(3, 60)
    if not mask_HW.any():
        mask_HW[rng.integers(size_HW[0]), rng.integers(size_HW[1])] = True
    return mask_HW


def blob_pairs(
    count: int, *, seed: int, size_HW: tuple[int, int] = (112, 112)
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return predictions and references (N, H, W): half of the pairs are similar, half are unrelated."""
    rng = np.random.default_rng(seed)
    references = [blob(rng, size_HW) for _ in range(count)]
    predictions = []
    for index, reference_HW in enumerate(references):
        moved_HW = np.roll(reference_HW, rng.integers(-4, 5, 2), axis=(0, 1))
        moved_HW ^= rng.random(size_HW) < 0.002
        predictions.append(moved_HW if index % 2 and moved_HW.any() else blob(rng, size_HW))
    return np.stack(predictions), np.stack(references)
