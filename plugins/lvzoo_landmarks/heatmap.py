"""The heatmap U-Net: one heatmap per landmark, with the usual ways to train a heatmap and to read a point from it.

Letters in names: B batch, K landmarks, H rows, W columns.
"""

from __future__ import annotations

from typing import Literal

import torch

from lvzoo.errors import PluginError
from lvzoo.geometry.contour import landmark_stride
from lvzoo.models import losses
from lvzoo.models.base import LandmarkModel
from lvzoo.models.blocks import Normalise, UNetBody
from lvzoo.models.decode import Curve, dark_points, expected_points, highest_points
from lvzoo.models.targets import log_band_maps, log_gaussian_maps
from lvzoo.types import Batch

Loss = Literal["cross-entropy", "dsnt", "mse"]
Target = Literal["gaussian", "band"]
Decode = Literal["mean", "dark", "argmax"]


class HeatmapUNet(LandmarkModel):
    """U-Net with K output channels: logits of distributions over the pixels, or plain heatmaps (`loss: mse`)."""

    def __init__(
        self,
        *,
        landmarks: int,
        width: int,
        levels: int,
        sigma_px: float,
        stem: int = 1,
        loss: Loss = "cross-entropy",
        target: Target = "gaussian",
        decode: Decode = "mean",
        curve: Curve = "spline",
    ) -> None:
        """Build the network.

        Raises:
            PluginError: `loss`, `target` and `decode` do not fit together.
        """
        super().__init__(sigma_px, landmarks=landmarks, curve=curve)
        _check_combination(loss, target, decode)
        self.loss_name: Loss = loss
        self.target: Target = target
        self.read_out: Decode = decode
        self.normalise = Normalise()
        self.body = UNetBody(out_channels=landmarks, width=width, levels=levels, stem=stem)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return heatmaps (B, K, H, W): logits, or plain heatmaps if they are trained by squared error."""
        heatmaps_BKHW: torch.Tensor = self.body(self.normalise(frames_B1HW))
        return heatmaps_BKHW

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the distance between the heatmaps and their targets."""
        if (self.loss_name, self.read_out) == ("cross-entropy", "mean"):
            return super().loss(output, batch)
        landmarks_BK2 = batch.contours_BP2[:, :: landmark_stride(output.shape[1])]
        rows, columns = batch.frames_B1HW.shape[-2:]
        cells_HW = (output.shape[-2], output.shape[-1])
        log_targets_BKHW = log_gaussian_maps(landmarks_BK2, cells_HW, (rows, columns), self.sigma_px)
        if self.target == "band":
            log_targets_BKHW = log_band_maps(log_targets_BKHW, batch.masks_BHW)
        if self.loss_name == "dsnt":
            return losses.dsnt_loss(output, log_targets_BKHW, landmarks_BK2, (rows, columns))
        if self.loss_name == "mse":
            return losses.mse_loss(output, log_targets_BKHW)
        return losses.cross_entropy_loss(output, log_targets_BKHW)

    def points(self, output: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return the landmarks (B, K, 2) in pixels: mean, sub-pixel peak or highest cell of each heatmap."""
        if self.read_out == "mean":
            return expected_points(output, size_HW)
        if self.read_out == "argmax":
            return highest_points(output, size_HW)
        if self.loss_name == "mse":  # plain heatmaps already
            return dark_points(output, size_HW)
        return dark_points(output.float().flatten(2).softmax(2).view_as(output), size_HW)


def _check_combination(loss: Loss, target: Target, decode: Decode) -> None:
    """Check that `decode` reads what `loss` and `target` train.

    Raises:
        PluginError: `loss`, `target` and `decode` do not fit together.
    """
    if loss == "dsnt" and (target, decode) != ("gaussian", "mean"):
        raise PluginError(
            f"loss 'dsnt' does not fit target {target!r} with decode {decode!r}: it trains the mean of a Gaussian; "
            "use target 'gaussian' and decode 'mean'"
        )
    if loss == "mse" and decode == "mean":
        raise PluginError(
            "loss 'mse' does not fit decode 'mean': plain heatmaps have no meaningful mean; use decode 'dark' "
            "or 'argmax'"
        )
    if target == "band" and decode == "mean":
        raise PluginError(
            "target 'band' does not fit decode 'mean': its mean lies inside the ventricle; use decode 'dark' "
            "or 'argmax'"
        )
