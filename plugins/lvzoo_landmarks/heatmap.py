"""The heatmap U-Net: one heatmap a landmark, read out at sub-pixel precision."""

from __future__ import annotations

import torch

from lvzoo.models.base import LandmarkModel
from lvzoo.models.blocks import Normalise, UNetBody


class HeatmapUNet(LandmarkModel):
    """U-Net with K output channels, each a distribution over the frame's pixels."""

    def __init__(self, *, landmarks: int, width: int, levels: int, sigma_px: float) -> None:
        super().__init__(sigma_px)
        self.normalise = Normalise()
        self.body = UNetBody(out_channels=landmarks, width=width, levels=levels)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return heatmaps (B, K, H, W) as logits."""
        heatmaps_BKHW: torch.Tensor = self.body(self.normalise(frames_B1HW))
        return heatmaps_BKHW
