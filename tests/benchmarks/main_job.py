"""Times README's main job: where its time goes, against another checkout of lvzoo, and beside busy neighbours.

    python tests/benchmarks/main_job.py                           the steps of one run, as a table
    python tests/benchmarks/main_job.py --against ../lvzoo-old    this checkout and another one in turn (L2)
    python tests/benchmarks/main_job.py --neighbours 2            alone, and beside two busy loops (L1)

Every run has an empty cache and a folder of its own. `--rounds N` repeats each comparison, and the table has the
medians. `--preset smoke` tries the program in a minute.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parents[2]
PLUGINS: Final = "unet,landmark7"
BUSY: Final = "while True: pass"
STEPS: Final = """
import sys, time
started = time.perf_counter()
import lvzoo
from lvzoo.workflows.bench import bench
times = [("imports", time.perf_counter())]

def note(trial, event):
    # the events of trials overlap: each step lasts from its first event to the first one of the next step
    name = NAMES.get(event.step)
    if event.step == "noise" and event.done == event.total:
        name = "start of the trials"
    if name and name not in {name for name, _ in times}:
        times.append((name, time.perf_counter()))

NAMES = {
    "phantom": "phantom", "frames": "decoding", "noise": "noise",
    "epoch": "training", "training": "training", "testing": "testing",
}

class Listener:
    @lvzoo.hookimpl
    def lvzoo_trial_finished(self, trial, scores):
        ended.append(time.perf_counter())

if __name__ == "__main__":
    ended = []
    bench(sys.argv[1], preset=sys.argv[2], out="run", on_event=note, listeners=[Listener()])
    done = time.perf_counter()
    begun = [*times[1:], ("ranking and report", max(ended))]
    print("imports", times[0][1] - started)
    for (name, start), (_, end) in zip(begun, [*begun[1:], ("", done)]):
        print(name, end - start, sep="\\t")
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a run took, in seconds."""

    wall_s: float
    cpu_s: float


def run_job(root: Path, preset: str) -> Cost:
    """Run the main job of a checkout, with an empty cache, in a folder that is deleted afterwards."""
    words = [sys.executable, "-m", "lvzoo", "bench", "--plugins", PLUGINS, "--preset", preset]
    with tempfile.TemporaryDirectory() as folder:
        started_s, before = time.perf_counter(), os.times()
        subprocess.run(
            words, cwd=folder, env=make_environment(root, Path(folder)), check=True, capture_output=True
        )
        wall_s, after = time.perf_counter() - started_s, os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall_s=wall_s, cpu_s=cpu_s)


def make_environment(root: Path, folder: Path) -> dict[str, str]:
    """Return the environment of a run: another checkout's code, and an empty cache."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(root), str(root / "plugins")]),
        "LVZOO_CACHE": str(folder / "cache"),
    }


@contextmanager
def keep_busy(count: int) -> Iterator[None]:
    """Run some endless loops beside what is measured."""
    loops = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def time_steps(preset: str) -> str:
    """Return a Markdown table of the steps of one run. Their times are those of the clock on the wall."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "steps.py").write_text(STEPS)
        done = subprocess.run(
            [sys.executable, "steps.py", PLUGINS, preset],
            cwd=folder,
            env=make_environment(HERE, Path(folder)),
            check=True,
            capture_output=True,
            text=True,
        )
    rows = [line.rsplit(maxsplit=1) for line in done.stdout.splitlines()]
    total_s = sum(float(seconds) for _, seconds in rows)
    lines = [
        f"| {name} | {float(seconds):.1f} s | {float(seconds) / total_s:.0%} |" for name, seconds in rows
    ]
    return "\n".join(
        ["| step | wall time | share |", "|---|---|---|", *lines, f"| all | {total_s:.1f} s | |"]
    )


def compare(first: Sequence[Cost], second: Sequence[Cost], names: tuple[str, str]) -> str:
    """Return the medians of two kinds of runs, and the median of the rounds' ratios (second / first)."""
    lines = [
        f"{name}: {statistics.median(each.wall_s for each in costs):.1f} s, "
        f"CPU time {statistics.median(each.cpu_s for each in costs):.1f} s"
        for name, costs in zip(names, (first, second), strict=True)
    ]
    ratio = statistics.median(b.wall_s / a.wall_s for a, b in zip(first, second, strict=True))
    return "\n".join([*lines, f"ratio of the wall times: {ratio:.2f}"])


def main(words: Sequence[str] | None = None) -> None:
    """Read the options, measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, help="the folder of another checkout")
    parser.add_argument("--neighbours", type=int, default=0, help="busy loops beside the job")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--preset", default="quick")
    options = parser.parse_args(words)
    if not options.against and not options.neighbours:
        print(time_steps(options.preset))
        return
    ours: list[Cost] = []
    others: list[Cost] = []
    for _ in range(options.rounds):
        ours.append(run_job(HERE, options.preset))
        with keep_busy(options.neighbours):
            others.append(run_job(options.against or HERE, options.preset))
    other = f"{options.against}" if options.against else f"beside {options.neighbours} busy loops"
    print(compare(ours, others, ("this checkout", other)))


if __name__ == "__main__":
    main()
