"""Computes the target heatmap of a landmark: a Gaussian, optionally limited to a band along the contour.

Letters in names: B batch, K landmarks, H rows, W columns.
"""

from __future__ import annotations

import torch
from torch.nn import functional

BAND_REACH_PX = 2
"""The band reaches 2 px to either side of the contour: a 3x3 dilation and a 3x3 erosion, each applied twice."""
OUTSIDE_BAND = -1e4
"""Added to the logarithm outside the band, which makes the weight there 0 after a softmax.

If a frame has no band at all, every pixel gets the same shift and the softmax does not change.
"""


def cell_centres_px(cells: int, pixels: int, like: torch.Tensor) -> torch.Tensor:
    """Return the centres of a heatmap's cells along one axis, in pixels of the frame."""
    # Cell i covers pixels/cells pixels; the centre of the first pixel is 0, so its edge is at -0.5.
    return (torch.arange(cells, device=like.device, dtype=like.dtype) + 0.5) * (pixels / cells) - 0.5


def extent_px(size_HW: tuple[int, int], like: torch.Tensor) -> torch.Tensor:
    """Return the width and the height of a frame as a tensor (2,) on a tensor's device.

    It is computed there: a copy of two numbers from the CPU would wait for a GPU.
    """
    rows, columns = size_HW
    return columns + (rows - columns) * torch.arange(2, device=like.device, dtype=like.dtype)


def log_gaussian(centres_BK: torch.Tensor, cells: int, pixels: int, sigma_px: float) -> torch.Tensor:
    """Return the logarithm (B, K, cells) of Gaussians with a peak of 1 along one axis."""
    centres_BK = centres_BK.float()
    distance_px = cell_centres_px(cells, pixels, centres_BK) - centres_BK[..., None]
    return -(distance_px**2) / (2 * sigma_px**2)


def log_gaussian_maps(
    landmarks_BK2: torch.Tensor, cells_HW: tuple[int, int], size_HW: tuple[int, int], sigma_px: float
) -> torch.Tensor:
    """Return the logarithm of Gaussian heatmaps (B, K, H, W) with a peak of 1 at each landmark.

    `cells_HW` is the grid of the heatmaps and `size_HW` the size of the frame in pixels. `sigma_px` is the standard
    deviation in pixels of the frame.
    """
    x_BKW = log_gaussian(landmarks_BK2[..., 0], cells_HW[1], size_HW[1], sigma_px)
    y_BKH = log_gaussian(landmarks_BK2[..., 1], cells_HW[0], size_HW[0], sigma_px)
    return y_BKH[..., :, None] + x_BKW[..., None, :]


def contour_band(masks_BHW: torch.Tensor) -> torch.Tensor:
    """Return the pixels (B, H, W) where the dilated mask differs from the eroded one: a band of 4 px on the contour.

    This is `dilate XOR erode`, with a 3x3 kernel applied twice. Pixels outside the frame are ignored, as in OpenCV.
    """
    # Max pooling with a 5x5 window equals two passes of a 3x3 dilation, and it runs on the masks' device.
    inside_B1HW = masks_BHW[:, None].float()
    width = 2 * BAND_REACH_PX + 1
    dilated_B1HW = functional.max_pool2d(inside_B1HW, width, stride=1, padding=BAND_REACH_PX)
    eroded_B1HW = -functional.max_pool2d(-inside_B1HW, width, stride=1, padding=BAND_REACH_PX)
    return (dilated_B1HW > eroded_B1HW).squeeze(1)


def log_band_maps(log_maps_BKHW: torch.Tensor, masks_BHW: torch.Tensor) -> torch.Tensor:
    """Limit heatmaps, given as logarithms, to the band along the contour: the target of the original study.

    An error along the wall then costs less than an error across it. The peak of the target stays near the landmark,
    but its mean lies inside the ventricle. So the landmark must be read from the peak.
    """
    band_BHW = contour_band(masks_BHW)
    if band_BHW.shape[-2:] != log_maps_BKHW.shape[-2:]:
        # On a coarser grid, a cell belongs to the band if any of its pixels does.
        cells_HW = log_maps_BKHW.shape[-2:]
        band_BHW = functional.adaptive_max_pool2d(band_BHW[:, None].float(), cells_HW).squeeze(1) > 0
    return log_maps_BKHW + torch.where(band_BHW, 0.0, OUTSIDE_BAND)[:, None]
