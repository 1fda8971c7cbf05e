"""Fits the number that moves a model's border to traced frames, and checks it on frames of other patients.

Errors and warnings name the model as `model`. Letters in names: N frames, Q patients, H rows, W columns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lvzoo.border.distance import measure_borders
from lvzoo.border.number import Fit, find_number
from lvzoo.errors import DataError, PluginError
from lvzoo.evaluate.dice import dice_N
from lvzoo.types import FAILURE_DICE, FrameSet
from lvzoo.weights.calibration import Check

log = logging.getLogger(__name__)

MOST_FAILURES: Final = 0.5
"""If the model misses the ventricle in a larger share of the frames, moving its border will not help."""
NOT_NESTED: Final = 0.05
"""The share of changed pixels that may leave a mask when the logits grow."""

Predict: TypeAlias = Callable[[float, FrameSet], NDArray[np.bool_]]
"""Returns the masks (N, H, W) of frames for a value of the number."""


def leave_out_failures(frames: FrameSet, predict: Predict, *, model: str) -> FrameSet:
    """Return the frames on which the model finds the ventricle. The others say nothing about its border.

    Raises:
        DataError: it fails on most of the frames, or finds the ventricle of one patient only.
    """
    found_N = dice_N(predict(0.0, frames), frames.masks_NHW) >= FAILURE_DICE
    failed = int((~found_N).sum())
    kept = frames.take(np.flatnonzero(found_N).tolist())
    if failed > MOST_FAILURES * len(frames) or len(set(kept.patients)) < 2:
        raise DataError(
            f"{model}: fails on {failed} of {len(frames)} frames (Dice below {FAILURE_DICE}), so its border is not "
            "what is wrong; look at the tracings (`lvzoo data check`) and at the overlay of `lvzoo predict`"
        )
    if failed:
        log.warning("%s fails on %d of %d frames, which are left out", model, failed, len(frames))
    return kept


def fit_border(frames: FrameSet, predict: Predict, *, model: str) -> Fit:
    """Return the number with which the border lies on the tracings.

    Raises:
        DataError: the border lies far from the tracings, or does not move.
        PluginError: the output of a mask model is not logits.
    """

    def measure(number: float) -> NDArray[np.float64]:
        return measure_borders(predict(number, frames), frames.masks_NHW, frames.contours_NP2)

    try:
        fit = find_number(measure, frames.patients)
    except DataError as error:
        raise DataError(f"{model}: {error}") from error
    small_NHW, large_NHW = (predict(number, frames) for number in fit.nearby)
    if (small_NHW & ~large_NHW).sum() > NOT_NESTED * (small_NHW ^ large_NHW).sum():
        raise PluginError(
            f"{model}: a constant added to its output does not enlarge its masks, so the output is not logits and "
            "lvzoo cannot move the border; inherit MaskModel from lvzoo.models.base"
        )
    return fit


def check_border(used: FrameSet, others: FrameSet, predict: Predict, fit: Fit) -> Check:
    """Compare the model before and after on other patients; without any, on each patient with the others' number."""
    crossed = not len(others)
    frames = used if crossed else others
    before_NHW = predict(0.0, frames)
    if crossed:
        after_NHW = np.zeros_like(before_NHW)
        for patient, number in fit.without_Q.items():
            own = [n for n, name in enumerate(frames.patients) if name == patient]
            after_NHW[own] = predict(number, frames.take(own))
    else:
        after_NHW = predict(fit.number, frames)

    def average(values_N: NDArray[np.float64]) -> float:
        return float(pd.Series(values_N).groupby(list(frames.patients)).mean().mean())

    def measure(masks_NHW: NDArray[np.bool_]) -> float:
        return average(measure_borders(masks_NHW, frames.masks_NHW, frames.contours_NP2))

    return Check(
        crossed=crossed,
        frames=len(frames),
        patients=len(set(frames.patients)),
        dice_before=average(dice_N(before_NHW, frames.masks_NHW)),
        dice_after=average(dice_N(after_NHW, frames.masks_NHW)),
        distance_before_px=measure(before_NHW),
        distance_after_px=measure(after_NHW),
    )
