"""The precision is that of the device that computes, which may not be torch's current one; there need be no GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from lvzoo.device import choose_precision


def test_each_gpu_has_its_own_best_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU is asked by torch only if it is the current device. Here, only the second one has bf16."""
    current = [0]

    @contextmanager
    def switch(device: torch.device) -> Iterator[None]:
        current.append(device.index or 0)
        yield
        current.pop()

    monkeypatch.setattr(torch.cuda, "device", switch)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: current[-1] == 1)
    assert choose_precision(torch.device("cuda")) == torch.float16
    assert choose_precision(torch.device("cuda:1")) == torch.bfloat16
    assert choose_precision(torch.device("cuda:0"), "float32") == torch.float32
