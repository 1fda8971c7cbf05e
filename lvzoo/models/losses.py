"""The training losses of the two kinds of model. All are means over the batch, computed in float32."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from lvzoo.models.decode import expected_points
from lvzoo.models.targets import log_gaussian

PEAK_WEIGHT = 30.0
"""Of a heatmap's peak against its dark in the squared error: see `mse_loss`."""


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
    # a centre outside of the frame piles up at the border
    target_x_BKW = log_gaussian(landmarks_BK2[..., 0], columns, size_HW[1], sigma_px).softmax(-1)
    target_y_BKH = log_gaussian(landmarks_BK2[..., 1], rows, size_HW[0], sigma_px).softmax(-1)
    agreement_BK = torch.einsum("bkhw,bkh,bkw->bk", heatmaps_BKHW, target_y_BKH, target_x_BKW)
    cross_entropy = (heatmaps_BKHW.flatten(2).logsumexp(2) - agreement_BK).mean()
    return cross_entropy + points_loss(expected_points(heatmaps_BKHW, size_HW), landmarks_BK2) / 10


def points_loss(points_BK2: torch.Tensor, landmarks_BK2: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute distance along each axis, in pixels, rounded off within one pixel."""
    return functional.smooth_l1_loss(points_BK2.float(), landmarks_BK2)


# --- For targets of any form, given as the logarithm of heatmaps with a peak of about 1 -------------------------


def cross_entropy_loss(heatmaps_BKHW: torch.Tensor, log_targets_BKHW: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of each heatmap's softmax with its target, that made to sum to 1."""
    log_weights_BKP = heatmaps_BKHW.float().flatten(2).log_softmax(2)
    return -(log_targets_BKHW.flatten(2).softmax(2) * log_weights_BKP).sum(2).mean()


def mse_loss(heatmaps_BKHW: torch.Tensor, log_targets_BKHW: torch.Tensor) -> torch.Tensor:
    """Return the squared error of plain heatmaps, as a fraction of that of empty ones.

    A pixel's weight rises with its target, to `PEAK_WEIGHT` at the peak: otherwise the dark rest of the frame, which
    is some hundred times larger, makes the network call everything dark first. A landmark outside of the frame has
    no heatmap.
    """
    targets_BKHW = log_targets_BKHW.exp()
    weights_BKHW = 1 + (PEAK_WEIGHT - 1) * targets_BKHW
    error = (weights_BKHW * (heatmaps_BKHW.float() - targets_BKHW).square()).sum()
    return error / (weights_BKHW * targets_BKHW.square()).sum().clamp_min(1.0)


def dsnt_loss(
    heatmaps_BKHW: torch.Tensor,
    log_targets_BKHW: torch.Tensor,
    landmarks_BK2: torch.Tensor,
    size_HW: tuple[int, int],
) -> torch.Tensor:
    """Return the distance of each heatmap's mean from its landmark, plus a divergence from the target.

    DSNT (Nibali et al. 2018, arXiv 1801.07372, eq. 7 and 9): the Euclidean distance, a frame being 2 wide and 2
    high, and with equal weight the Jensen-Shannon divergence between the heatmap's softmax and the target.
    """
    half_extent_2 = landmarks_BK2.new_tensor([size_HW[1], size_HW[0]]) / 2
    miss_BK2 = (expected_points(heatmaps_BKHW, size_HW) - landmarks_BK2) / half_extent_2
    distance_BK = (miss_BK2.square().sum(2) + 1e-12).sqrt()  # the root has no slope at 0
    log_p_BKP = heatmaps_BKHW.float().flatten(2).log_softmax(2)
    log_q_BKP = log_targets_BKHW.flatten(2).log_softmax(2)
    log_middle_BKP = torch.logaddexp(log_p_BKP, log_q_BKP) - math.log(2)
    from_p_BK = (log_p_BKP.exp() * (log_p_BKP - log_middle_BKP)).sum(2)
    from_q_BK = (log_q_BKP.exp() * (log_q_BKP - log_middle_BKP)).sum(2)
    return (distance_BK + (from_p_BK + from_q_BK) / 2).mean()
