"""Filters as banded matrix products, each frame with its own width: far cheaper than convolutions of few channels.

A filter along one axis is a matrix (B, size, size) whose rows are the weights of each pixel's neighbours; weights
that would fall beyond the border are shared out among the others.
"""

from __future__ import annotations

import torch


def gaussian_rows(size: int, sigma_B: torch.Tensor) -> torch.Tensor:
    """Return matrices (B, size, size) whose rows are normalised Gaussian weights about the diagonal."""
    index = torch.arange(size, device=sigma_B.device, dtype=sigma_B.dtype)
    distance = index[:, None] - index
    return torch.softmax(-(distance**2) / (2 * sigma_B[:, None, None] ** 2), dim=-1)


def cell_rows(size: int, cells_B: torch.Tensor) -> torch.Tensor:
    """Return matrices (B, size, size) that give each pixel the mean of its cell, the axis being cut into so many."""
    middles = torch.arange(size, device=cells_B.device) + 0.5
    cell_BS = (middles * cells_B[:, None] / size).floor()
    same_BSS = (cell_BS[:, :, None] == cell_BS[:, None]).float()
    return same_BSS / same_BSS.sum(dim=-1, keepdim=True)


def smooth(frames_BHW: torch.Tensor, sigma_B: torch.Tensor) -> torch.Tensor:
    """Return frames smoothed by Gaussians (sigma in px, each frame its own)."""
    down_BHH, across_BWW = (gaussian_rows(size, sigma_B) for size in frames_BHW.shape[-2:])
    return down_BHH @ frames_BHW @ across_BWW.mT
