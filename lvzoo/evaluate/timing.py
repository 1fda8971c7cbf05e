"""Measures the time that a model takes for one frame, decoding included."""

from __future__ import annotations

import statistics
import time
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.evaluate.predict import BATCH_SIZE, predict_batches

ROUNDS: Final = 5


def ms_per_frame(
    model: nn.Module, frames_NHW: NDArray[np.uint8], *, device: torch.device, precision: torch.dtype
) -> float:
    """Return the wall time for one frame in milliseconds, measured on the first batch of up to 64 frames.

    It is the median of five rounds, after a warm-up round that does not count. The masks are copied to the CPU, so
    the time includes all work of a GPU.
    """
    frames_BHW = frames_NHW[:BATCH_SIZE]

    def run_batch() -> float:
        start = time.perf_counter()
        for _ in predict_batches(model, frames_BHW, device=device, precision=precision):
            pass
        return time.perf_counter() - start

    run_batch()
    return 1e3 * statistics.median(run_batch() for _ in range(ROUNDS)) / len(frames_BHW)
