"""Base classes for the two kinds of model: masks and landmarks.

A plugin's network inherits one of them and writes `__init__` and `forward`. Frames are float32 from 0 to 1, of shape
(B, 1, H, W). The base class brings the loss and the decoding. Both kinds end in masks that are filled by the same
rule, so that one Dice score can rank them.

Letters in names: B batch, K landmarks, H rows, W columns, P contour points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from lvzoo.errors import PluginError
from lvzoo.geometry.contour import landmark_stride
from lvzoo.models import losses
from lvzoo.models.decode import Curve, expected_points, masks_from_landmarks, masks_from_logits
from lvzoo.types import FRAME_SIZE_HW, Batch, Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MaskModel(nn.Module):
    """A network whose `forward` returns `logits_B1HW`, positive inside the left ventricle.

    The logits may be coarser than the frame; they are upsampled before the threshold.
    """

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return cross-entropy plus soft Dice loss, computed at the resolution of the masks."""
        size_HW = batch.masks_BHW.shape[-2:]
        if output.shape[-2:] != size_HW:
            output = nn.functional.interpolate(output.float(), size=size_HW, mode="bilinear")
        return losses.mask_loss(output, batch.masks_BHW)

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = FRAME_SIZE_HW) -> Prediction:
        """Return masks: the pixels of the frame with a probability of at least 0.5. There is no post-processing."""
        return Prediction(masks_BHW=masks_from_logits(output, size_HW))


class LandmarkModel(nn.Module):
    """A network whose `forward` returns `heatmaps_BKHW` (as logits) or `points_BK2` (in pixels).

    Landmarks are ordered: left annulus, left wall, apex, right wall, right annulus. `landmarks` is K, or None if it
    is only known from the output. `curve` says how the landmarks are joined.
    """

    def __init__(
        self, sigma_px: float = 2.0, *, landmarks: int | None = None, curve: Curve = "spline"
    ) -> None:
        """Set the standard deviation of the heatmaps' Gaussian target (in frame pixels), K and the curve."""
        super().__init__()
        self.sigma_px = sigma_px
        self.landmarks = landmarks
        self.curve: Curve = curve

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the distance to the reference landmarks: K points of each contour, at equal arc lengths."""
        are_points = _are_points(output)  # rejects other shapes before K is read from the output
        landmarks_BK2 = batch.contours_BP2[:, :: landmark_stride(output.shape[1])]
        rows, columns = batch.frames_B1HW.shape[-2:]
        if are_points:
            return losses.points_loss(self.points(output, (rows, columns)), landmarks_BK2)
        return losses.heatmap_loss(output, landmarks_BK2, self.sigma_px, (rows, columns))

    def points(self, output: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return the landmarks (B, K, 2) of an output, in pixels of a frame of size `size_HW`.

        The loss of point outputs uses this method too. A model whose `forward` gives points in other units (for
        example from -1 to 1) only has to override it.
        """
        return output.float() if _are_points(output) else expected_points(output, size_HW)

    def draw(self, landmarks_BK2: NDArray[np.floating], size_HW: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the masks (B, H, W) inside the curve through the landmarks, filled by the references' rule.

        Predictions and the model's ceiling both use this method. A model that draws differently only has to override
        it.
        """
        return masks_from_landmarks(landmarks_BK2, size_HW, curve=self.curve)

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = FRAME_SIZE_HW) -> Prediction:
        """Return the landmarks and the masks inside the curve through them."""
        landmarks_BK2 = self.points(output, size_HW).cpu().numpy().astype(np.float32)
        return Prediction(masks_BHW=self.draw(landmarks_BK2, size_HW), landmarks_BK2=landmarks_BK2)


def _are_points(output: torch.Tensor) -> bool:
    """Return True for points (B, K, 2) and False for heatmaps (B, K, H, W).

    Raises:
        PluginError: the output is neither.
    """
    if output.ndim != 4 and (output.ndim != 3 or output.shape[-1] != 2):
        raise PluginError(
            f"forward of a landmark model returned shape {tuple(output.shape)}; return heatmaps (B, K, H, W), or "
            "points (B, K, 2) in pixels"
        )
    return output.ndim == 3
