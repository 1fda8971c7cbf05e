"""A model's time per frame is its own work, whatever runs beside it."""

from __future__ import annotations

import time

import numpy as np
import torch

from lvzoo.device import limit_threads
from lvzoo.evaluate.timing import ms_per_frame
from lvzoo.models.base import MaskModel

WAIT_S = 0.05


class Waits(MaskModel):
    """A model that does almost nothing but waits, as one that has to wait for a processor."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 1, 1)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        time.sleep(WAIT_S)
        output: torch.Tensor = self.conv(frames_B1HW)
        return output


def measure_s(*, threads: int) -> float:
    """Return the seconds that a batch of two frames is said to take."""
    frames_NHW = np.zeros((2, 112, 112), np.uint8)
    with limit_threads(threads):
        return 2e-3 * ms_per_frame(Waits(), frames_NHW, device=torch.device("cpu"), precision=torch.float32)


def test_one_thread_is_timed_by_its_work_and_not_by_its_waits() -> None:
    assert 0 < measure_s(threads=1) < WAIT_S / 2


def test_several_threads_are_timed_by_the_wall_clock() -> None:
    assert measure_s(threads=2) >= WAIT_S
