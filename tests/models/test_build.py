"""Building the network of an entry."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from lvzoo.errors import PluginError
from lvzoo.evaluate.cost import measure_cost
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import Entry


def entry(name: str = "unet") -> Entry:
    return open_zoo().select(name)[0]


@pytest.mark.parametrize(
    ("name", "parameters", "flops"),
    [("unet", 1.94e6, 1.15e9), ("unet-64", 31.04e6, 18.41e9), ("landmark7", 1.94e6, 1.16e9)],
)
def test_the_zoo_has_the_published_sizes(name: str, parameters: float, flops: float) -> None:
    cost = measure_cost(build_model(entry(name)))
    assert cost.parameters == pytest.approx(parameters, rel=0.01)
    assert cost.flops == pytest.approx(flops, rel=0.01)


def test_a_seed_decides_the_weights_and_leaves_torch_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = (build_model(entry(), seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", ["unet", "landmark7"])
def test_frames_may_have_any_size(name: str) -> None:
    model = build_model(entry(name)).eval()
    with torch.inference_mode():
        assert model(torch.rand(1, 1, 112, 112)).shape[-2:] == (112, 112)
        assert model(torch.rand(2, 1, 75, 90)).shape[-2:] == (75, 90)


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("lvzoo_unet.model:UNett", "cannot load 'lvzoo_unet.model:UNett'"),
        ("torch.nn:Linear", r"unet: torch.nn:Linear \(plugin 'unet'\) failed to build: TypeError"),
        ("builtins:dict", r"unet: builtins:dict \(plugin 'unet'\).*MaskModel or LandmarkModel"),
    ],
)
def test_a_factory_that_builds_no_model_is_named(factory: str, message: str) -> None:
    family = dataclasses.replace(entry().family, factory=factory)
    with pytest.raises(PluginError, match=message):
        build_model(dataclasses.replace(entry(), family=family))
