"""Smoothing by explicit sums in a fixed order: a library's last bits may differ from version to version."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH_SIGMAS: Final = 4.0


@cache
def gaussian_weights(sigma_px: float) -> tuple[float, ...]:
    """Return a Gaussian's weights from its middle outwards, cut at 4 sigma; those of both sides sum to 1."""
    reach = int(REACH_SIGMAS * sigma_px + 0.5)
    half = [math.exp(-0.5 * (offset / sigma_px) ** 2) for offset in range(reach + 1)]
    total = math.fsum([*half, *half[1:]])
    return tuple(weight / total for weight in half)


def smooth(padded_HW: NDArray[np.float64], weights: tuple[float, ...]) -> NDArray[np.float64]:
    """Smooth both axes with a symmetric kernel; the result is smaller by its reach on every side.

    Rows are summed first, then columns, each from the middle outwards.
    """
    return _smooth_rows(_smooth_rows(padded_HW, weights).T, weights).T


def _smooth_rows(padded_HW: NDArray[np.float64], weights: tuple[float, ...]) -> NDArray[np.float64]:
    reach = len(weights) - 1
    rows = len(padded_HW) - 2 * reach
    total_HW = weights[0] * padded_HW[reach : reach + rows]
    pair_HW = np.empty_like(total_HW)
    for offset, weight in enumerate(weights[1:], start=1):
        above, below = reach - offset, reach + offset
        np.add(padded_HW[above : above + rows], padded_HW[below : below + rows], out=pair_HW)
        pair_HW *= weight
        total_HW += pair_HW
    return total_HW


def reflect(frame_HW: NDArray[np.uint8], reach: int) -> NDArray[np.float64]:
    """Return a frame with `reach` pixels mirrored outwards on every side, the border pixel repeated."""
    return np.pad(frame_HW.astype(np.float64), reach, mode="symmetric")
