"""The code of plugins that tests install: modules that declare families, and small networks."""

from __future__ import annotations

FAMILY = """
from lvzoo import Family, Option, hookimpl

@hookimpl
def lvzoo_families():
    yield Family(
        name="{name}", kind="mask", factory="net.model:Net", summary="a net",
        options={{"width": Option(default=8, help="channels", choices=(8, 16))}}, requires=("no_such_module",),
    )
"""
"""A family with one option; it requires a module that does not exist."""
DECLARES = """
from lvzoo import Family, hookimpl

@hookimpl
def lvzoo_families():
    for name in {names}:
        yield Family(name=name, kind="mask", factory="{package}.model:" + name.title(), summary="for a test")
"""
NETWORK = """
import torch
from lvzoo.models.base import MaskModel

class {name}(MaskModel):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 1, 1)
    def forward(self, frames_B1HW):
        {forward}
"""
NOISE_SOURCE = """
from lvzoo import NoiseSource, hookimpl

@hookimpl
def lvzoo_noises():
    yield NoiseSource(name="ward-noise", factory="ward_dist.suite:Ward", summary="one corruption, two severities")
"""
NOISE_SUITE = """
class Ward:
    name, families, severities = "ward-noise", {"ours": ("dim",)}, (1, 2)

    def corrupt(self, frame_HW, condition, *, video, frame, sector):
        return frame_HW // (1 + condition.severity)
"""
"""The suite that `NOISE_SOURCE` declares in a distribution called ward-dist."""


def declare(*names: str, package: str) -> str:
    """Return a module that declares mask families; the network of `net` is the class Net in `package`.model."""
    return DECLARES.format(names=names, package=package)


def network(name: str, *forward: str) -> str:
    """Return a module with one convolution as a class of this name; `forward` replaces the lines of its method."""
    lines = forward or ("return self.conv(frames_B1HW)",)
    return NETWORK.format(name=name, forward="\n        ".join(lines))
