"""Training frames share a GPU's memory with other trainings, and reach it without a wait; there need be no GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

from lvzoo.train.memory import FramesInMemory
from tests.toys import toy_frames

CUDA = torch.device("cuda")
TOGETHER = 5
"""So many trainings that start together leave half of the memory for their networks."""


class Cuda(TorchFunctionMode):
    """Pretends to move tensors to a GPU, and records how each came there."""

    def __init__(self) -> None:
        super().__init__()
        self.moved: list[str] = []
        self.pinned: list[torch.Tensor] = []

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        if func is torch.Tensor.pin_memory:
            self.pinned.append(args[0].clone())
            return self.pinned[-1]
        if func is torch.Tensor.to and args[1] == CUDA:
            pinned = any(args[0] is tensor for tensor in self.pinned)
            waits = not (pinned and (kwargs or {}).get("non_blocking"))
            self.moved.append("waits" if waits else "does not wait")
            return args[0]
        return func(*args, **(kwargs or {}))


def size_bytes(count: int) -> int:
    frames = toy_frames(count)
    return sum(array.nbytes for array in (frames.frames_NHW, frames.masks_NHW, frames.contours_NP2))


def set_free_memory(free: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (int(free), int(free)))


def test_frames_that_fit_are_copied_to_the_gpu_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_free_memory(100 * size_bytes(4), monkeypatch)
    with Cuda() as cuda:
        data = FramesInMemory(toy_frames(4), CUDA)
    assert cuda.moved == ["waits"] * 3  # frames, masks and contours
    assert len(data) == 4


def test_many_trainings_that_start_together_leave_half_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees the same free memory, because none of the others has copied its frames yet."""
    set_free_memory(2 * TOGETHER * size_bytes(4) - 1, monkeypatch)
    with Cuda() as cuda:
        FramesInMemory(toy_frames(4), CUDA)
    assert cuda.moved == []


def test_frames_in_ram_reach_the_gpu_without_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    set_free_memory(size_bytes(4), monkeypatch)
    frames = toy_frames(4)
    with Cuda() as cuda:
        batch = FramesInMemory(frames, CUDA).batch(torch.tensor([2, 0]))
    assert cuda.moved == ["does not wait"] * 3
    assert torch.equal(batch.masks_BHW, torch.from_numpy(frames.masks_NHW[[2, 0]]))


def test_frames_on_the_cpu_are_not_pinned() -> None:
    with Cuda() as cuda:
        FramesInMemory(toy_frames(4), torch.device("cpu")).batch(torch.tensor([2, 0]))
    assert cuda.pinned == []
