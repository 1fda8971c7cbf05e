"""Separates the pixels of a picture from its background, which may have any grey level.

In array shapes, H and W count the clip's own pixels. h and w count blocks of pixels, in which the sector is searched.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

UNIT: Final = 16
"""The grey levels of the blocks are whole multiples of 1/16, so that their sums are exact."""
PLAIN_DIFFERENCE: Final = 8
FAINT_DIFFERENCE: Final = 3
"""A pixel belongs to the picture if it differs from the background by more than this many grey levels. The smaller
number finds dark flanks on a clean background, but also pixels that compression smeared around bright edges."""
LEAST_CHANGE: Final = 6
"""A block moves if it changes by more than this many grey levels over the frames."""
SPREADS: Final = 4.5
"""A difference must also exceed this many standard deviations of the background's noise."""
MOST_LEVELS: Final = 3
LEAST_LEVEL_SHARE: Final = 0.05
"""The three most frequent grey levels are tried as the background's. Each must cover at least 5% of the frame."""
NEAR_LEVEL: Final = 4
"""The background's noise is measured on the pixels whose mean differs from its level by at most this."""
STARK_CONTRAST: Final = 32
"""If nearly all of the sector differs from the background by more than this, as on white paper, it has no faint
flanks."""


def shrink(frames_NHW: NDArray[np.uint8], step: int) -> NDArray[np.int16]:
    """Return the mean grey level in 1/16 of each block of `step` x `step` pixels with its 8 neighbours, (N, h, w)."""
    count, height, width = frames_NHW.shape
    starts_h, starts_w = (np.arange(0, size - size % step, step) for size in (height, width))
    blocks_Nhw = np.empty((count, len(starts_h), len(starts_w)), dtype=np.int16)
    for frame_HW, block_hw in zip(frames_NHW, blocks_Nhw, strict=True):
        whole_HW = frame_HW[: step * len(starts_h), : step * len(starts_w)]
        sums_hW = np.add.reduceat(whole_HW, starts_h, axis=0, dtype=np.int32)
        padded_hw = np.pad(np.add.reduceat(sums_hW, starts_w, axis=1), 1, mode="edge")
        three_hw = padded_hw[:-2] + padded_hw[1:-1] + padded_hw[2:]
        nine_hw = three_hw[:, :-2] + three_hw[:, 1:-1] + three_hw[:, 2:]
        block_hw[:] = UNIT * nine_hw // (9 * step * step)
    return blocks_Nhw


def find_levels(blocks_Nhw: NDArray[np.int16]) -> list[int]:
    """Return the grey levels (0..255) that the background may have, the most frequent one first."""
    means_hw = blocks_Nhw.sum(axis=0, dtype=np.int32) // (UNIT * len(blocks_Nhw))
    counts = np.bincount(means_hw.ravel(), minlength=256)
    levels: list[int] = []
    while len(levels) < MOST_LEVELS:
        near = np.convolve(counts, np.ones(5, dtype=np.int64), mode="same")
        level = int(np.argmax(near))
        if near[level] < LEAST_LEVEL_SHARE * means_hw.size:
            break
        levels.append(level)
        counts[max(0, level - PLAIN_DIFFERENCE) : level + PLAIN_DIFFERENCE + 1] = 0
    return levels


def mark_change(blocks_Nhw: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return the blocks that change over the frames.

    The highest and the lowest fifth of a block's levels are ignored, because a moving trace passes it in few frames.
    """
    ranked_Nhw = np.sort(blocks_Nhw, axis=0)
    skipped = len(blocks_Nhw) // 5
    change_hw = ranked_Nhw[-1 - skipped] - ranked_Nhw[skipped]
    noise = int(np.percentile(change_hw, 20, method="lower"))
    return np.asarray(change_hw > max(LEAST_CHANGE * UNIT, 3 * noise))


def mark_difference(blocks_Nhw: NDArray[np.int16], level: int, least: int) -> NDArray[np.bool_]:
    """Return the blocks that differ from the background in at least 3 of 8 frames.

    They differ by more than `least` grey levels, and by more than the background's noise.
    """
    middle, spread = _measure(blocks_Nhw, level, UNIT)
    differs_Nhw = np.abs(blocks_Nhw - np.int16(middle)) > max(least * UNIT, SPREADS * spread)
    return np.asarray(differs_Nhw.sum(axis=0) >= max(1, 3 * len(blocks_Nhw) // 8))


def mark_pixels(
    frames_NHW: NDArray[np.uint8], level: int | None, core_HW: NDArray[np.bool_], step: int
) -> list[NDArray[np.bool_]]:
    """Return one or three masks of the pixels that differ from the background, the strictest mask first.

    `core_HW` are pixels of the sector. If `level` is None, the mask has the pixels that change over the frames.
    """
    high_HW, low_HW = frames_NHW.max(axis=0).astype(np.int16), frames_NHW.min(axis=0).astype(np.int16)
    if level is None:
        return [high_HW - low_HW > 2 * LEAST_CHANGE]
    middle, spread = _measure(frames_NHW[:, ::step, ::step], level, 1)
    difference_HW = np.maximum(high_HW - middle, middle - low_HW)
    # JPEG smears a strong edge over several pixels. The true edge is where half of the contrast is reached.
    contrast = int(np.percentile(difference_HW[core_HW], 10, method="lower")) if core_HW.any() else 0
    noise = SPREADS * spread
    # The maximum over the frames of a noise that is clipped at black reaches twice as far.
    strict_HW = difference_HW > max(
        PLAIN_DIFFERENCE, contrast // 2, 2 * noise if noise > PLAIN_DIFFERENCE else 0
    )
    if contrast > STARK_CONTRAST:
        return [strict_HW]
    # The mean over frames and neighbours has less noise, so it also shows pixels that are fainter than the noise.
    mean_HW = ndimage.uniform_filter(frames_NHW.sum(axis=0, dtype=np.int32) * UNIT // len(frames_NHW), 3)
    middle, spread = _measure(mean_HW[None, ::step, ::step], level, UNIT)
    difference_HW = np.abs(mean_HW - middle)
    masks = [strict_HW]
    for least in (PLAIN_DIFFERENCE, FAINT_DIFFERENCE):
        faint_HW = difference_HW > max(least * UNIT, SPREADS * spread)
        # The mean with the neighbours reaches a pixel too far.
        masks.append(strict_HW | (ndimage.minimum_filter(faint_HW.view(np.uint8), 3) > 0))
    return masks


def _measure(levels_NHW: NDArray[np.integer], level: int, unit: int) -> tuple[int, float]:
    """Return the median and the standard deviation of the background, in `unit`ths of a grey level."""
    means_HW = levels_NHW.sum(axis=0, dtype=np.int32) // (unit * len(levels_NHW))
    values = levels_NHW[:, np.abs(means_HW - level) <= NEAR_LEVEL].astype(np.int32)
    if not values.size:
        return unit * level, 0.0
    middle = int(np.median(values))
    # The median deviation ignores the few pixels that only look like the background.
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))
