"""What looks at the frame for the coordinate regressor: a small encoder, or a convolutional one of timm."""

from __future__ import annotations

import importlib
from itertools import pairwise

import torch
from torch import nn

from lvzoo.errors import PluginError, did_you_mean
from lvzoo.models.blocks import DoubleConv, doubling

SMALL = "small"


class SmallEncoder(nn.Sequential):
    """The contracting path of the benchmark's U-Net: 16-32-64-128-256 channels, the frame halved four times."""

    def __init__(self, width: int = 16, levels: int = 4) -> None:
        channels = doubling(width, levels)
        layers: list[nn.Module] = [DoubleConv(1, width)]
        for inputs, outputs in pairwise(channels):
            layers += [nn.MaxPool2d(2), DoubleConv(inputs, outputs)]
        super().__init__(*layers)
        self.channels = channels[-1]


class TimmEncoder(nn.Module):
    """The last feature map of a timm encoder with one input channel and no pretrained weights."""

    def __init__(self, name: str) -> None:
        """Build it.

        Raises:
            PluginError: timm is not installed, has no encoder of that name, or that gives no feature maps.
        """
        super().__init__()
        try:
            timm = importlib.import_module("timm")
        except ImportError as error:
            raise PluginError(
                f"encoder {name!r} needs timm ({error}); pip install timm, or take encoder '{SMALL}'"
            ) from error
        if not timm.is_model(name):
            known = (SMALL, *timm.list_models())
            raise PluginError(f"timm has no encoder {name!r}{did_you_mean(name, known)}; or take '{SMALL}'")
        try:
            self.features: nn.Module = timm.create_model(
                name, pretrained=False, in_chans=1, features_only=True, out_indices=(-1,)
            )
        except (RuntimeError, AssertionError, AttributeError, TypeError, ValueError) as error:
            raise PluginError(
                f"encoder {name!r} gives no feature maps ({error}); take a convolutional one"
            ) from error
        self.channels: int = self.features.feature_info.channels()[-1]

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the last feature map (B, channels, h, w)."""
        features_BCHW: torch.Tensor = self.features(frames_B1HW)[-1]
        return features_BCHW


def encoder_named(name: str) -> SmallEncoder | TimmEncoder:
    """Return the encoder of that name: "small", or one of timm's."""
    return SmallEncoder() if name == SMALL else TimmEncoder(name)
