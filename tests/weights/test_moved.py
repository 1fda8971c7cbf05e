"""A border that is moved: masks grow with the logits, and landmarks move along the normals of their curve."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lvzoo.errors import PluginError
from lvzoo.geometry.contour import landmark_stride
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.weights.moved import Border, move_outwards
from tests.toys import toy_frames


class Bright(MaskModel):
    """Logits that are the grey level."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return frames_B1HW - 0.5


class Fixed(LandmarkModel):
    """Predicts the same landmarks in every frame."""

    def __init__(self, points_K2: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        super().__init__(landmarks=len(points_K2))
        self.points_K2 = nn.Parameter(torch.from_numpy(points_K2))

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return self.points_K2.expand(len(frames_B1HW), -1, -1)


def test_a_number_is_added_to_the_logits_and_the_network_stays_what_it_is() -> None:
    network = Bright()
    border = Border(network, "mask")
    frames_B1HW = torch.rand(2, 1, 8, 8)
    for number in (0.0, 0.25, -0.1):
        border.number = number
        assert torch.equal(network(frames_B1HW), frames_B1HW - 0.5 + number)
    assert not network.state_dict()
    copied = copy.deepcopy(network)
    assert torch.equal(copied(frames_B1HW), network(frames_B1HW))


def test_logits_of_half_precision_keep_the_number() -> None:
    network = nn.Identity()
    Border(network, "mask", 0.001)
    assert network(torch.full((1, 1, 1, 1), 100.0, dtype=torch.bfloat16)).item() == pytest.approx(100.001)


@pytest.mark.parametrize("landmarks", [5, 7, 21])
@pytest.mark.parametrize("offset_px", [-2.0, 1.0, 3.0])
def test_landmarks_move_outwards_and_the_model_draws_its_own_curve(landmarks: int, offset_px: float) -> None:
    frames = toy_frames(1)
    points_K2 = frames.contours_NP2[0, :: landmark_stride(landmarks)]
    plain, network = Fixed(points_K2), Fixed(points_K2)
    Border(network, "landmark", offset_px)
    with torch.inference_mode():
        before, after = (model.decode(model(torch.zeros(1, 1, 112, 112))) for model in (plain, network))
    assert before.landmarks_BK2 is not None
    assert after.landmarks_BK2 is not None
    steps_K = np.linalg.norm(after.landmarks_BK2[0] - before.landmarks_BK2[0], axis=1)
    assert steps_K == pytest.approx(np.full(landmarks, abs(offset_px)), abs=1e-4)
    assert bool(after.masks_BHW.sum() > before.masks_BHW.sum()) == (offset_px > 0)
    np.testing.assert_array_equal(network.draw(after.landmarks_BK2, (112, 112)), after.masks_BHW)
    # so that whatever averages the landmarks of a `LandmarkModel` knows it as one
    assert isinstance(network, LandmarkModel)
    assert network.decode.__func__ is LandmarkModel.decode  # type: ignore[attr-defined]
    assert network.state_dict().keys() == plain.state_dict().keys()


def test_outside_is_outside_whatever_the_order_of_the_landmarks() -> None:
    points_K2 = toy_frames(1).contours_NP2[0, ::20]
    moved_K2, reversed_K2 = move_outwards(points_K2, 2.0), move_outwards(points_K2[::-1], 2.0)
    np.testing.assert_allclose(reversed_K2[::-1], moved_K2, atol=0.05)


@pytest.mark.parametrize("points", [[[np.nan, 1.0], [2.0, 3.0], [4.0, 9.0]], [[5.0, 5.0]] * 7])
def test_landmarks_without_a_curve_stay(points: list[list[float]]) -> None:
    np.testing.assert_array_equal(move_outwards(np.array(points), 2.0), points)


def test_a_landmark_model_that_draws_in_a_way_of_its_own_is_refused() -> None:
    with pytest.raises(
        PluginError, match=r"Identity draws its masks in a way of its own.*inherit LandmarkModel"
    ):
        Border(nn.Identity(), "landmark")
