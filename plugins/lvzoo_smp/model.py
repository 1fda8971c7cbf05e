"""Networks of segmentation-models-pytorch (Iakubovskii 2019, MIT), for greyscale frames of any size.

It imports segmentation-models-pytorch and timm, which takes seconds, so it is only imported when a model is built.
"""

from __future__ import annotations

import segmentation_models_pytorch as smp
import torch
from torch import nn
from torch.nn import functional

from lvzoo.errors import PluginError, UsageError, one_line
from lvzoo.models.base import MaskModel
from lvzoo.models.blocks import Normalise
from lvzoo.types import FRAME_SIZE_HW
from lvzoo_smp.pretrained import encoder_arguments

MOMENTUM = 0.1


class SegmentationNet(MaskModel):
    """A decoder of segmentation-models-pytorch on one of its encoders or on a timm model.

    Without `weights`, nothing is downloaded. Named weights are read from the cache of the Hugging Face hub
    (`HF_HOME`, by default ~/.cache/huggingface); if they are missing there, the first training downloads them. A
    trained model is loaded without them. Their first layer is summed over the three colours, because frames are grey.

    Frames are normalised by the same constants as in the rest of the zoo, with and without pretrained weights.
    ImageNet's constants (mean 0.45, SD 0.23) would put an echo frame, which is mostly black, 1.4 SD away from the
    images that the encoder was trained on. The authors of EchoNet-Dynamic also normalise by the mean and SD of their
    own clips.

    Encoder parameters that the logits do not depend on (for example the last stage of an EfficientNet) are frozen, so
    that they are neither trained nor counted.

    Raises:
        PluginError: unknown encoder or weights, weights that are not available, or parts that do not fit together.
    """

    def __init__(self, *, arch: str, encoder: str, weights: str | None) -> None:
        super().__init__()
        self.arch = arch
        self.normalise = Normalise()
        arguments = encoder_arguments(encoder, weights)
        with torch.inference_mode(mode=False), torch.enable_grad():  # whatever mode the caller is in
            self.network = smp.create_model(arch, in_channels=1, classes=1, **arguments)
            self.multiple = int(self.network.encoder.output_stride)
            # Some decoders (PAN) halve the encoder's last features again.
            poolings = sum(isinstance(part, nn.MaxPool2d) for part in self.network.decoder.modules())
            self.least = self.multiple * 2**poolings
            _set_momentum(self.network)
            self._freeze_unused(encoder)

    def _freeze_unused(self, encoder: str) -> None:
        """Freeze the parameters that the logits do not depend on: those without a gradient for a black frame.

        The forward pass also shows whether encoder and decoder fit.

        Raises:
            PluginError: they do not fit, or the encoder only takes frames of another size.
        """
        size_HW = tuple(side + sum(self._margins(side)) for side in FRAME_SIZE_HW)
        parameters = tuple(self.network.parameters())
        self.network.eval()
        try:
            logits_B1HW = self.network(torch.zeros(1, 1, *size_HW))
            gradients = torch.autograd.grad(logits_B1HW.sum(), parameters, allow_unused=True)
        except (AssertionError, RuntimeError, ValueError) as error:
            raise PluginError(
                f"{self.arch} on encoder {encoder!r} does not take frames of "
                f"{FRAME_SIZE_HW[0]} x {FRAME_SIZE_HW[1]} px ({one_line(error)}); choose an encoder that takes "
                "any frame size"
            ) from error
        self.network.train()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.requires_grad_(gradient is not None)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return logits (B, 1, H, W).

        The frame is padded on all sides by repeating its border, up to a multiple of the encoder's output stride (and
        at least to the size that a decoder with its own pooling needs). The logits are cropped back.

        Raises:
            UsageError: the batch has one frame in training, but the network normalises pooled features over it.
        """
        rows, columns = frames_B1HW.shape[-2:]
        top, bottom = self._margins(rows)
        left, right = self._margins(columns)
        padded_B1HW = functional.pad(frames_B1HW, (left, right, top, bottom), mode="replicate")
        try:
            logits_B1HW: torch.Tensor = self.network(self.normalise(padded_B1HW))
        except ValueError as error:
            if self.training and len(frames_B1HW) == 1:
                raise UsageError(
                    f"{self.arch} cannot be trained on a batch of one frame of {rows} x {columns} px: it normalises "
                    "pooled features over the batch; set batch_size to 2 or more"
                ) from error
            raise
        return logits_B1HW[..., top : top + rows, left : left + columns]

    def _margins(self, side: int) -> tuple[int, int]:
        """Return how many pixels to add before and after a side, as evenly as possible."""
        missing = max(-side % self.multiple, self.least - side)
        return missing // 2, missing - missing // 2


def _set_momentum(network: nn.Module) -> None:
    """Set the momentum of every batch norm to 0.1, as in the rest of the zoo.

    Some encoders use 0.01, which suits trainings of 100,000 steps. After a few hundred steps, the statistics that
    they use on test frames would still be those of the first steps.
    """
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = MOMENTUM
