"""Mask and landmark models: their losses, and the masks that they decode by the same rule."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lvzoo.evaluate.dice import dice_N
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.models.decode import expected_points, masks_from_landmarks
from lvzoo.types import APEX_INDEX, Batch
from tests.toys import toy_batch, toy_frames


def gaussian_logits(
    points_BK2: torch.Tensor, size_HW: tuple[int, int], sigma_px: float = 2.0
) -> torch.Tensor:
    """Log-Gaussians at points, computed pixel by pixel."""
    y_H1, x_1W = torch.arange(size_HW[0])[:, None], torch.arange(size_HW[1])[None, :]
    dx = x_1W - points_BK2[..., 0, None, None]
    dy = y_H1 - points_BK2[..., 1, None, None]
    return -(dx**2 + dy**2) / (2 * sigma_px**2)


@pytest.mark.parametrize(("landmarks", "ceiling"), [(7, 0.95), (13, 0.965), (21, 0.97)])
def test_perfect_landmarks_give_back_an_asymmetric_mask(landmarks: int, ceiling: float) -> None:
    frames = toy_frames(12)
    points_BK2 = frames.contours_NP2[:, :: 120 // (landmarks - 1)]
    assert points_BK2.shape[1] == landmarks
    masks = masks_from_landmarks(points_BK2, (112, 112))
    assert dice_N(masks, frames.masks_NHW).mean() > ceiling
    swapped = masks_from_landmarks(points_BK2[..., ::-1], (112, 112))
    assert dice_N(swapped, frames.masks_NHW).mean() < 0.75, "x and y must not be exchangeable here"


def test_landmarks_keep_their_anatomical_position() -> None:
    batch = toy_batch(6)
    landmarks_BK2 = batch.contours_BP2[:, ::20]
    assert torch.equal(landmarks_BK2[:, 3], batch.contours_BP2[:, APEX_INDEX])
    assert (landmarks_BK2[:, 3, 1] <= landmarks_BK2[..., 1].min(dim=1).values + 1e-3).all(), (
        "the apex is on top"
    )
    assert (landmarks_BK2[:, 0, 0] < landmarks_BK2[:, -1, 0]).all(), "the first annulus point is on the left"


def test_heatmaps_of_any_size_are_read_with_sub_pixel_accuracy() -> None:
    points_BK2 = torch.tensor([[[40.3, 61.8], [70.6, 20.2]]])
    full = expected_points(gaussian_logits(points_BK2, (112, 112)), (112, 112))
    assert (full - points_BK2).abs().max() < 0.02
    half = expected_points(gaussian_logits((points_BK2 - 0.5) / 2, (56, 56), 1.0), (112, 112))
    assert (half - points_BK2).abs().max() < 0.05


def test_a_landmark_model_decodes_its_landmarks_and_their_mask() -> None:
    frames = toy_frames(4)
    points_BK2 = torch.from_numpy(frames.contours_NP2[:, ::20])
    prediction = LandmarkModel().decode(gaussian_logits(points_BK2, (112, 112)), size_HW=(112, 112))
    assert prediction.landmarks_BK2 is not None
    assert np.abs(prediction.landmarks_BK2 - points_BK2.numpy()).max() < 0.05
    assert dice_N(prediction.masks_BHW, frames.masks_NHW).min() > 0.93
    as_points = LandmarkModel().decode(points_BK2, size_HW=(112, 112))
    assert dice_N(as_points.masks_BHW, prediction.masks_BHW).min() > 0.99


def test_landmark_losses_are_least_at_the_truth_and_grow_with_the_distance() -> None:
    batch = toy_batch(4)
    truth_BK2 = batch.contours_BP2[:, ::20]
    model = LandmarkModel(sigma_px=2.0)
    for make in (lambda points: gaussian_logits(points, (112, 112)), lambda points: points):
        losses = [float(model.loss(make(truth_BK2 + shift), batch)) for shift in (0.0, 1.0, 3.0, 8.0)]
        assert losses == sorted(losses)
        assert losses[3] > losses[0] + 0.5


class Halves(LandmarkModel):
    """Its points range from -1 to 1, and it converts them to pixels."""

    def points(self, output: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        return (output.float() + 1) / 2 * torch.tensor([size_HW[1], size_HW[0]]) - 0.5


def test_the_loss_of_points_uses_the_models_own_units() -> None:
    batch = toy_batch(4)
    points_BK2 = batch.contours_BP2[:, ::20]
    output = (points_BK2 + 0.5) / 112 * 2 - 1
    assert Halves().loss(output, batch) < 1e-6
    assert Halves().loss(points_BK2, batch) > 10


def test_landmarks_moved_out_of_the_frame_keep_the_loss_finite() -> None:
    batch = toy_batch(2)
    moved = Batch(
        frames_B1HW=batch.frames_B1HW, masks_BHW=batch.masks_BHW, contours_BP2=batch.contours_BP2 + 500.0
    )
    heatmaps = torch.zeros(2, 7, 112, 112, requires_grad=True)
    loss = LandmarkModel().loss(heatmaps, moved)
    loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    assert torch.isfinite(loss)
    assert heatmaps.grad is not None
    assert torch.isfinite(heatmaps.grad).all()


def test_broken_landmarks_give_an_empty_mask_not_a_crash() -> None:
    points_BK2 = np.full((2, 7, 2), np.nan)
    assert not masks_from_landmarks(points_BK2, (112, 112)).any()
    assert not masks_from_landmarks(np.full((1, 7, 2), 30.0), (112, 112)).any()


def test_a_mask_is_where_the_probability_is_at_least_one_half() -> None:
    logits = torch.tensor([[[[-1e-6, 0.0], [3.0, -3.0]]]])
    masks = MaskModel().decode(logits, size_HW=(2, 2)).masks_BHW
    assert masks.tolist() == [[[False, True], [True, False]]]


def test_coarse_logits_are_upsampled_before_the_threshold() -> None:
    logits = torch.full((1, 1, 28, 28), -1.0)
    logits[..., 10:20, 5:15] = 1.0
    mask = MaskModel().decode(logits, size_HW=(112, 112)).masks_BHW[0]
    assert mask.shape == (112, 112)
    assert mask[60, 40]
    assert not mask[60, 100]
    assert abs(int(mask.sum()) - 1600) < 60


def test_the_mask_loss_prefers_the_reference() -> None:
    batch = toy_batch(4)
    right = torch.where(batch.masks_BHW, 8.0, -8.0)[:, None]
    empty = torch.full_like(right, -8.0)
    model = MaskModel()
    assert float(model.loss(right, batch)) < 0.01
    assert float(model.loss(empty, batch)) > 1.0
    assert float(model.loss(right[..., ::2, ::2], batch)) < 0.2, (
        "coarse logits are upsampled for the loss too"
    )
