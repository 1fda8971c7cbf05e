"""The training losses of mask and landmark models. All are means over the batch, computed in float32.

Letters in names: B batch, K landmarks, H rows, W columns, P pixels of a heatmap.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from lvzoo.models.decode import expected_points, mean_points
from lvzoo.models.targets import extent_px, log_gaussian

PEAK_WEIGHT = 30.0
"""Weight of a heatmap's peak in the squared error, where the background has weight 1; see `mse_loss`."""


def mask_loss(logits_B1HW: torch.Tensor, masks_BHW: torch.Tensor) -> torch.Tensor:
    """Return binary cross-entropy plus soft Dice loss: 1 - Dice of the probabilities, averaged over frames."""
    logits_BHW = logits_B1HW.float().squeeze(1)
    target_BHW = masks_BHW.to(logits_BHW.dtype)
    cross_entropy = functional.binary_cross_entropy_with_logits(logits_BHW, target_BHW)
    probability_BHW = logits_BHW.sigmoid()
    overlap_B = (probability_BHW * target_BHW).sum(dim=(1, 2))
    total_B = probability_BHW.sum(dim=(1, 2)) + target_BHW.sum(dim=(1, 2))
    # Adding 1 pixel to both sides of the fraction keeps empty masks finite.
    dice_B = (2 * overlap_B + 1) / (total_B + 1)
    return cross_entropy + (1 - dice_B).mean()


def heatmap_loss(
    heatmaps_BKHW: torch.Tensor, landmarks_BK2: torch.Tensor, sigma_px: float, size_HW: tuple[int, int]
) -> torch.Tensor:
    """Return the cross-entropy of each heatmap with a Gaussian at its landmark, plus 1/10 of the distance in px.

    The softmax of a heatmap is a distribution over its pixels. The Gaussian has a standard deviation of `sigma_px`
    in a frame of size `size_HW`. The distance is the smooth L1 distance between the mean of the distribution and the
    landmark: it trains the sub-pixel position, as in DSNT (Nibali et al. 2018, arXiv 1801.07372).
    """
    heatmaps_BKHW = heatmaps_BKHW.float()
    rows, columns = heatmaps_BKHW.shape[-2:]
    # The target distribution is a product of two one-dimensional ones. Softmax makes each sum to 1; for a landmark
    # outside the frame, the target then lies at the border.
    target_x_BKW = log_gaussian(landmarks_BK2[..., 0], columns, size_HW[1], sigma_px).softmax(-1)
    target_y_BKH = log_gaussian(landmarks_BK2[..., 1], rows, size_HW[0], sigma_px).softmax(-1)
    # The cross-entropy and the mean point share one softmax, which is most of the work.
    log_weights_BKHW = heatmaps_BKHW.flatten(2).log_softmax(2).view_as(heatmaps_BKHW)
    agreement_BK = torch.einsum("bkhw,bkh,bkw->bk", log_weights_BKHW, target_y_BKH, target_x_BKW)
    points_BK2 = mean_points(log_weights_BKHW.exp(), size_HW)
    return points_loss(points_BK2, landmarks_BK2) / 10 - agreement_BK.mean()


def points_loss(points_BK2: torch.Tensor, landmarks_BK2: torch.Tensor) -> torch.Tensor:
    """Return the smooth L1 distance in pixels: the mean absolute error per axis, quadratic below one pixel."""
    return functional.smooth_l1_loss(points_BK2.float(), landmarks_BK2)


# --- Losses for any target, given as the logarithm of heatmaps with a peak of about 1 ---------------------------


def cross_entropy_loss(heatmaps_BKHW: torch.Tensor, log_targets_BKHW: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of each heatmap's softmax with its target, which is normalised to sum to 1."""
    log_weights_BKP = heatmaps_BKHW.float().flatten(2).log_softmax(2)
    return -(log_targets_BKHW.flatten(2).softmax(2) * log_weights_BKP).sum(2).mean()


def mse_loss(heatmaps_BKHW: torch.Tensor, log_targets_BKHW: torch.Tensor) -> torch.Tensor:
    """Return the weighted squared error of plain heatmaps, as a fraction of the error of all-zero heatmaps.

    The weight of a pixel grows with its target, from 1 in the background to `PEAK_WEIGHT` at the peak. The
    background has about a hundred times more pixels than the peak; with equal weights the network would first learn
    to predict zero everywhere. The target of a landmark outside the frame is zero everywhere.
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
    """Return the DSNT loss: the distance of each heatmap's mean from its landmark, plus a divergence from the target.

    Nibali et al. 2018 (arXiv 1801.07372, eq. 7 and 9). The distance is Euclidean, in units in which the frame is 2
    wide and 2 high. The Jensen-Shannon divergence between the heatmap's softmax and the target is added with equal
    weight.
    """
    # Distance between mean and landmark; the small number keeps the gradient of the square root finite at 0.
    half_extent_2 = extent_px(size_HW, landmarks_BK2) / 2
    miss_BK2 = (expected_points(heatmaps_BKHW, size_HW) - landmarks_BK2) / half_extent_2
    distance_BK = (miss_BK2.square().sum(2) + 1e-12).sqrt()
    # Jensen-Shannon divergence: the mean of KL(p || m) and KL(q || m) with m = (p + q) / 2, from log-probabilities.
    log_p_BKP = heatmaps_BKHW.float().flatten(2).log_softmax(2)
    log_q_BKP = log_targets_BKHW.flatten(2).log_softmax(2)
    log_middle_BKP = torch.logaddexp(log_p_BKP, log_q_BKP) - math.log(2)
    from_p_BK = (log_p_BKP.exp() * (log_p_BKP - log_middle_BKP)).sum(2)
    from_q_BK = (log_q_BKP.exp() * (log_q_BKP - log_middle_BKP)).sum(2)
    return (distance_BK + (from_p_BK + from_q_BK) / 2).mean()
