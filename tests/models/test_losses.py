"""Each heatmap loss is smallest if the heatmap is its target, and grows with the distance from it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import torch

from lvzoo.models.losses import cross_entropy_loss, dsnt_loss, mse_loss
from lvzoo.models.targets import log_gaussian_maps

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE_HW = (48, 64)
TRUTH_BK2 = torch.tensor([[[20.3, 30.8], [40.6, 12.2]]])
maps_about = partial(log_gaussian_maps, cells_HW=SIZE_HW, size_HW=SIZE_HW, sigma_px=2.0)


def as_logits(loss: Callable[..., torch.Tensor], points_BK2: torch.Tensor) -> torch.Tensor:
    return loss(maps_about(points_BK2), maps_about(TRUTH_BK2))


def dsnt(heatmaps_BKHW: torch.Tensor, targets_BKHW: torch.Tensor) -> torch.Tensor:
    return dsnt_loss(heatmaps_BKHW, targets_BKHW, TRUTH_BK2, SIZE_HW)


def mse(log_maps_BKHW: torch.Tensor, targets_BKHW: torch.Tensor) -> torch.Tensor:
    return mse_loss(log_maps_BKHW.exp(), targets_BKHW)


@pytest.mark.parametrize("loss", [cross_entropy_loss, dsnt, mse])
def test_a_loss_grows_with_the_distance(loss: Callable[..., torch.Tensor]) -> None:
    found = [float(as_logits(loss, TRUTH_BK2 + shift)) for shift in (0.0, 0.5, 2.0, 4.0)]
    assert found == sorted(found)
    assert found[1] > found[0]


def test_losses_that_can_be_zero_are_zero_at_the_target() -> None:
    assert float(as_logits(dsnt, TRUTH_BK2)) == pytest.approx(0, abs=1e-4)
    assert float(as_logits(mse, TRUTH_BK2)) == 0


def test_an_empty_heatmap_has_a_squared_error_of_one_whatever_the_width() -> None:
    for sigma_px in (1.0, 2.0, 5.0):
        target = log_gaussian_maps(TRUTH_BK2, SIZE_HW, SIZE_HW, sigma_px)
        assert float(mse_loss(torch.zeros_like(target), target)) == pytest.approx(1)


def test_dsnt_counts_the_distance_in_half_frames_and_the_divergence_in_nats() -> None:
    far_BK2 = TRUTH_BK2 + torch.tensor([16.0, 0.0])
    apart = float(dsnt(maps_about(far_BK2), maps_about(TRUTH_BK2)))
    assert apart == pytest.approx(16 / 32 + torch.log(torch.tensor(2.0)).item(), abs=0.02)


@pytest.mark.parametrize("loss", [cross_entropy_loss, dsnt, mse_loss])
def test_a_landmark_outside_the_frame_keeps_loss_and_gradient_finite(
    loss: Callable[..., torch.Tensor],
) -> None:
    heatmaps = torch.zeros(1, 2, *SIZE_HW, requires_grad=True)
    value = loss(heatmaps, maps_about(TRUTH_BK2 + 500))
    value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    assert torch.isfinite(value)
    assert heatmaps.grad is not None
    assert torch.isfinite(heatmaps.grad).all()
