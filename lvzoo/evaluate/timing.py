"""How long a model takes for a frame, decoding included."""

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
    """Return the milliseconds of wall time that a model takes for one of the frames, in batches of 64.

    The median of five rounds over the first batch, after one round that is not counted. Masks end on the CPU, so a
    GPU is waited for.
    """
    frames_BHW = frames_NHW[:BATCH_SIZE]

    def seconds() -> float:
        start = time.perf_counter()
        for _ in predict_batches(model, frames_BHW, device=device, precision=precision):
            pass
        return time.perf_counter() - start

    seconds()
    return 1e3 * statistics.median(seconds() for _ in range(ROUNDS)) / len(frames_BHW)
