"""Measures what models find in frames: the outline of each ventricle, and how large it is.

Every form of output is measured as finely as it allows. Logits have a border between the pixels. Landmarks have a
curve, an apex and an annulus. Other masks, and the mean of several models, are pixels. All measures are in px of the
frames that the models see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.clinic.outline import find_map_outline, find_mask_outline, signed_area
from lvzoo.clinic.volume import Size, measure_contour, measure_outline
from lvzoo.decoding.clip import ModelFrames
from lvzoo.decoding.forms import Landmarks
from lvzoo.decoding.means import average_masks
from lvzoo.geometry.contour import has_apex, spline
from lvzoo.geometry.shape import LEAST_PIXELS
from lvzoo.models.base import LandmarkModel

Outline: TypeAlias = NDArray[np.float64] | None
"""A closed polygon (P, 2), (x, y) px; None if a frame has none."""


def find_outlines(models: Sequence[ModelFrames], *, smoothed: bool) -> list[Outline]:
    """Return the outline in each frame, as one model, or the mean of several, finds it: smoothed in time, or alone.

    The outline of landmarks is their curve; the straight line between the annulus points closes it.
    """
    if len(models) > 1:
        each = [model.smoothed_masks_BHW if smoothed else model.masks_BHW for model in models]
        return [find_mask_outline(mask_HW) for mask_HW in average_masks(each)]
    [model] = models
    landmarks_BK2 = _find_landmarks(model, smoothed=smoothed)
    if landmarks_BK2 is not None:
        return [_keep_large(_draw_curve(model, landmarks_K2)) for landmarks_K2 in landmarks_BK2]
    logits_BHW = model.smoothed_logits_BHW if smoothed else model.logits_BHW
    if logits_BHW is not None:
        # A calibration's number is a part of the logits already, so the border is at 0.
        return [find_map_outline(logits_HW, level=0) for logits_HW in logits_BHW]
    masks_BHW = model.smoothed_masks_BHW if smoothed else model.masks_BHW
    return [find_mask_outline(mask_HW) for mask_HW in masks_BHW]


def measure_frames(models: Sequence[ModelFrames], *, smoothed: bool) -> list[Size]:
    """Measure each frame as one model, or the mean of several, finds it: smoothed in time, or alone.

    Landmarks are measured about their own apex and annulus, everything else about its principal axis. So are
    landmarks of which none is the apex.
    """
    landmarks_BK2 = _find_landmarks(models[0], smoothed=smoothed) if len(models) == 1 else None
    if landmarks_BK2 is None or not has_apex(landmarks_BK2.shape[1]):
        return [measure_outline(outline_P2) for outline_P2 in find_outlines(models, smoothed=smoothed)]
    return [
        measure_contour(_draw_curve(models[0], landmarks_K2), apex_2=landmarks_K2[len(landmarks_K2) // 2])
        for landmarks_K2 in landmarks_BK2
    ]


def _find_landmarks(model: ModelFrames, *, smoothed: bool) -> NDArray[np.float32] | None:
    """Return a model's landmarks, if its masks are what the curve through them encloses."""
    form = model.form
    if not isinstance(form, Landmarks):
        return None
    if getattr(form.model.draw, "__func__", None) is not LandmarkModel.draw:
        return None  # it draws in a way of its own
    return model.smoothed_landmarks_BK2 if smoothed else model.landmarks_BK2


def _draw_curve(model: ModelFrames, landmarks_K2: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the curve through the landmarks of one frame."""
    points_K2: NDArray[np.float64] = np.asarray(landmarks_K2, dtype=np.float64)
    is_spline = isinstance(model.form, Landmarks) and model.form.model.curve == "spline"
    return spline(points_K2) if is_spline else points_K2


def _keep_large(curve_P2: NDArray[np.float64]) -> Outline:
    """Return a curve, or None if it encloses too little to be measured."""
    return curve_P2 if abs(signed_area(curve_P2)) >= LEAST_PIXELS else None
