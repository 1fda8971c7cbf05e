"""Folds batch normalisation into the convolution before it: a model then predicts the same with fewer layers."""

from __future__ import annotations

from copy import copy
from itertools import pairwise
from typing import cast

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norms(model: nn.Module) -> nn.Module:
    """Return a copy of a model in eval mode whose convolutions do the work of the batch normalisation after them.

    In eval mode, batch normalisation multiplies and shifts each channel by constants, and so can the weights of the
    convolution before it. Outputs differ by rounding alone. Only neighbours in an `nn.Sequential` are folded, since
    elsewhere other layers may stand between them. A model without such neighbours is returned itself.

    The model does not change. The copy shares all other layers with it, so that nothing needs to be deep-copied: a
    plugin's network may hold things that cannot be.
    """
    layers = model._modules  # noqa: SLF001 - named_children() leaves out a layer that is used twice
    folded = {name: None if layer is None else fold_batch_norms(layer) for name, layer in layers.items()}
    for first, second in _find_pairs(model):
        convolution, norm = cast("nn.Conv2d", layers[first]), cast("nn.BatchNorm2d", layers[second])
        folded[first], folded[second] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    if all(folded[name] is layer for name, layer in layers.items()):
        return model
    changed = copy(model)
    changed._modules = folded  # noqa: SLF001 - a copy shares this dictionary with the model
    return changed


def _find_pairs(model: nn.Module) -> list[tuple[str, str]]:
    """Return the names of the 2D convolutions, and of the batch normalisation in eval mode that follows each."""
    if not isinstance(model, nn.Sequential) or type(model).forward is not nn.Sequential.forward:
        return []
    return [
        (first, second)
        for (first, convolution), (second, norm) in pairwise(model._modules.items())  # noqa: SLF001 - as above
        # exact types: a subclass may compute something else
        if type(convolution) is nn.Conv2d
        and type(norm) is nn.BatchNorm2d
        and not (convolution.training or norm.training)
        and norm.running_mean is not None
    ]
