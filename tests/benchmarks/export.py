"""Times the models in the box in torch and in ONNX Runtime, float32 and int8, on one thread.

    python tests/benchmarks/export.py                 prints a table for docs/benchmarks.md
    python tests/benchmarks/export.py --rounds 1      tries the program

All four ways run in one process and take turns within each round. A time is that of the processor, so other programs
on the machine hardly count. It is the time from frames to logits or landmarks, without the drawing of masks, which
is the same for all. The Dice of int8 is measured by `lvzoo export --int8`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

import lvzoo
from lvzoo.device import autocast, limit_threads
from lvzoo.exports.network import Graph
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import Kind
from lvzoo.workflows.exported import make_array, open_exported

MODELS: Final[dict[str, Kind]] = {"unet-fast": "mask", "landmark7-fast": "landmark"}
WAYS: Final = ("torch bf16", "torch float32", "ONNX Runtime float32", "ONNX Runtime int8")
BATCHES: Final = (1, 16)
FRAMES: Final = 64
"""How many frames a model is given in each round. The phantom's are repeated if it has fewer."""

Way = Callable[[NDArray[np.float32]], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """One line of the table: the ms per frame of each way, in the order of WAYS, and the two Dice."""

    model: str
    batch: int
    ms: tuple[float, ...]
    dice_float32: float
    dice_int8: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--phantom-size", default="quick")
    given = parser.parse_args(arguments)
    print(f"| model | batch | {' | '.join(WAYS)} | int8 against torch bf16 | Dice float32, int8 |")
    print(f"|---|---|{'---|' * (len(WAYS) + 2)}")
    with limit_threads(1):
        for model in MODELS:
            for each in measure(model, rounds=given.rounds, phantom_size=given.phantom_size):
                print(_format(each))


def measure(model: str, *, rounds: int, phantom_size: str) -> list[Timed]:
    """Return the times of a model for each size of the batch."""
    frames_NHW = Phantom(cached_phantom(size=phantom_size, seed=0)).load("test").frames_NHW
    frames_N1HW = make_array(np.resize(frames_NHW, (FRAMES, *frames_NHW.shape[1:])))
    with tempfile.TemporaryDirectory() as folder:
        exact, int8 = Path(folder) / "exact.onnx", Path(folder) / "int8.onnx"
        lvzoo.export(model, out=exact)
        cost = lvzoo.export(model, out=int8, int8=True, phantom_size=phantom_size).int8
        assert cost is not None
        graph = Graph(lvzoo.load(model), MODELS[model]).eval()
        ways: list[Way] = [
            lambda batch: run_torch(graph, batch, torch.bfloat16),
            lambda batch: run_torch(graph, batch, torch.float32),
            open_exported(exact).run,
            open_exported(int8).run,
        ]
        return [
            Timed(
                model=model,
                batch=batch,
                ms=time_ways(ways, frames_N1HW, batch=batch, rounds=rounds),
                dice_float32=cost.dice_float32,
                dice_int8=cost.dice_int8,
            )
            for batch in BATCHES
        ]


@torch.inference_mode()
def run_torch(graph: Graph, batch_B1HW: NDArray[np.float32], precision: torch.dtype) -> NDArray[np.float32]:
    """Run torch as `lvzoo predict` does: channels last, in bf16 where the processor has it."""
    frames_B1HW = torch.from_numpy(batch_B1HW).contiguous(memory_format=torch.channels_last)
    with autocast(frames_B1HW.device, precision):
        output: torch.Tensor = graph(frames_B1HW)
    return output.float().numpy()


def time_ways(
    ways: Sequence[Way], frames_N1HW: NDArray[np.float32], *, batch: int, rounds: int
) -> tuple[float, ...]:
    """Return the median ms per frame of each way, over rounds in which they take turns; a first round warms up."""
    seconds = [[_time(way, frames_N1HW, batch) for way in ways] for _ in range(rounds + 1)]
    return tuple(
        1e3 * statistics.median(column) / len(frames_N1HW) for column in zip(*seconds[1:], strict=True)
    )


def _time(way: Way, frames_N1HW: NDArray[np.float32], batch: int) -> float:
    start_s = time.process_time()
    for first in range(0, len(frames_N1HW), batch):
        way(frames_N1HW[first : first + batch])
    return time.process_time() - start_s


def _format(timed: Timed) -> str:
    cells = [f"{ms:.2f} ms" for ms in timed.ms]
    return (
        f"| `{timed.model}` | {timed.batch} | {' | '.join(cells)} | {timed.ms[0] / timed.ms[-1]:.1f}x | "
        f"{timed.dice_float32:.4f}, {timed.dice_int8:.4f} |"
    )


if __name__ == "__main__":
    main()
