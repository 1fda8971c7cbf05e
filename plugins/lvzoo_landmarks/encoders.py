"""The encoders of the coordinate regressor: a small one of our own, or a convolutional encoder from timm."""

from __future__ import annotations

import importlib
from itertools import pairwise

import torch
from torch import nn

from lvzoo.errors import PluginError, did_you_mean, one_line
from lvzoo.models.blocks import DoubleConv, doubling

SMALL = "small"


class SmallEncoder(nn.Sequential):
    """The contracting path of the benchmark's U-Net: 16-32-64-128-256 channels, with four halvings of the frame."""

    def __init__(self) -> None:
        channels = doubling(16, 4)
        super().__init__(DoubleConv(1, channels[0]))
        for inputs, outputs in pairwise(channels):
            self.extend([nn.MaxPool2d(2), DoubleConv(inputs, outputs)])
        self.channels = channels[-1]


class TimmEncoder(nn.Module):
    """A timm encoder with one input channel and no pretrained weights; returns its last feature map."""

    def __init__(self, name: str) -> None:
        """Build the encoder.

        Raises:
            PluginError: timm is not installed, has no encoder of that name, or the encoder has no feature maps.
        """
        super().__init__()
        try:
            timm = importlib.import_module("timm")
        except ImportError as error:
            raise PluginError(
                f"encoder {name!r} needs timm ({error}); pip install timm, or use encoder '{SMALL}'"
            ) from error
        if not timm.is_model(name):
            known = (SMALL, *timm.list_models())
            raise PluginError(
                f"timm has no encoder {name!r}{did_you_mean(name, known)}; use one that it has, or '{SMALL}'"
            )
        try:
            self.features: nn.Module = timm.create_model(
                name, pretrained=False, in_chans=1, features_only=True, out_indices=(-1,)
            )
        except (RuntimeError, AssertionError, AttributeError, TypeError, ValueError) as error:
            raise PluginError(
                f"encoder {name!r} gives no feature maps ({one_line(error)}); use a convolutional one"
            ) from error
        self.channels: int = self.features.feature_info.channels()[-1]

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the last feature map (B, channels, h, w)."""
        features_BCHW: torch.Tensor = self.features(frames_B1HW)[-1]
        return features_BCHW
