"""The heatmap U-Net: one heatmap a landmark, by the ways in which the field trains and reads them."""

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
    """U-Net with K output channels: distributions over the frame's pixels, or plain heatmaps (`loss: mse`)."""

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
            PluginError: loss, target and decoding do not go together.
        """
        super().__init__(sigma_px, landmarks=landmarks, curve=curve)
        _refuse_what_contradicts_itself(loss, target, decode)
        self.loss_name: Loss = loss
        self.target: Target = target
        self.read_out: Decode = decode
        self.normalise = Normalise()
        self.body = UNetBody(out_channels=landmarks, width=width, levels=levels, stem=stem)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return heatmaps (B, K, H, W): as logits, or plain ones where they are trained by squared error."""
        heatmaps_BKHW: torch.Tensor = self.body(self.normalise(frames_B1HW))
        return heatmaps_BKHW

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the distance between the heatmaps and their targets."""
        if (self.loss_name, self.read_out) == ("cross-entropy", "mean"):
            return super().loss(output, batch)
        landmarks_BK2 = batch.contours_BP2[:, :: landmark_stride(output.shape[1])]
        rows, columns = batch.frames_B1HW.shape[-2:]
        log_targets_BKHW = self._log_targets(output, landmarks_BK2, batch)
        if self.loss_name == "dsnt":
            return losses.dsnt_loss(output, log_targets_BKHW, landmarks_BK2, (rows, columns))
        if self.loss_name == "mse":
            return losses.mse_loss(output, log_targets_BKHW)
        return losses.cross_entropy_loss(output, log_targets_BKHW)

    def points(self, output: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return the landmarks (B, K, 2) in pixels: the heatmaps' mean, their peak, or their highest cell."""
        if self.read_out == "mean":
            return expected_points(output, size_HW)
        if self.read_out == "argmax":
            return highest_points(output, size_HW)
        plain = self.loss_name == "mse"
        weights_BKHW = output if plain else output.float().flatten(2).softmax(2).view_as(output)
        return dark_points(weights_BKHW, size_HW)

    def _log_targets(self, output: torch.Tensor, landmarks_BK2: torch.Tensor, batch: Batch) -> torch.Tensor:
        rows, columns = batch.frames_B1HW.shape[-2:]
        cells_HW = (output.shape[-2], output.shape[-1])
        log_maps_BKHW = log_gaussian_maps(landmarks_BK2, cells_HW, (rows, columns), self.sigma_px)
        return log_band_maps(log_maps_BKHW, batch.masks_BHW) if self.target == "band" else log_maps_BKHW


def _refuse_what_contradicts_itself(loss: Loss, target: Target, decode: Decode) -> None:
    """Refuse to read out what is not trained.

    Raises:
        PluginError: loss, target and decoding do not go together.
    """
    if loss == "dsnt" and (target, decode) != ("gaussian", "mean"):
        raise PluginError(
            f"loss 'dsnt' trains the mean of a Gaussian; give it target 'gaussian' and decode 'mean', not "
            f"{target!r} and {decode!r}"
        )
    if loss == "mse" and decode == "mean":
        raise PluginError(
            "loss 'mse' trains plain heatmaps, whose mean says nothing; read their peak by decode 'dark' or 'argmax'"
        )
    if target == "band" and decode == "mean":
        raise PluginError(
            "the mean of target 'band' lies inside of the wall; read its peak by decode 'dark' or 'argmax'"
        )
