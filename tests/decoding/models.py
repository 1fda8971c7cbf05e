"""Small models whose outputs follow the picture, so that what happens to a moved frame is known exactly."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.geometry.raster import rasterise
from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.types import Batch, Prediction

SIZE_HW = (112, 112)
CORNERS_72 = np.array([[-8, 20], [-11, 8], [-8, -6], [0, -18], [9, -8], [13, 7], [10, 18]], np.float32)
"""Landmarks of an asymmetric ventricle, about its middle."""


class Bright(MaskModel):
    """A mask model: the logits are the brightness above a half, a number for every `step` pixels."""

    def __init__(self, step: int = 1) -> None:
        super().__init__()
        self.step = step

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(10 * (frames_B1HW - 0.5), self.step)


class Placed(LandmarkModel):
    """A landmark model: seven landmarks about the middle of the brightness, as wide as the brightness is."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        mass_BHW = frames_B1HW[:, 0] / frames_B1HW.sum(dim=(1, 2, 3))[:, None, None]
        rows, columns = frames_B1HW.shape[-2:]
        xs_W = torch.arange(columns, dtype=mass_BHW.dtype)
        ys_H = torch.arange(rows, dtype=mass_BHW.dtype)
        x_B, y_B = (mass_BHW.sum(1) * xs_W).sum(1), (mass_BHW.sum(2) * ys_H).sum(1)
        spread_B = ((mass_BHW.sum(1) * (xs_W - x_B[:, None]) ** 2).sum(1)).sqrt()
        middle_B12 = torch.stack([x_B, y_B], dim=1)[:, None]
        return middle_B12 + torch.from_numpy(CORNERS_72) * spread_B[:, None, None] / 12


class Corners(nn.Module):
    """A model that inherits nothing of lvzoo: its outputs are the middles of the brightness, in thousandths."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Placed()

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        points: torch.Tensor = self.inner(frames_B1HW)
        return points.flatten(1) / 1000

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        raise NotImplementedError

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int]) -> Prediction:
        points_B72 = 1000 * output.view(-1, 7, 2).numpy()
        return Prediction(masks_BHW=np.stack([rasterise(points_72, size_HW) for points_72 in points_B72]))


def blob_frames(middles_N2: NDArray[np.float64]) -> torch.Tensor:
    """Return smooth frames (N, 1, H, W) with an oblique bright blob at each place (x, y)."""
    ys_HW, xs_HW = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    frames = []
    for x, y in middles_N2:
        along, across = (xs_HW - x) * 0.4 + (ys_HW - y) * 0.9, (xs_HW - x) * 0.9 - (ys_HW - y) * 0.4
        skew = across + 0.01 * along**2
        hill = np.exp(-0.5 * ((along / 17) ** 2 + (skew / 10) ** 2))
        frames.append((hill - 0.1).clip(0) / 0.9)  # black at the border of the frame
    return torch.from_numpy(np.stack(frames).astype(np.float32))[:, None]
