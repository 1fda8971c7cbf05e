"""Building blocks that plugins share: the fixed normalisation, the double convolution and the U-Net."""

from __future__ import annotations

from typing import Final, cast

import torch
from torch import nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional

ECHO_MEAN = 0.13
ECHO_STD = 0.19
"""Typical mean and standard deviation of an echo frame (0..1). Videos have means of 20-46 and SDs of 45-68 of 255."""
DEEPEST: Final = 8
"""Most levels of a contracting path: after 8 halvings a frame of 112 pixels, padded to 256, is one pixel."""


class Normalise(nn.Module):
    """Shifts and scales grey levels by constants, which are saved with the weights."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, mean: float = ECHO_MEAN, std: float = ECHO_STD) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return `(frames - mean) / std`."""
        return (frames_B1HW - self.mean) / self.std


class DoubleConv(nn.Sequential):
    """Two 3x3 convolutions, each followed by batch normalisation and ReLU; height and width stay the same."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


def doubling(width: int, levels: int) -> list[int]:
    """Return the channels of a contracting path, from the first level to the deepest: they double at each level.

    Raises:
        ValueError: the width is less than 1, or the levels are not between 0 and DEEPEST.

    >>> doubling(16, 4)
    [16, 32, 64, 128, 256]
    """
    if width < 1 or not 0 <= levels <= DEEPEST:
        raise ValueError(
            f"width {width} and {levels} levels: the width must be at least 1, the levels between 0 and {DEEPEST}"
        )
    return [width * 2**level for level in range(levels + 1)]


def convolve(layer: nn.Module, x_BCHW: torch.Tensor) -> torch.Tensor:
    """Return `layer(x_BCHW)`. On the CPU, its backward pass is several times faster for a layer with a bias.

    oneDNN computes the gradient of a bias up to 70 times as slowly as torch sums it: in 5 ms in place of 0.1 ms for
    16 channels of 8 frames of 112 x 112. So the layer gets a bias without a gradient, and the sum is computed here.
    """
    bias_C = cast("nn.Conv2d | nn.ConvTranspose2d", layer).bias
    if bias_C is None or not (torch.is_grad_enabled() and bias_C.requires_grad and x_BCHW.is_cpu):
        return cast("torch.Tensor", layer(x_BCHW))
    output_BCHW = torch.func.functional_call(layer, {"bias": bias_C.detach()}, (x_BCHW,))
    return cast("torch.Tensor", _PassToBias.apply(output_BCHW, bias_C))


class _PassToBias(torch.autograd.Function):
    """Returns features to which a bias was added. The gradient of the bias is that of the features, summed."""

    @staticmethod
    def forward(_context: FunctionCtx, x_BCHW: torch.Tensor, _bias_C: torch.Tensor) -> torch.Tensor:
        return x_BCHW.view_as(x_BCHW)

    @staticmethod
    def backward(_context: FunctionCtx, gradient_BCHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return gradient_BCHW, gradient_BCHW.sum((0, 2, 3))


class UNetBody(nn.Module):
    """The U-Net of Ronneberger et al. 2015 (arXiv 1505.04597), with padded convolutions and batch norm.

    The first level has `width` channels, and each of the `levels` halvings doubles them. The last layer is a 1x1
    convolution. Frames may have any size: they are padded to a multiple of `stem` * 2^levels, and the output is
    cropped back.

    With a `stem` of 2 or more, blocks of stem x stem pixels become channels before the first layer, and channels
    become pixels again after the last one (sub-pixel convolution: Shi et al. 2016, arXiv 1609.05158). This saves the
    finest level, which takes most of a U-Net's time.
    """

    def __init__(
        self,
        *,
        in_channels: int = 1,
        out_channels: int = 1,
        width: int = 16,
        levels: int = 4,
        stem: int = 1,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.multiple = stem * 2**levels
        channels = doubling(width, levels)
        # Contracting path: one block per level, finest first.
        inputs = [in_channels * stem**2, *channels[:-1]]
        self.down = nn.ModuleList(DoubleConv(i, o) for i, o in zip(inputs, channels, strict=True))
        # Expansive path, from the deepest level up: upsample, join with the skip connection, convolve.
        climb = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.rise = nn.ModuleList(nn.ConvTranspose2d(i, o, 2, stride=2) for i, o in climb)
        self.up = nn.ModuleList(DoubleConv(2 * o, o) for _, o in climb)
        self.head = nn.Conv2d(width, out_channels * stem**2, 1)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Return (B, out_channels, H, W) for (B, in_channels, H, W)."""
        rows, columns = x_BCHW.shape[-2:]
        x_BCHW = functional.pad(x_BCHW, (0, -columns % self.multiple, 0, -rows % self.multiple))
        if self.stem > 1:
            x_BCHW = functional.pixel_unshuffle(x_BCHW, self.stem)
        skips: list[torch.Tensor] = []
        for level, block in enumerate(self.down):
            x_BCHW = block(x_BCHW if level == 0 else functional.max_pool2d(x_BCHW, 2))
            skips.append(x_BCHW)
        skips.pop()  # the deepest level has no skip connection
        for rise, block in zip(self.rise, self.up, strict=True):
            x_BCHW = block(torch.cat([skips.pop(), convolve(rise, x_BCHW)], dim=1))
        output = convolve(self.head, x_BCHW)
        if self.stem > 1:
            output = functional.pixel_shuffle(output, self.stem)
        return output[..., :rows, :columns]
