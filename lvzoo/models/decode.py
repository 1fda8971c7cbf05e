"""From a network's output to masks and points."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from lvzoo.geometry.contour import spline
from lvzoo.geometry.raster import rasterise


def masks_from_logits(logits_B1HW: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels with a probability of at least 0.5, after bilinear upsampling of the *logits*."""
    logits_B1HW = logits_B1HW.float()
    if logits_B1HW.shape[-2:] != size_HW:
        logits_B1HW = functional.interpolate(logits_B1HW, size=size_HW, mode="bilinear", align_corners=False)
    masks: NDArray[np.bool_] = (logits_B1HW.squeeze(1) >= 0).cpu().numpy()
    return masks


def masks_from_landmarks(landmarks_BK2: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Draw the natural spline through each frame's landmarks and fill it as the references are filled."""
    if not len(landmarks_BK2):
        return np.zeros((0, *size_HW), dtype=np.bool_)
    return np.stack([rasterise(_finite_spline(points_K2), size_HW) for points_K2 in landmarks_BK2])


def expected_points(heatmaps_BKHW: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
    """Return the mean point (x, y) of each heatmap's softmax, in pixels of a frame of `size_HW`.

    Sub-pixel and differentiable: the soft-argmax of DSNT (Nibali et al. 2018, arXiv 1801.07372).
    """
    rows, columns = heatmaps_BKHW.shape[-2:]
    weights_BKHW = heatmaps_BKHW.float().flatten(2).softmax(2).view_as(heatmaps_BKHW)
    x_BK = weights_BKHW.sum(2) @ _cell_centres(columns, size_HW[1], weights_BKHW)
    y_BK = weights_BKHW.sum(3) @ _cell_centres(rows, size_HW[0], weights_BKHW)
    return torch.stack([x_BK, y_BK], dim=-1)


def _cell_centres(cells: int, pixels: int, like: torch.Tensor) -> torch.Tensor:
    """Return where the centres of a heatmap's cells lie, in pixels of the frame."""
    return (torch.arange(cells, device=like.device, dtype=like.dtype) + 0.5) * (pixels / cells) - 0.5


def _finite_spline(points_K2: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the spline, or the points themselves where a broken model gives points that are not finite."""
    return spline(points_K2) if np.isfinite(points_K2).all() else points_K2
