"""Volumes for the ejection fraction: masks about their principal axis, landmarks about their own apex and annulus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from lvzoo.clinic.volume import measure_contour, measure_mask
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.geometry import contour
from lvzoo.geometry.contour import spline
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.models.decode import Curve
from lvzoo.trials.volumes import measure_perfect, measure_predictions, measure_references
from lvzoo.types import CLEAN, Prediction
from tests.toys import toy_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAMES = toy_frames(4)
MASKS = [measure_mask(mask_HW).disks_px3 for mask_HW in FRAMES.masks_NHW]


class Points(LandmarkModel):
    def __init__(self, curve: Curve = "spline") -> None:
        super().__init__(curve=curve)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return frames_B1HW


class DrawsItself(Points):
    def draw(self, landmarks_BK2: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        return super().draw(landmarks_BK2, size_HW)


def predict(stride: int) -> Prediction:
    return Prediction(masks_BHW=FRAMES.masks_NHW, landmarks_BK2=FRAMES.contours_NP2[:, ::stride])


def test_a_mask_model_is_measured_by_its_masks() -> None:
    found = measure_predictions(MaskModel(), Prediction(masks_BHW=FRAMES.masks_NHW))
    assert found == pytest.approx(MASKS)


@pytest.mark.parametrize("curve", ["spline", "polygon"])
def test_a_landmark_model_is_measured_by_its_own_curve_apex_and_annulus(curve: Curve) -> None:
    found = measure_predictions(Points(curve), predict(20))
    landmarks_NK2 = FRAMES.contours_NP2[:, ::20].astype(np.float64)
    curves = [spline(each) if curve == "spline" else each for each in landmarks_NK2]
    expected = [
        measure_contour(each, apex_2=points[3]).disks_px3
        for each, points in zip(curves, landmarks_NK2, strict=True)
    ]
    assert found == pytest.approx(expected, rel=1e-6)
    assert found != pytest.approx(MASKS, rel=1e-3)


@pytest.mark.parametrize(("model", "stride"), [(DrawsItself(), 20), (Points(), 17)], ids=["draws", "even"])
def test_landmarks_that_nobody_understands_are_measured_by_their_masks(
    model: LandmarkModel, stride: int
) -> None:
    """Points with an even number have none at the apex, and a drawing of its own may be anything."""
    assert measure_predictions(model, predict(stride)) == pytest.approx(MASKS)


def test_references_are_the_tracings_contours_about_their_own_axis() -> None:
    expected = [measure_contour(contour_P2).disks_px3 for contour_P2 in FRAMES.contours_NP2]
    assert measure_references(FRAMES) == pytest.approx(expected, rel=1e-6)


def test_perfect_predictions_are_measured_in_the_models_way() -> None:
    assert measure_perfect(MaskModel(), FRAMES, None) == pytest.approx(MASKS)
    perfect = measure_perfect(Points(), FRAMES, 7)
    assert perfect == pytest.approx(measure_predictions(Points(), predict(20)))
    assert perfect == pytest.approx(measure_references(FRAMES), rel=0.1)
    assert np.isnan(measure_perfect(Points(), FRAMES, 8)).all()


class Wanders(LandmarkModel):
    """Finds the same seven landmarks in every frame, moved a little farther in each."""

    frames_seen = 0

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        moves_B = self.frames_seen + torch.arange(1, len(frames_B1HW) + 1)
        self.frames_seen += len(frames_B1HW)
        return torch.from_numpy(FRAMES.contours_NP2[0, ::20]) + 0.01 * moves_B[:, None, None]


def test_each_frames_curve_is_computed_once_for_its_mask_and_its_volume(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[int] = []

    def compute(points_K2: NDArray[np.float64]) -> NDArray[np.float64]:
        computed.append(len(points_K2))
        return points_K2.copy()

    monkeypatch.setattr(contour, "_compute_spline", compute)
    frames = toy_frames(contour.KEPT_CURVES + 16)
    FrameEvaluator(torch.device("cpu"), torch.float32, measure_predictions).score(Wanders(), frames, CLEAN)
    assert len(computed) == len(frames)
