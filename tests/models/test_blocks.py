"""The U-Net body takes any frame size with any stem, and a stem makes it faster."""

from __future__ import annotations

import pytest
import torch

from lvzoo.evaluate.cost import measure_cost
from lvzoo.models.blocks import UNetBody


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
