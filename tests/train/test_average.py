"""The averaged weights are those of torch's own average, to the last bit."""

from __future__ import annotations

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lvzoo.models.blocks import DoubleConv
from lvzoo.train.average import average_weights


def test_the_average_is_the_one_of_torch() -> None:
    """Its state has the same names, too, so a training goes on from an older checkpoint."""
    network = DoubleConv(1, 4)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    ours = average_weights(network, share=0.1, steps=50)
    average = get_ema_multi_avg_fn(0.8)  # type: ignore[no-untyped-call] # torch leaves it untyped
    theirs = AveragedModel(network, multi_avg_fn=average, use_buffers=True)
    draw = torch.Generator().manual_seed(0)
    for _ in range(7):
        optimiser.zero_grad()
        network(torch.rand(2, 1, 8, 8, generator=draw)).square().mean().backward()
        optimiser.step()
        ours.update_parameters(network)
        theirs.update_parameters(network)
    state, expected = ours.state_dict(), theirs.state_dict()
    assert list(state) == list(expected)
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    assert not torch.equal(state["module.0.weight"], network.state_dict()["0.weight"])
