"""Wraps a network that segments the left ventricle and was trained elsewhere as a mask model of lvzoo.

The wrapper feeds the network as its authors did, and turns its output into logits that are positive inside the left
ventricle. A plugin inherits `ForeignMaskModel` and builds the network in `__init__`.

Letters in names: B batch, C channels or classes, H rows, W columns of the frame; h, w those of the network's output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

import torch
from torch import nn
from torch.nn import functional

from lvzoo.errors import PluginError
from lvzoo.models.base import MaskModel
from lvzoo.types import FRAME_SIZE_HW

Scores: TypeAlias = Literal["logits", "sigmoid", "class-logits", "softmax"]
"""What the network returns for each class and pixel.

logits          one logit per class; a pixel may belong to several classes (the authors apply a sigmoid afterwards)
sigmoid         the same after the sigmoid: probabilities
class-logits    one logit per class; a pixel belongs to the highest (the authors apply a softmax or argmax afterwards)
softmax         the same after the softmax: probabilities
"""
PROBABILITIES: Final[tuple[Scores, ...]] = ("sigmoid", "softmax")
EXCLUSIVE: Final[tuple[Scores, ...]] = ("class-logits", "softmax")
"""The scores of classes that exclude each other."""
LEAST: Final = 1e-6
"""Probabilities are moved this far away from 0 and 1, where the logit is infinite."""
TOLERANCE: Final = 1e-2
"""How far bf16 may move a probability out of 0..1."""


class ForeignMaskModel(MaskModel):
    """A network that was trained elsewhere, with the resizing, grey levels and classes that it expects.

    Steps of `forward`: `prepare` makes the network's input, the network runs, `pick` takes the scores from its
    output, and `to_logits` turns them into logits. A network that differs in one step overrides that method. The
    logits are resized to the frame before the threshold, as those of all mask models.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        size_HW: tuple[int, int] = FRAME_SIZE_HW,
        channels: int = 1,
        scale: float = 1.0,
        mean: float | Sequence[float] = 0.0,
        std: float | Sequence[float] = 1.0,
        scores: Scores = "logits",
        target: int = 0,
    ) -> None:
        """Take the network and what its authors say about its input and output.

        Args:
            network: called with frames (B, `channels`, h, w).
            size_HW: rows and columns of its input.
            channels: the grey frame is repeated this often.
            scale: the largest grey level that the network expects, for example 255. lvzoo's frames are from 0 to 1.
            mean, std: the input is `(scale * frame - mean) / std`; one number, or one per channel.
            scores: what the network returns; see `Scores`.
            target: the index of the left ventricle among the classes.

        Raises:
            PluginError: the values contradict each other.
        """
        super().__init__()
        _check_shape(size_HW, channels)
        _check(channels, mean, std, scores, target)
        self.network = network
        self.size_HW = size_HW
        self.channels = channels
        self.scale = scale
        self.scores = scores
        self.target = target
        self.register_buffer("mean", _per_channel(mean))
        self.register_buffer("std", _per_channel(std))

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return logits (B, 1, h, w), positive inside the left ventricle."""
        return self.to_logits(self.pick(self.network(self.prepare(frames_B1HW))))

    def prepare(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the network's input (B, C, h, w): frames resized (bilinear), normalised and repeated."""
        if frames_B1HW.shape[-2:] != self.size_HW:
            smaller = self.size_HW[0] < frames_B1HW.shape[-2] or self.size_HW[1] < frames_B1HW.shape[-1]
            frames_B1HW = functional.interpolate(
                frames_B1HW, size=self.size_HW, mode="bilinear", antialias=smaller
            )
        frames_BCHW = frames_B1HW.expand(-1, self.channels, -1, -1)
        return (self.scale * frames_BCHW - self.mean) / self.std

    def pick(self, output: object) -> torch.Tensor:
        """Return the scores (B, C, h, w) or (B, h, w) from what the network returned.

        A tensor is taken as it is, "out" of a dict (as of torchvision's networks), and the first of a list or tuple.
        """
        if isinstance(output, Mapping):
            output = output.get("out")
        if isinstance(output, Sequence) and output:
            output = output[0]
        if not isinstance(output, torch.Tensor):
            raise PluginError(
                f"{type(self.network).__name__} returns no tensor that lvzoo can find; write a method `pick` that "
                "takes the scores (B, C, h, w) from its output"
            )
        return output

    def to_logits(self, scores_BCHW: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, 1, h, w) of the left ventricle. They are 0 where it ties with its strongest rival.

        Raises:
            PluginError: there are too few classes, or values that are no probabilities.
        """
        if scores_BCHW.ndim == 3:
            scores_BCHW = scores_BCHW[:, None]
        classes = scores_BCHW.shape[1] if scores_BCHW.ndim == 4 else 0
        if self.target >= classes or (classes < 2 and self.scores in EXCLUSIVE):
            raise PluginError(
                f"{type(self.network).__name__} returned shape {tuple(scores_BCHW.shape)}, which has no class "
                f"{self.target} for scores {self.scores!r}; return (B, C, h, w), or correct `target` and `scores`"
            )
        scores_BCHW = scores_BCHW.float()
        if self.scores in PROBABILITIES:
            _check_probabilities(scores_BCHW, self.scores)
        if self.scores == "sigmoid":
            scores_BCHW = scores_BCHW.logit(LEAST)
        if self.scores == "softmax":
            scores_BCHW = scores_BCHW.clamp_min(LEAST).log()
        own_B1HW = scores_BCHW[:, self.target, None]
        if self.scores not in EXCLUSIVE:
            return own_B1HW
        others = [index for index in range(classes) if index != self.target]
        return own_B1HW - scores_BCHW[:, others].amax(dim=1, keepdim=True)


def read_numbers(text: str) -> tuple[float, ...]:
    """Return the numbers in an option's text. Options hold one value each, so several numbers are a text.

    Raises:
        PluginError: something in the text is not a number.

    >>> read_numbers("0.485, 0.456, 0.406")
    (0.485, 0.456, 0.406)
    """
    try:
        return tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise PluginError(
            f"{text!r} has a part that is not a number; write for example '0.5, 0.4'"
        ) from error


def _per_channel(numbers: float | Sequence[float]) -> torch.Tensor:
    """Return one number or one per channel as a tensor (C, 1, 1)."""
    return torch.tensor(numbers, dtype=torch.float32).reshape(-1, 1, 1)


def _check_shape(size_HW: tuple[int, int], channels: int) -> None:
    """Raise PluginError for an input that has no pixels or no channels."""
    if min(size_HW) < 1:
        raise PluginError(f"size_HW is {size_HW}; give both the rows and the columns of the network's input")
    if channels < 1:
        raise PluginError(f"channels is {channels}; give the number of channels of the network's input")


def _check(
    channels: int, mean: float | Sequence[float], std: float | Sequence[float], scores: str, target: int
) -> None:
    """Raise PluginError if the description of a network contradicts itself."""
    for name, numbers in (("mean", _per_channel(mean)), ("std", _per_channel(std))):
        if len(numbers) not in (1, channels):
            raise PluginError(
                f"{name} has {len(numbers)} numbers for {channels} channels; give one, or one per channel"
            )
        if not numbers.isfinite().all() or (name == "std" and not (numbers > 0).all()):
            raise PluginError(
                f"{name} is {numbers.flatten().tolist()}; give finite numbers, and an std above 0"
            )
    if scores not in get_args(Scores):
        raise PluginError(f"scores is {scores!r}; use one of {', '.join(get_args(Scores))}")
    if target < 0:
        raise PluginError(f"target is {target}; give the index of the left ventricle, counted from 0")


def _check_probabilities(scores_BCHW: torch.Tensor, scores: Scores) -> None:
    """Raise PluginError for values out of 0..1, which would be clamped in silence. An export has no values."""
    if torch.compiler.is_compiling():
        return
    low, high = (float(each) for each in scores_BCHW.detach().aminmax())
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        instead = "logits" if scores == "sigmoid" else "class-logits"
        raise PluginError(
            f"the network returned values from {low:.3g} to {high:.3g}, which are no probabilities as scores "
            f"{scores!r} says; use {instead!r}"
        )
