"""Measures lvzoo on a GPU, and checks that a training there equals the CPU's.

`python tests/benchmarks/gpu.py` takes at most five minutes and prints a table for docs/benchmarks.md. It needs no
data, and works on synthetic frames. Without a GPU it runs small on the CPU, which only shows that it works.

The exit code is 1 if a training differs from the CPU's by more than rounding.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

import torch

from lvzoo.device import choose_device, choose_precision, describe, limit_threads
from tests.benchmarks.gpu_beside import measure_beside
from tests.benchmarks.gpu_equal import compare
from tests.benchmarks.gpu_plan import SMALL, Clock, Row, Size
from tests.benchmarks.gpu_speed import measure_speed

Part = Callable[[torch.device, Size, Clock], Iterator[Row]]
PARTS: tuple[tuple[str, Part], ...] = (
    ("the CPU's numbers", compare),
    ("speed", measure_speed),
    ("trainings beside each other", measure_beside),
)
RESERVE_S = 30.0
"""When so little time is left, no measurement begins any more; those that have begun end in less."""
NO_GPU = "These are figures of a CPU and of small sizes. They say nothing about a GPU."


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--seconds", type=float, default=300, help="the longest time in all (default: 300)")
    parser.add_argument("--small", action="store_true", help="run small sizes, as without a GPU")
    given = parser.parse_args(arguments)
    clock = Clock(seconds=given.seconds - RESERVE_S)
    device = choose_device(given.device)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda:0")
    small = given.small or device.type == "cpu"
    with limit_threads(1):  # as trials have
        rows = list(measure(device, SMALL if small else Size(), clock))
        print(write_table(device, rows))
    return 1 if any(row.fails for row in rows) else 0


def measure(device: torch.device, size: Size, clock: Clock) -> Iterator[Row]:
    """Yield the rows of all parts, and say on stderr what is measured now."""
    for name, part in PARTS:
        print(f"{name}: {clock.left_s():.0f} s are left", file=sys.stderr)
        yield from part(device, size, clock)


def write_table(device: torch.device, rows: Sequence[Row]) -> str:
    """Return the hardware, the versions and the rows as Markdown."""
    place = describe(device, choose_precision(device))
    if device.type == "cuda":
        place |= {
            "GPU memory": f"{torch.cuda.get_device_properties(device).total_memory / 1e9:.0f} GB",
            "CUDA": str(torch.version.cuda),
            "cuDNN": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call] # torch's
        }
    lines = [", ".join(f"{name} {value}" for name, value in place.items()), ""]
    if device.type == "cpu":
        lines = [NO_GPU, "", *lines]
    lines += ["| what | figure | bound |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.figure} | {row.bound} |" for row in rows)])


if __name__ == "__main__":
    sys.exit(main())
