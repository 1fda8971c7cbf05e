"""Folding batch normalisation changes how a model computes, but not what."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from lvzoo.evaluate.folding import fold_batch_norms
from lvzoo.models.blocks import UNetBody


def disturb(model: nn.Module) -> nn.Module:
    """Give every batch normalisation statistics and weights of its own, as training does."""
    torch.manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for tensor in (layer.running_mean, layer.running_var, layer.weight, layer.bias):
                assert tensor is not None
                nn.init.uniform_(tensor, 0.5, 1.5)
    return model


def count_norms(model: nn.Module) -> int:
    """Return how many layers of a model normalise over a batch."""
    return sum(isinstance(layer, nn.BatchNorm2d) for layer in model.modules())


@torch.no_grad()
def test_a_folded_model_computes_the_same_without_batch_normalisation() -> None:
    model = disturb(UNetBody(width=4, levels=2)).eval()
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    folded = fold_batch_norms(model)
    frames_B1HW = torch.rand(2, 1, 48, 48)
    assert (count_norms(model), count_norms(folded)) == (10, 0)
    torch.testing.assert_close(folded(frames_B1HW), model(frames_B1HW))
    # the model itself has not changed
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())


class Holder(nn.Module):
    """Holds something that cannot be copied, and uses one block twice."""

    def __init__(self) -> None:
        super().__init__()
        self.block = self.again = nn.Sequential(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1), nn.ReLU())
        self.register_module("none", None)
        self.lock = threading.Lock()

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        with self.lock:
            output_BCHW: torch.Tensor = self.again(self.block(x_BCHW))
        return output_BCHW


@torch.no_grad()
def test_a_model_that_cannot_be_copied_is_folded_too() -> None:
    model = disturb(Holder()).eval()
    folded = fold_batch_norms(model)
    frames_B1HW = torch.rand(2, 1, 16, 16)
    assert (count_norms(model), count_norms(folded)) == (1, 0)
    torch.testing.assert_close(folded(frames_B1HW), model(frames_B1HW))


class Skips(nn.Sequential):
    """Computes something else between its layers than a plain `nn.Sequential`."""

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        convolution, norm = self
        output_BCHW: torch.Tensor = norm(x_BCHW + convolution(x_BCHW).relu())
        return output_BCHW


class Doubled(nn.Conv2d):
    """Computes something else than the layer that it inherits from."""

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x_BCHW)


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.BatchNorm2d(1)),
        nn.Sequential(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1, track_running_stats=False)),
        nn.Sequential(Doubled(1, 1, 3), nn.BatchNorm2d(1)),
        Skips(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1)),
    ],
    ids=["with a layer between", "without statistics", "another convolution", "another order"],
)
def test_a_model_is_left_as_it_is_where_folding_would_change_what_it_computes(model: nn.Module) -> None:
    model.eval()
    assert fold_batch_norms(model) is model


def test_a_model_in_training_is_left_as_it_is() -> None:
    model = UNetBody(width=4, levels=1).train()
    assert fold_batch_norms(model) is model
