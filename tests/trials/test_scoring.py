"""The ceiling of a landmark model uses the model's own drawing, and is absent if it cannot be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.models.decode import masks_from_landmarks
from lvzoo.trials import scoring
from lvzoo.types import Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Points(LandmarkModel):
    """Predicts K points, and does not declare K."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return torch.full((len(frames_B1HW), self.count, 2), 30.0)


class Nothing(Points):
    """Draws nothing."""

    def draw(self, landmarks_BK2: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        return np.zeros((len(landmarks_BK2), *size_HW), dtype=np.bool_)


class Stranger(nn.Module):
    """Predicts landmarks, but is not a LandmarkModel, so how it draws them is unknown."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return torch.full((len(frames_B1HW), 7, 2), 30.0)

    def loss(self, output: torch.Tensor, batch: object) -> torch.Tensor:
        raise NotImplementedError

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int]) -> Prediction:
        points = output.numpy()
        return Prediction(masks_BHW=masks_from_landmarks(points, size_HW), landmarks_BK2=points)


class Mask(MaskModel):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return frames_B1HW


def test_k_is_learnt_from_the_prediction() -> None:
    found = scoring.phantom_ceiling(Points(7))
    assert found is not None
    assert found.dice == getattr(scoring.phantom_ceiling(LandmarkModel(landmarks=7)), "dice", None)
    assert found.dice["all"] == pytest.approx(0.965, abs=0.01)


def test_a_model_that_draws_otherwise_has_another_ceiling() -> None:
    found = scoring.phantom_ceiling(Nothing(7))
    assert found is not None
    assert found.dice == {"all": 0, "ED": 0, "ES": 0}


@pytest.mark.parametrize("model", [Points(8), Stranger(), Mask()])
def test_where_nobody_can_tell_there_is_no_ceiling(model: nn.Module) -> None:
    assert scoring.phantom_ceiling(model) is None
