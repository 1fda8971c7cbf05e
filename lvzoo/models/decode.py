"""Decodes the output of a network into masks and landmarks.

Letters in names: B batch, K landmarks, H rows, W columns, N = B * K heatmaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import torch
from torch.nn import functional

from lvzoo.geometry.contour import spline
from lvzoo.geometry.raster import rasterise
from lvzoo.models.targets import cell_centres_px, log_gaussian

if TYPE_CHECKING:
    from numpy.typing import NDArray

Curve: TypeAlias = Literal["spline", "polygon"]
"""How landmarks are joined: by a natural cubic spline or by straight lines."""

DARK_BLUR_CELLS = 1.0
"""Standard deviation of the Gaussian by which DARK blurs a heatmap."""
DARK_REACH_CELLS = 1.0
"""Largest step of DARK from the highest cell, along each axis."""
DARK_FLOOR = 1e-10
"""Smallest value of which DARK takes the logarithm."""


def masks_from_logits(logits_B1HW: torch.Tensor, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels with a probability of at least 0.5, after bilinear upsampling of the *logits*."""
    logits_B1HW = logits_B1HW.float()
    if logits_B1HW.shape[-2:] != size_HW:
        logits_B1HW = functional.interpolate(logits_B1HW, size=size_HW, mode="bilinear", align_corners=False)
    masks: NDArray[np.bool_] = (logits_B1HW.squeeze(1) >= 0).cpu().numpy()
    return masks


def masks_from_landmarks(
    landmarks_BK2: NDArray[np.floating], size_HW: tuple[int, int], *, curve: Curve = "spline"
) -> NDArray[np.bool_]:
    """Draw a curve through each frame's landmarks and fill it by the same rule as the references.

    A frame with a landmark that is not finite gets an empty mask.
    """
    masks_BHW = np.zeros((len(landmarks_BK2), *size_HW), dtype=np.bool_)
    for mask_HW, points_K2 in zip(masks_BHW, landmarks_BK2, strict=True):
        if np.isfinite(points_K2).all():
            mask_HW[:] = rasterise(spline(points_K2) if curve == "spline" else points_K2, size_HW)
    return masks_BHW


# --- Heatmaps to points ---------------------------------------------------------------------------------------


def expected_points(heatmaps_BKHW: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
    """Return the mean point (x, y) of each heatmap's softmax, in pixels of a frame of size `size_HW`.

    This is the soft-argmax of DSNT (Nibali et al. 2018, arXiv 1801.07372): sub-pixel and differentiable.
    """
    return mean_points(heatmaps_BKHW.float().flatten(2).softmax(2).view_as(heatmaps_BKHW), size_HW)


def mean_points(weights_BKHW: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
    """Return the mean point (x, y) of each map of weights that sum to 1, in pixels of a frame of size `size_HW`."""
    rows, columns = weights_BKHW.shape[-2:]
    # The mean x needs only the sum over the rows, the mean y only the sum over the columns.
    x_BK = weights_BKHW.sum(2) @ cell_centres_px(columns, size_HW[1], weights_BKHW)
    y_BK = weights_BKHW.sum(3) @ cell_centres_px(rows, size_HW[0], weights_BKHW)
    return torch.stack([x_BK, y_BK], dim=-1)


def highest_points(heatmaps_BKHW: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
    """Return the centre (x, y) of each heatmap's highest cell, in pixels of a frame of size `size_HW`."""
    columns_BK, rows_BK = _highest_cells(heatmaps_BKHW)
    return _cells_to_pixels(columns_BK.float(), rows_BK.float(), heatmaps_BKHW, size_HW)


def dark_points(weights_BKHW: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
    """Return the sub-pixel peak (x, y) of each heatmap, in pixels of a frame of size `size_HW`.

    DARK (Zhang et al. 2020, arXiv 1910.06278). The logarithm h of a Gaussian is a parabola, so the peak lies at
    `-H^-1 grad h` from the highest cell of the blurred heatmap, where H is the Hessian of h. The step is limited to
    one cell per axis, and is 0 if h has no maximum there. `weights_BKHW` are plain heatmaps, not logits; negative
    values count as 0.
    """
    blurred_BKHW = _blur(weights_BKHW.float().clamp_min(0))
    columns_BK, rows_BK = _highest_cells(blurred_BKHW)
    around_BK33 = _neighbourhood(blurred_BKHW.clamp_min(DARK_FLOOR).log(), columns_BK, rows_BK)
    step_x_BK, step_y_BK = _step_to_peak(around_BK33)
    return _cells_to_pixels(columns_BK + step_x_BK, rows_BK + step_y_BK, weights_BKHW, size_HW)


def _highest_cells(heatmaps_BKHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the column and row of each heatmap's highest cell."""
    highest_BK = heatmaps_BKHW.flatten(2).argmax(2)
    columns = heatmaps_BKHW.shape[-1]
    return highest_BK % columns, highest_BK.div(columns, rounding_mode="floor")


def _cells_to_pixels(
    columns_BK: torch.Tensor, rows_BK: torch.Tensor, heatmaps_BKHW: torch.Tensor, size_HW: tuple[int, int]
) -> torch.Tensor:
    """Convert columns and rows of heatmaps (fractions allowed) to points (x, y) in pixels of the frame."""
    rows, columns = heatmaps_BKHW.shape[-2:]
    x_BK = (columns_BK + 0.5) * (size_HW[1] / columns) - 0.5
    y_BK = (rows_BK + 0.5) * (size_HW[0] / rows) - 0.5
    return torch.stack([x_BK, y_BK], dim=-1)


def _blur(heatmaps_BKHW: torch.Tensor) -> torch.Tensor:
    """Blur heatmaps with a Gaussian whose standard deviation is one cell; outside the border they are 0."""
    # A Gaussian is separable: blur along the rows, then along the columns, with a kernel of 3 cells to each side.
    reach = 3
    centre = heatmaps_BKHW.new_full((1, 1), float(reach))
    kernel_W = log_gaussian(centre, 2 * reach + 1, 2 * reach + 1, DARK_BLUR_CELLS).flatten().softmax(0)
    maps_N1HW = heatmaps_BKHW.flatten(0, 1)[:, None]
    maps_N1HW = functional.conv2d(maps_N1HW, kernel_W[None, None, None, :], padding=(0, reach))
    maps_N1HW = functional.conv2d(maps_N1HW, kernel_W[None, None, :, None], padding=(reach, 0))
    return maps_N1HW.view_as(heatmaps_BKHW)


def _neighbourhood(
    heatmaps_BKHW: torch.Tensor, columns_BK: torch.Tensor, rows_BK: torch.Tensor
) -> torch.Tensor:
    """Return the 3 x 3 values (B, K, 3, 3) around a cell; the border is repeated outside the heatmap."""
    padded = functional.pad(heatmaps_BKHW, (1, 1, 1, 1), mode="replicate")
    # Indices into the flattened padded maps; the padding shifts a cell by one row and one column.
    window_3 = torch.arange(3, device=padded.device)
    places = (rows_BK[..., None, None] + window_3[:, None]) * padded.shape[-1]
    places = places + columns_BK[..., None, None] + window_3
    return padded.flatten(2).gather(2, places.flatten(2)).view_as(places)


def _step_to_peak(h_BK33: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the step (x, y) from the middle cell to the peak of the parabola through its neighbours."""
    # Gradient and Hessian of h at the middle cell, by central differences.
    middle_BK = h_BK33[..., 1, 1]
    slope_x_BK = (h_BK33[..., 1, 2] - h_BK33[..., 1, 0]) / 2
    slope_y_BK = (h_BK33[..., 2, 1] - h_BK33[..., 0, 1]) / 2
    bend_xx_BK = h_BK33[..., 1, 2] - 2 * middle_BK + h_BK33[..., 1, 0]
    bend_yy_BK = h_BK33[..., 2, 1] - 2 * middle_BK + h_BK33[..., 0, 1]
    bend_xy_BK = (h_BK33[..., 2, 2] - h_BK33[..., 2, 0] - h_BK33[..., 0, 2] + h_BK33[..., 0, 0]) / 4
    # The step is -H^-1 grad h. H must be negative definite, otherwise there is no maximum and no step.
    determinant_BK = bend_xx_BK * bend_yy_BK - bend_xy_BK**2
    is_peak_BK = (determinant_BK > 0) & (bend_xx_BK < 0)
    safe_BK = torch.where(is_peak_BK, determinant_BK, 1.0)
    step_x_BK = (bend_xy_BK * slope_y_BK - bend_yy_BK * slope_x_BK) / safe_BK
    step_y_BK = (bend_xy_BK * slope_x_BK - bend_xx_BK * slope_y_BK) / safe_BK
    limit = DARK_REACH_CELLS
    return (
        torch.where(is_peak_BK, step_x_BK, 0.0).clamp(-limit, limit),
        torch.where(is_peak_BK, step_y_BK, 0.0).clamp(-limit, limit),
    )
