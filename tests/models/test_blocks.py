"""The U-Net body takes any frame size with any stem; a stem makes it faster, and so does `convolve`."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from lvzoo.evaluate.cost import measure_cost
from lvzoo.models.blocks import UNetBody, convolve


@pytest.mark.parametrize("stem", [1, 2, 4])
@pytest.mark.parametrize("size_HW", [(112, 112), (97, 61), (1, 1)])
def test_the_output_has_the_size_of_the_frame(stem: int, size_HW: tuple[int, int]) -> None:
    body = UNetBody(out_channels=3, width=4, levels=2, stem=stem).eval()
    assert body(torch.rand(2, 1, *size_HW)).shape == (2, 3, *size_HW)


@pytest.mark.parametrize("stem", [1, 2, 4])
def test_a_bright_pixel_changes_the_output_at_its_own_place(stem: int) -> None:
    torch.manual_seed(0)
    body = UNetBody(width=16, levels=1, stem=stem).eval()
    frame_11HW = torch.zeros(1, 1, 192, 160)
    lit_11HW = frame_11HW.clone()
    lit_11HW[..., 110, 70] = 1
    with torch.no_grad():
        change_HW = (body(lit_11HW) - body(frame_11HW)).abs()[0, 0]
    rows, columns = torch.nonzero(change_HW > 1e-6).float().mean(dim=0)
    assert (rows - 110).abs() <= 2 * stem
    assert (columns - 70).abs() <= 2 * stem


def test_a_stem_of_two_costs_less_than_half() -> None:
    plain, fast = (
        measure_cost(UNetBody(width=16, levels=levels, stem=stem)) for levels, stem in ((4, 1), (3, 2))
    )
    assert plain.flops is not None
    assert fast.flops is not None
    assert fast.parameters is not None
    assert fast.flops < plain.flops / 2
    assert fast.parameters < 0.55e6


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(3, 5, 1), nn.ConvTranspose2d(3, 5, 2, stride=2), nn.Conv2d(3, 5, 3, bias=False)]
)
def test_convolve_gives_the_output_and_the_gradients_of_the_layer(layer: nn.Module) -> None:
    x_BCHW = torch.rand(2, 3, 8, 6, requires_grad=True)
    tensors = (x_BCHW, *layer.parameters())
    expected, found = layer(x_BCHW), convolve(layer, x_BCHW)
    assert torch.equal(found, expected)
    weights = torch.rand_like(expected)
    for ours, theirs in zip(
        torch.autograd.grad((found * weights).sum(), tensors),
        torch.autograd.grad((expected * weights).sum(), tensors),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_convolve_gives_the_same_in_bf16() -> None:
    layer = nn.ConvTranspose2d(3, 5, 2, stride=2)
    x_BCHW = torch.rand(2, 3, 8, 6)
    gradients = []
    for apply in (layer, partial(convolve, layer)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output_BCHW = apply(x_BCHW)
        assert output_BCHW.dtype == torch.bfloat16
        gradients.append(torch.autograd.grad(output_BCHW.float().square().mean(), tuple(layer.parameters())))
    torch.testing.assert_close(*gradients, rtol=0.01, atol=1e-3)


def test_a_frozen_layer_needs_no_gradient() -> None:
    layer = nn.Conv2d(3, 5, 1).requires_grad_(requires_grad=False)
    assert not convolve(layer, torch.rand(2, 3, 8, 6)).requires_grad
