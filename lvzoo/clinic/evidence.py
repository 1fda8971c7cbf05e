"""Measures what says how far a frame's mask can be trusted, without knowing the truth.

The frames are those that the models saw. All figures are cheap: they take a small part of a forward pass.
`lvzoo.clinic.trust` turns them into an expected Dice. Letters: B frames, F figures.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import combinations
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lvzoo.geometry.shape import LEAST_PIXELS
from lvzoo.types import FRAME_SIZE_HW

EVIDENCE: Final[tuple[str, ...]] = (
    "agreement",
    "border",
    "confidence",
    "check border",
    "check confidence",
    "flicker",
    "solidity",
    "largest piece",
    "taper",
    "elongation",
    "corners",
    "flanks",
)
"""The names of the figures, in the order of their columns:

- agreement: mean Dice of each two models' masks
- border: Dice of the answer's masks at the probabilities 0.3 and 0.7; it is 1 for a sharp border
- confidence: mean probability of the pixels that the answer's model finds inside
- check border, check confidence: the same two of the second opinion
- flicker: Dice of the mask with the same frame's mask before smoothing in time
- solidity: area of the mask by that of its convex hull
- largest piece: share of the mask's area
- taper: skewness of the mask's pixels along its principal axis; negative if its upper end is the narrower one
- elongation: spread of the mask's pixels along its principal axis, by that across it
- corners: grey of the frame's upper corners, which no sector reaches, by that of its middle
- flanks: grey of the upper corners by that of the frame's lower flanks, which an upright sector reaches
"""

LOW_LOGIT: Final = -0.8473
"""The logit of the probability 0.3. The probability 0.7 has the opposite one."""
LEAST_SPREAD_PX: Final = 0.3
"""The spread of a row of single pixels."""
DARK: Final = 0.5
"""Added to both grey levels of a quotient, so that it is 1 for a black frame."""


def measure_evidence(
    *,
    frames_BHW: NDArray[np.uint8],
    masks_BHW: NDArray[np.bool_],
    logits_BHW: NDArray[np.float32] | None = None,
    check_masks_BHW: NDArray[np.bool_] | None = None,
    check_logits_BHW: NDArray[np.float32] | None = None,
    unsmoothed_masks_BHW: NDArray[np.bool_] | None = None,
    member_masks: Sequence[NDArray[np.bool_]] = (),
) -> NDArray[np.float64]:
    """Return the figures (B, F) of frames, in the order of `EVIDENCE`; NaN where one is not known.

    Args:
        frames_BHW: the frames as the models saw them.
        masks_BHW: the answer's final masks on these frames: smoothed in time, if the clip is.
        logits_BHW: the logits from which they were decoded; None if the answer has none (landmark models, and the
            mean of several models).
        check_masks_BHW: the masks of the second opinion, smoothed as the answer's are; None if there is none.
        check_logits_BHW: the logits of the second opinion, if it has any.
        unsmoothed_masks_BHW: the answer's masks of the same frames before smoothing; None if nothing was smoothed.
        member_masks: the masks of each model, if the answer is the mean of several. They are compared with each
            other, because a mean agrees with its members.
    """
    opinions = [*(member_masks or (masks_BHW,)), *(() if check_masks_BHW is None else (check_masks_BHW,))]
    border, confidence = _measure_logits(logits_BHW, len(masks_BHW))
    check_border, check_confidence = _measure_logits(check_logits_BHW, len(masks_BHW))
    agreements = [dice_B(one, other) for one, other in combinations(opinions, 2)]
    unknown_B = np.full(len(masks_BHW), np.nan)
    columns = {
        "agreement": np.mean(agreements, axis=0) if agreements else unknown_B,
        "border": border,
        "confidence": confidence,
        "check border": check_border,
        "check confidence": check_confidence,
        "flicker": unknown_B if unsmoothed_masks_BHW is None else dice_B(masks_BHW, unsmoothed_masks_BHW),
        **_measure_shapes(masks_BHW),
        **_measure_pictures(frames_BHW),
    }
    return np.stack([columns[name] for name in EVIDENCE], axis=1)


def dice_B(one_BHW: NDArray[np.bool_], other_BHW: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the Dice of each two masks; 0 if both are empty, since two models that find nothing prove nothing."""
    shared_B = np.count_nonzero(one_BHW & other_BHW, axis=(1, 2))
    total_B = np.count_nonzero(one_BHW, axis=(1, 2)) + np.count_nonzero(other_BHW, axis=(1, 2))
    return np.asarray(2.0 * shared_B / np.maximum(total_B, 1))


def _measure_logits(
    logits_BHW: NDArray[np.float32] | None, frames: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how sharp the border is, and how certain the inside."""
    if logits_BHW is None:
        return np.full(frames, np.nan), np.full(frames, np.nan)
    wide_B = np.count_nonzero(logits_BHW > LOW_LOGIT, axis=(1, 2))
    narrow_B = np.count_nonzero(logits_BHW > -LOW_LOGIT, axis=(1, 2))
    border_B = 2.0 * narrow_B / np.maximum(wide_B + narrow_B, 1)
    confidence_B = np.zeros(frames)
    for frame, logits_HW in enumerate(logits_BHW):
        inside_P = logits_HW[logits_HW > 0]
        if len(inside_P):
            confidence_B[frame] = (1 / (1 + np.exp(-inside_P))).mean()
    return border_B, confidence_B


def _measure_shapes(masks_BHW: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """Return the figures of the masks' shapes; 0 for masks that are too small to have one."""
    large_B = np.count_nonzero(masks_BHW, axis=(1, 2)) >= LEAST_PIXELS
    columns_4B = np.zeros((4, len(masks_BHW)))
    if large_B.any():
        columns_4B[:2, large_B] = np.transpose([_measure_hull(mask_HW) for mask_HW in masks_BHW[large_B]])
        columns_4B[2:, large_B] = _measure_spread(masks_BHW[large_B])
    return dict(zip(("solidity", "largest piece", "taper", "elongation"), columns_4B, strict=True))


def _measure_hull(mask_HW: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how convex a mask is, and the share of its largest piece."""
    pixels_HW = mask_HW.astype(np.uint8)
    area = int(np.count_nonzero(pixels_HW))
    outlines, _ = cv2.findContours(pixels_HW, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull_HW = cv2.fillConvexPoly(np.zeros_like(pixels_HW), cv2.convexHull(np.concatenate(outlines)), 1)
    largest = area
    if len(outlines) > 1:
        _, _, statistics, _ = cv2.connectedComponentsWithStats(pixels_HW)
        largest = int(statistics[1:, cv2.CC_STAT_AREA].max())
    return area / np.count_nonzero(hull_HW), largest / area


def _measure_spread(masks_BHW: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return taper and elongation of masks, from the moments of their pixels."""
    rows, columns = masks_BHW.shape[1:]
    down_P, right_P = (grid.ravel() - grid.mean() for grid in np.mgrid[:rows, :columns].astype(np.float64))
    # The sums over each mask's pixels of x^i y^j up to the third order.
    orders = [(i, j) for i in range(4) for j in range(4 - i)]
    powers_PM = np.stack([right_P**i * down_P**j for i, j in orders], axis=1)
    sums = dict(zip(orders, (masks_BHW.reshape(len(masks_BHW), -1) @ powers_PM).T, strict=True))
    area_B = sums[0, 0]
    raw = {order: sums_B / area_B for order, sums_B in sums.items()}
    x, y = raw[1, 0], raw[0, 1]
    xx, yy, xy = raw[2, 0] - x * x, raw[0, 2] - y * y, raw[1, 1] - x * y
    xxx = raw[3, 0] - 3 * x * raw[2, 0] + 2 * x**3
    yyy = raw[0, 3] - 3 * y * raw[0, 2] + 2 * y**3
    xxy = raw[2, 1] - 2 * x * raw[1, 1] - y * raw[2, 0] + 2 * x * x * y
    xyy = raw[1, 2] - 2 * y * raw[1, 1] - x * raw[0, 2] + 2 * x * y * y
    # The direction of the principal axis, pointing down.
    angle_B = np.arctan2(2 * xy, xx - yy) / 2
    u, v = np.cos(angle_B), np.sin(angle_B)
    u, v = np.where(v < 0, -u, u), np.abs(v)
    least = LEAST_SPREAD_PX**2
    along_B = np.maximum(u * u * xx + 2 * u * v * xy + v * v * yy, least)
    across_B = np.maximum(v * v * xx - 2 * u * v * xy + u * u * yy, least)
    third_B = u**3 * xxx + 3 * u * u * v * xxy + 3 * u * v * v * xyy + v**3 * yyy
    return third_B / along_B**1.5, np.sqrt(along_B / across_B)


def _measure_pictures(frames_BHW: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Return the figures of the frames themselves."""
    corners_HW, middle_HW, flanks_HW = _find_places(frames_BHW.shape[1], frames_BHW.shape[2])
    corner_B, middle_B, flank_B = (
        frames_BHW[:, place_HW].mean(axis=1) + DARK for place_HW in (corners_HW, middle_HW, flanks_HW)
    )
    return {"corners": corner_B / middle_B, "flanks": corner_B / flank_B}


@functools.cache
def _find_places(rows: int, columns: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the upper corners, the middle and the lower flanks of frames. All lengths are for 112 x 112.

    The corners lie outside of lines that start 16 px from the middle of the upper edge and fall with a slope of 1.9:
    no sector of 124 degrees reaches them.
    """
    down_H1 = np.arange(rows)[:, None] * (FRAME_SIZE_HW[0] / rows)
    aside_HW = np.abs(np.arange(columns)[None, :] - (columns - 1) / 2) * (FRAME_SIZE_HW[1] / columns)
    corners_HW = (aside_HW > 16 + 1.9 * down_H1) & (down_H1 < 45)
    middle_HW = (aside_HW < 0.95 * down_H1) & (down_H1 > 20) & (down_H1 < 90)
    flanks_HW = (aside_HW > 36) & (aside_HW < 52) & (down_H1 > 62) & (down_H1 < 92)
    return corners_HW, middle_HW, flanks_HW
