"""The network: one linear layer from a small frame to landmarks. `LandmarkModel` brings loss, spline and mask.

Letters in names: B batch, K landmarks, H rows, W columns.
"""

import torch
from torch import nn

from lvzoo.models.base import LandmarkModel
from lvzoo.models.blocks import Normalise

SPREAD = 0.1
"""Unit of the linear layer's output, as a fraction of the frame."""


class LinearShape(LandmarkModel):
    """Shrinks the frame to side x side grey levels and maps them linearly to K landmarks.

    `modes` is only used by the trainer: the number of principal components of the shapes.
    """

    def __init__(self, *, landmarks: int, side: int, modes: int) -> None:
        super().__init__(landmarks=landmarks)
        self.spans = landmarks - 1
        self.modes = modes
        self.shrink = nn.Sequential(Normalise(), nn.AdaptiveAvgPool2d(side), nn.Flatten())
        self.linear = nn.Linear(side**2, 2 * landmarks)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return points (B, K, 2) in pixels."""
        rows, columns = frames_B1HW.shape[-2:]
        size_2 = torch.tensor([columns, rows], device=frames_B1HW.device)
        # Always in float32: bf16 cannot represent half pixels at these coordinates.
        with torch.autocast(frames_B1HW.device.type, enabled=False):
            offsets_BK2 = self.linear(self.shrink(frames_B1HW.float())).unflatten(1, (-1, 2))
            points_BK2: torch.Tensor = (0.5 + SPREAD * offsets_BK2) * size_2 - 0.5
        return points_BK2

    def targets(self, points_BK2: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return the output (B, 2K) that `linear` must have for these landmarks."""
        size_2 = torch.tensor(size_HW[::-1], device=points_BK2.device)
        return (((points_BK2 + 0.5) / size_2 - 0.5) / SPREAD).flatten(1)
