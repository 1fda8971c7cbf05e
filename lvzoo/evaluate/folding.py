"""Folds batch normalisation into the convolution before it: a model then predicts the same with fewer layers."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import cast

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Pair = tuple[nn.Sequential, int]
"""An `nn.Sequential`, and the place of a convolution in it that batch normalisation follows."""


def fold_batch_norms(model: nn.Module) -> nn.Module:
    """Return a copy of a model in eval mode whose convolutions do the work of the batch normalisation after them.

    In eval mode, batch normalisation multiplies and shifts each channel by constants, and so can the weights of the
    convolution before it. Outputs differ by rounding alone. Only neighbours in an `nn.Sequential` are folded, since
    elsewhere other layers may stand between them. A model without such neighbours is returned itself.
    """
    if next(_find_pairs(model), None) is None:
        return model
    folded = deepcopy(model)
    for layers, place in list(_find_pairs(folded)):
        convolution = cast("nn.Conv2d", layers[place])
        layers[place] = fuse_conv_bn_eval(convolution, cast("nn.BatchNorm2d", layers[place + 1]))
        layers[place + 1] = nn.Identity()
    return folded


def _find_pairs(model: nn.Module) -> Iterator[Pair]:
    """Yield each 2D convolution that batch normalisation in eval mode follows directly."""
    for layers in model.modules():
        if not isinstance(layers, nn.Sequential) or type(layers).forward is not nn.Sequential.forward:
            continue
        for place, (first, second) in enumerate(pairwise(layers)):
            # exact types: a subclass may compute something else
            known = type(first) is nn.Conv2d and type(second) is nn.BatchNorm2d
            if known and not (first.training or second.training) and second.running_mean is not None:
                yield layers, place
