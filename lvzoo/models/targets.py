"""What a landmark's heatmap should look like: a Gaussian about it, free or held to the wall."""

from __future__ import annotations

import torch
from torch.nn import functional

BAND_REACH_PX = 2
"""Two passes of a 3x3 kernel, dilating and eroding: the band reaches 2 px to either side of the contour."""
OUTSIDE_BAND = -1e4
"""Added to a log weight outside of the band: nothing is left of it, unless the frame holds no band at all."""


def cell_centres_px(cells: int, pixels: int, like: torch.Tensor) -> torch.Tensor:
    """Return where the centres of a heatmap's cells lie along one axis, in pixels of the frame."""
    return (torch.arange(cells, device=like.device, dtype=like.dtype) + 0.5) * (pixels / cells) - 0.5


def log_gaussian(centres_BK: torch.Tensor, cells: int, pixels: int, sigma_px: float) -> torch.Tensor:
    """Return the exponents (B, K, cells) of Gaussians along one axis: 0 at the centre, nowhere more."""
    centres_BK = centres_BK.float()
    distance_px = cell_centres_px(cells, pixels, centres_BK) - centres_BK[..., None]
    return -(distance_px**2) / (2 * sigma_px**2)


def log_gaussian_maps(
    landmarks_BK2: torch.Tensor, cells_HW: tuple[int, int], size_HW: tuple[int, int], sigma_px: float
) -> torch.Tensor:
    """Return the logarithms of Gaussian heatmaps (B, K, H, W) with a peak of 1 (0 here) at each landmark.

    `cells_HW` is the heatmaps' grid, `size_HW` the frame's size in pixels; `sigma_px` counts pixels of the frame.
    """
    x_BKW = log_gaussian(landmarks_BK2[..., 0], cells_HW[1], size_HW[1], sigma_px)
    y_BKH = log_gaussian(landmarks_BK2[..., 1], cells_HW[0], size_HW[0], sigma_px)
    return y_BKH[..., :, None] + x_BKW[..., None, :]


def contour_band(masks_BHW: torch.Tensor) -> torch.Tensor:
    """Return where (bool) the dilated mask differs from the eroded one: a band of 4 px along the contour.

    It is `dilate XOR erode` with a 3x3 kernel applied twice, by max-pooling, on the masks' device. What lies
    outside of the frame counts for neither, as in OpenCV.
    """
    inside_B1HW = masks_BHW[:, None].float()
    width = 2 * BAND_REACH_PX + 1
    dilated_B1HW = functional.max_pool2d(inside_B1HW, width, stride=1, padding=BAND_REACH_PX)
    eroded_B1HW = -functional.max_pool2d(-inside_B1HW, width, stride=1, padding=BAND_REACH_PX)
    return (dilated_B1HW > eroded_B1HW).squeeze(1)


def log_band_maps(log_maps_BKHW: torch.Tensor, masks_BHW: torch.Tensor) -> torch.Tensor:
    """Hold heatmaps, given as logarithms, to the contour's band: the target of the benchmark's original study.

    An error along the wall then costs less than one across it. The target's peak stays near the landmark, but its
    mean lies inside of the wall: it wants to be read out at the peak.
    """
    band_BHW = contour_band(masks_BHW)
    if band_BHW.shape[-2:] != log_maps_BKHW.shape[-2:]:
        cells_HW = log_maps_BKHW.shape[-2:]
        band_BHW = functional.adaptive_max_pool2d(band_BHW[:, None].float(), cells_HW).squeeze(1) > 0
    return log_maps_BKHW + torch.where(band_BHW, 0.0, OUTSIDE_BAND)[:, None]
