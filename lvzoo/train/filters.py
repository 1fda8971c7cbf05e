"""Filters frames by matrix products, each frame with its own width; much faster than convolutions of one channel.

A filter along one axis is a matrix (B, size, size). Each of its rows holds the weights of the pixels that one pixel
is averaged over, and sums to 1, also at the border.
"""

from __future__ import annotations

import torch


def gaussian_rows(size: int, sigma_B: torch.Tensor) -> torch.Tensor:
    """Return matrices (B, size, size) whose rows are normalised Gaussian weights about the diagonal."""
    index = torch.arange(size, device=sigma_B.device, dtype=sigma_B.dtype)
    distance = index[:, None] - index
    return torch.softmax(-(distance**2) / (2 * sigma_B[:, None, None] ** 2), dim=-1)


def cell_rows(size: int, cells_B: torch.Tensor) -> torch.Tensor:
    """Return matrices (B, size, size) that give each pixel the mean of its cell; an axis has `cells_B` cells."""
    middles = torch.arange(size, device=cells_B.device) + 0.5
    cell_BS = (middles * cells_B[:, None] / size).floor()
    same_BSS = (cell_BS[:, :, None] == cell_BS[:, None]).float()
    return same_BSS / same_BSS.sum(dim=-1, keepdim=True)


def smooth(frames_BHW: torch.Tensor, sigma_B: torch.Tensor) -> torch.Tensor:
    """Smooth each frame with a Gaussian of its own sigma (px)."""
    down_BHH, across_BWW = (gaussian_rows(size, sigma_B) for size in frames_BHW.shape[-2:])
    return down_BHH @ frames_BHW @ across_BWW.mT
