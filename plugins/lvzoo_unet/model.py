"""The hand-written U-Net that predicts masks."""

from __future__ import annotations

import torch

from lvzoo.models.base import MaskModel
from lvzoo.models.blocks import Normalise, UNetBody


class UNet(MaskModel):
    """U-Net with 3x3 convolutions, ReLU and 2x2 max pooling. With `width=64` it is the original study's network."""

    def __init__(self, *, width: int, levels: int, stem: int = 1) -> None:
        super().__init__()
        self.normalise = Normalise()
        self.body = UNetBody(width=width, levels=levels, stem=stem)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return logits (B, 1, H, W)."""
        logits_B1HW: torch.Tensor = self.body(self.normalise(frames_B1HW))
        return logits_B1HW
