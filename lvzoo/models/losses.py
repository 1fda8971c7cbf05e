"""The training losses of the two kinds of model. All are means over the batch, computed in float32."""

from __future__ import annotations

import torch
from torch.nn import functional

from lvzoo.models.decode import expected_points


def mask_loss(logits_B1HW: torch.Tensor, masks_BHW: torch.Tensor) -> torch.Tensor:
    """Return binary cross-entropy plus soft Dice loss (1 - Dice of the probabilities, frame by frame)."""
    logits_BHW = logits_B1HW.float().squeeze(1)
    target_BHW = masks_BHW.to(logits_BHW.dtype)
    cross_entropy = functional.binary_cross_entropy_with_logits(logits_BHW, target_BHW)
    probability_BHW = logits_BHW.sigmoid()
    overlap_B = (probability_BHW * target_BHW).sum(dim=(1, 2))
    total_B = probability_BHW.sum(dim=(1, 2)) + target_BHW.sum(dim=(1, 2))
    dice_B = (2 * overlap_B + 1) / (total_B + 1)
    return cross_entropy + (1 - dice_B).mean()


def heatmap_loss(
    heatmaps_BKHW: torch.Tensor, landmarks_BK2: torch.Tensor, sigma_px: float, size_HW: tuple[int, int]
) -> torch.Tensor:
    """Return the cross-entropy of each heatmap with a Gaussian about its landmark, plus the distance in px.

    A heatmap is a distribution over the pixels (softmax). The Gaussian's width is `sigma_px` on a frame of
    `size_HW`; the second term is the L1 distance between the heatmap's mean point and the landmark, scaled by
    1/10: together a Gaussian target with the sub-pixel aim of DSNT (Nibali et al. 2018, arXiv 1801.07372).
    """
    heatmaps_BKHW = heatmaps_BKHW.float()
    rows, columns = heatmaps_BKHW.shape[-2:]
    target_x_BKW = _gaussian(landmarks_BK2[..., 0], columns, size_HW[1], sigma_px)
    target_y_BKH = _gaussian(landmarks_BK2[..., 1], rows, size_HW[0], sigma_px)
    agreement_BK = torch.einsum("bkhw,bkh,bkw->bk", heatmaps_BKHW, target_y_BKH, target_x_BKW)
    cross_entropy = (heatmaps_BKHW.flatten(2).logsumexp(2) - agreement_BK).mean()
    return cross_entropy + points_loss(expected_points(heatmaps_BKHW, size_HW), landmarks_BK2) / 10


def points_loss(points_BK2: torch.Tensor, landmarks_BK2: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute distance along each axis, in pixels, rounded off within one pixel."""
    return functional.smooth_l1_loss(points_BK2.float(), landmarks_BK2)


def _gaussian(centres_BK: torch.Tensor, cells: int, pixels: int, sigma_px: float) -> torch.Tensor:
    """Return normalised Gaussians (B, K, cells) along one axis; a centre outside piles up at the border."""
    pixels_per_cell = pixels / cells
    cell_px = (torch.arange(cells, device=centres_BK.device) + 0.5) * pixels_per_cell - 0.5
    distance_px = cell_px - centres_BK[..., None].float()
    return torch.softmax(-(distance_px**2) / (2 * sigma_px**2), dim=-1)
