"""Measures the time that a model takes for one frame, decoding included."""

from __future__ import annotations

import statistics
import time
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.evaluate.predict import predict_batches

ROUNDS: Final = 5
TIMED_FRAMES: Final = 32


def ms_per_frame(
    model: nn.Module, frames_NHW: NDArray[np.uint8], *, device: torch.device, precision: torch.dtype
) -> float:
    """Return the time for one frame in milliseconds, measured on up to 32 frames.

    It is the median of five rounds, after a warm-up round that does not count. With one thread on the CPU it is the
    processor time of this process, so that programs beside it hardly change it. Otherwise it is the wall time. The
    masks are copied to the CPU, so the time includes all work of a GPU.
    """
    frames_BHW = frames_NHW[:TIMED_FRAMES]
    one_thread = device.type == "cpu" and torch.get_num_threads() == 1
    read_clock_s = time.process_time if one_thread else time.perf_counter

    def run_batch() -> float:
        start_s = read_clock_s()
        for _ in predict_batches(model, frames_BHW, device=device, precision=precision):
            pass
        return read_clock_s() - start_s

    run_batch()
    return 1e3 * statistics.median(run_batch() for _ in range(ROUNDS)) / len(frames_BHW)
