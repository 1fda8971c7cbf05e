"""Smooths and resamples by sums in a fixed order, because a library's last bits may change with its version."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

REACH_SIGMAS: Final = 4.0


@cache
def gaussian_weights(sigma_px: float) -> tuple[float, ...]:
    """Return the weights of one half of a Gaussian, from its middle to 4 sigma; those of both halves sum to 1."""
    reach = int(REACH_SIGMAS * sigma_px + 0.5)
    half = [math.exp(-0.5 * (offset / sigma_px) ** 2) for offset in range(reach + 1)]
    total = math.fsum([*half, *half[1:]])
    return tuple(weight / total for weight in half)


def smooth(padded_HW: NDArray[np.float64], weights: tuple[float, ...]) -> NDArray[np.float64]:
    """Smooth both axes with a symmetric kernel; the result is smaller by the kernel's reach on every side.

    The sums run down the columns first, then along the rows, each from the middle of the kernel outwards.
    """
    return _smooth_rows(_smooth_rows(padded_HW, weights).T, weights).T


def _smooth_rows(padded_HW: NDArray[np.float64], weights: tuple[float, ...]) -> NDArray[np.float64]:
    """Return each row as the weighted sum of itself and the rows above and below it."""
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
    """Extend a frame by `reach` mirrored pixels on every side; the border pixel is repeated."""
    return np.pad(frame_HW.astype(np.float64), reach, mode="symmetric")


@lru_cache(maxsize=16)
def line_weights(length_px: float, angle_rad: float) -> tuple[tuple[int, int, float], ...]:
    """Return one half of the kernel of a straight line as (rows down, columns right, weight), the middle pixel first.

    The other half is its mirror image through the middle. The line is as long as the motion and has no width. Each
    step along the main axis, the one that the line is closer to, weighs as much as the share of the line within it.
    That weight is split between the two pixels on either side of the line by linear interpolation.
    """
    # run along the main axis, rise along the other; rows count downwards
    along_is_columns = abs(math.cos(angle_rad)) >= abs(math.sin(angle_rad))
    run, rise = math.cos(angle_rad), -math.sin(angle_rad)
    if not along_is_columns:
        run, rise = rise, run
    half_run_px = length_px / 2 * abs(run)
    weights: dict[tuple[int, int], float] = {}
    for step in range(math.ceil(half_run_px + 0.5)):
        # the part of the line within this step, and how far its middle lies off the main axis
        start, end = max(step - 0.5, -half_run_px), min(step + 0.5, half_run_px)
        across = (start + end) / 2 * rise / run if step else 0.0
        below = math.floor(across)
        for side, share in ((below, below + 1 - across), (below + 1, across - below)):
            offset = (side, step) if along_is_columns else (step, side)
            weight = share * (end - start) / (2 * half_run_px)
            if weight > 0:
                weights[offset] = weights.get(offset, 0.0) + weight
    return tuple((down, right, weight) for (down, right), weight in weights.items())


def smear(
    frame_HW: NDArray[np.uint8], half_kernel: tuple[tuple[int, int, float], ...]
) -> NDArray[np.float64]:
    """Average a frame, mirrored at its borders, over a kernel that is given by its middle pixel and one half."""
    reach = max(max(abs(down), abs(right)) for down, right, _ in half_kernel)
    padded_HW = reflect(frame_HW, reach)
    rows, columns = frame_HW.shape

    def shift(down: int, right: int) -> NDArray[np.float64]:
        return padded_HW[reach + down : reach + down + rows, reach + right : reach + right + columns]

    (_, _, middle), *others = half_kernel
    total_HW = middle * shift(0, 0)
    pair_HW = np.empty_like(total_HW)
    for down, right, weight in others:
        np.add(shift(-down, -right), shift(down, right), out=pair_HW)
        pair_HW *= weight
        total_HW += pair_HW
    return total_HW


def shrink(levels_HW: NDArray[np.float64], size_HW: tuple[int, int]) -> NDArray[np.float64]:
    """Shrink a picture: each new pixel is the mean over the area that it covers. Rows first, then columns."""
    return _shrink_rows(_shrink_rows(levels_HW, size_HW[0]).T, size_HW[1]).T


def _shrink_rows(levels_HW: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Average the source rows that each new row covers, from top to bottom."""
    # in units of 1 / rows of a source row, new row i covers [i * before, (i + 1) * before): whole numbers
    before = len(levels_HW)
    starts = np.arange(rows) * before
    first, last = starts // rows, (starts + before - 1) // rows
    total_HW = np.zeros((rows, levels_HW.shape[1]))
    for step in range(int((last - first).max()) + 1):
        source = np.minimum(first + step, before - 1)
        covered = np.minimum((source + 1) * rows, starts + before) - np.maximum(source * rows, starts)
        total_HW += np.where(first + step <= last, covered, 0)[:, None] * levels_HW[source]
    return total_HW / before


def enlarge_by_nearest(levels_HW: NDArray[np.uint8], size_HW: tuple[int, int]) -> NDArray[np.uint8]:
    """Enlarge a picture: each new pixel is a copy of the one that its centre lies in."""
    rows, columns = (
        (2 * np.arange(size) + 1) * before // (2 * size)
        for size, before in zip(size_HW, levels_HW.shape, strict=True)
    )
    return np.asarray(levels_HW[rows[:, None], columns])


def enlarge(grid_RC: NDArray[np.float64], size_HW: tuple[int, int]) -> NDArray[np.float64]:
    """Enlarge a grid to a frame, corner on corner, by cubic convolution (Keys 1981, a = -1/2)."""
    return _enlarge_rows(_enlarge_rows(grid_RC, size_HW[0]).T, size_HW[1]).T


def _enlarge_rows(grid_RC: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Interpolate between the rows."""
    # each new row lies a share t of the way from its node to the next
    last = len(grid_RC) - 1
    position_H = np.arange(rows) * (last / max(rows - 1, 1))
    node_H = np.minimum(position_H.astype(np.intp), last - 1)
    t = (position_H - node_H)[:, None]
    # Keys' weights of the nodes -1, 0, 1 and 2; beyond the border the last node is repeated
    weights = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    total_HC = np.zeros((rows, grid_RC.shape[1]))
    for step, weight_H1 in enumerate(weights, start=-1):
        total_HC += weight_H1 * grid_RC[np.clip(node_H + step, 0, last)]
    return total_HC
