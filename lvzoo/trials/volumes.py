"""Measures the volume of each predicted and reference ventricle, from which a ranking computes ejection fractions.

A mask is measured about its principal axis. A landmark model knows the annulus and the apex, so its own curve is
measured about them. A model that draws its landmarks in a way of its own, or has no landmark at the apex, is measured
by its masks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lvzoo.clinic.batch import measure_contour_volumes, measure_mask_volumes
from lvzoo.geometry.contour import LANDMARK_COUNTS, has_apex, landmark_stride, spline
from lvzoo.models.base import LandmarkModel
from lvzoo.models.decode import Curve
from lvzoo.types import APEX_INDEX, FrameSet, Prediction


def measure_predictions(model: nn.Module, prediction: Prediction) -> NDArray[np.float64]:
    """Return the volume (B) of each frame's ventricle in a model's prediction, px³; NaN where it has none."""
    landmarks_BK2 = prediction.landmarks_BK2
    curve = _find_curve(model)
    if landmarks_BK2 is None or curve is None or not has_apex(landmarks_BK2.shape[1]):
        return measure_mask_volumes(prediction.masks_BHW)
    curves = [spline(points_K2) if curve == "spline" else points_K2 for points_K2 in landmarks_BK2]
    return measure_contour_volumes(curves, landmarks_BK2[:, landmarks_BK2.shape[1] // 2])


def measure_references(frames: FrameSet) -> NDArray[np.float64]:
    """Return the volume (N) inside each reference contour about its annulus and apex, px³; NaN where it has none."""
    return measure_contour_volumes(list(frames.contours_NP2), frames.contours_NP2[:, APEX_INDEX])


def measure_perfect(model: nn.Module, frames: FrameSet, landmarks: int | None) -> NDArray[np.float64]:
    """Return the volume (N) of a perfect prediction of each frame, measured as the model's predictions are, px³.

    It has the reference masks, and for a model of K landmarks those of the reference contours. NaN if K landmarks
    cannot be at equal arc lengths.
    """
    if landmarks is None:
        return measure_mask_volumes(frames.masks_NHW)
    if landmarks not in LANDMARK_COUNTS:
        return np.full(len(frames), np.nan)
    perfect = Prediction(
        masks_BHW=frames.masks_NHW, landmarks_BK2=frames.contours_NP2[:, :: landmark_stride(landmarks)]
    )
    return measure_predictions(model, perfect)


def _find_curve(model: nn.Module) -> Curve | None:
    """Return how a model joins its landmarks; None if it has a `draw` of its own, so that nobody knows."""
    draw = getattr(getattr(model, "draw", None), "__func__", None)
    return model.curve if isinstance(model, LandmarkModel) and draw is LandmarkModel.draw else None
