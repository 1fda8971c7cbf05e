"""Networks of segmentation-models-pytorch (Iakubovskii 2019, MIT) for grey frames of any size.

Importing this module takes seconds (segmentation-models-pytorch, timm): it happens when a model is built.
"""

from __future__ import annotations

import segmentation_models_pytorch as smp
import torch
from torch import nn
from torch.nn import functional

from lvzoo.errors import PluginError, UsageError
from lvzoo.models.base import MaskModel
from lvzoo.models.blocks import Normalise
from lvzoo.types import FRAME_SIZE_HW
from lvzoo_smp.pretrained import encoder_arguments

MOMENTUM = 0.1


class SegmentationNet(MaskModel):
    """A decoder of segmentation-models-pytorch on one of its encoders, or on a timm model.

    Without `weights` nothing is ever downloaded. Named weights come from the Hugging Face hub's cache (`HF_HOME`, by
    default ~/.cache/huggingface); where they are not there yet, the first training downloads them. A trained
    model is loaded without them. Their first layer is summed over its three colours, as for a grey picture.

    Frames are normalised by the same constants as everywhere in the zoo, pretrained or not: ImageNet's own (mean
    0.45, SD 0.23) would shift an echo frame, which is mostly black, by 1.4 SD from what the encoder has learnt on.
    The authors of EchoNet-Dynamic normalise by the mean and SD of their clips too.

    Parameters of an encoder that no logit depends on (the last stage of an EfficientNet, for instance) are frozen,
    so that they are neither trained nor counted.

    Raises:
        PluginError: an unknown encoder or weights, weights that cannot be had, or parts that do not fit together.
    """

    def __init__(self, *, arch: str, encoder: str, weights: str | None) -> None:
        super().__init__()
        self.arch = arch
        self.normalise = Normalise()
        arguments = encoder_arguments(encoder, weights)
        with torch.inference_mode(mode=False), torch.enable_grad():  # whatever the caller has switched off
            self.network = smp.create_model(arch, in_channels=1, classes=1, **arguments)
            self.multiple = int(self.network.encoder.output_stride)
            self.least = self.multiple * 2 ** _poolings(self.network.decoder)
            _follow_the_batches(self.network)
            self._settle(encoder)

    def _settle(self, encoder: str) -> None:
        """Freeze the parameters that no logit depends on; the pass that finds them shows that the parts fit."""
        size_HW = tuple(side + sum(self._margins(side)) for side in FRAME_SIZE_HW)
        try:
            _freeze_idle(self.network, size_HW)
        except (AssertionError, RuntimeError, ValueError) as error:
            raise PluginError(
                f"{self.arch} on encoder {encoder!r} does not take frames of "
                f"{FRAME_SIZE_HW[0]} x {FRAME_SIZE_HW[1]} px ({' '.join(str(error).split())}); choose an encoder "
                "that is not bound to one frame size"
            ) from error

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return logits (B, 1, H, W).

        The frame's border is repeated on all sides up to a multiple of the encoder's output stride (and up to
        the least side that a decoder with poolings of its own needs), and the logits are cropped back.

        Raises:
            UsageError: training on a single frame, where the network normalises pooled features over the batch.
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
                    "single values over the batch; set batch_size to 2 or more"
                ) from error
            raise
        return logits_B1HW[..., top : top + rows, left : left + columns]

    def _margins(self, side: int) -> tuple[int, int]:
        """Return how many pixels are added before and after a side, as evenly as can be."""
        missing = max(-side % self.multiple, self.least - side)
        return missing // 2, missing - missing // 2


def _follow_the_batches(network: nn.Module) -> None:
    """Give every batch norm the momentum of 0.1 that the rest of the zoo has.

    Some encoders come with 0.01, made for trainings of 100,000 steps: after a few hundred, the statistics that
    they use on test frames would still be those of their first steps.
    """
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = MOMENTUM


def _poolings(decoder: nn.Module) -> int:
    """Return how often the decoder halves the encoder's last features once more, as PAN's does."""
    return sum(isinstance(part, nn.MaxPool2d) for part in decoder.modules())


def _freeze_idle(network: nn.Module, size_HW: tuple[int, ...]) -> None:
    """Freeze the parameters that do not take part in the logits, found by one pass over a black frame."""
    was_training = network.training
    network.eval()
    parameters = tuple(network.parameters())
    with torch.enable_grad():
        logits_B1HW = network(torch.zeros(1, 1, *size_HW))
        gradients = torch.autograd.grad(logits_B1HW.sum(), parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.requires_grad_(gradient is not None)
    network.train(was_training)
