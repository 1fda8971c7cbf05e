"""Measures several trainings beside each other on one GPU, each in its own process, as with `--per-gpu`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import torch

from lvzoo.executors import ProcessExecutor
from lvzoo.types import Event, Job, Recipe
from tests.benchmarks.gpu_plan import NO_TIME, Clock, Row, Size, build, make_frames, train
from tests.benchmarks.gpu_speed import Stopwatch

START_S: Final = 60.0
"""How long the trainings wait for each other before they are measured."""
BATCH_SIZE: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """One of several trainings that are measured at the same time."""

    number: int
    count: int
    folder: Path
    """Where each says that it is ready."""
    device: str
    size: Size
    window_s: float


class _TogetherWatch(Stopwatch):
    """A stopwatch that begins when all trainings have warmed up."""

    def __init__(self, settings: Beside) -> None:
        size = settings.size
        device, steps = torch.device(settings.device), 10**9
        super().__init__(device, warm_up=size.warm_up, steps=steps, window_s=settings.window_s)
        self.settings = settings

    def begin(self) -> None:
        """Wait for the others."""
        (self.settings.folder / f"ready-{self.settings.number}").touch()
        until_s = time.monotonic() + START_S
        while len(list(self.settings.folder.glob("ready-*"))) < self.settings.count:
            if time.monotonic() > until_s:
                raise TimeoutError("the other trainings did not start")
            time.sleep(0.01)
        super().begin()


def train_beside(settings: Beside, report: Callable[[Event], None]) -> Mapping[str, Any]:
    """Train for a while at the same time as the others, and return how fast it was. Runs in a child process."""
    report(Event(step="training", done=0, total=1))
    size, watch = settings.size, _TogetherWatch(settings)
    model, frames = build(size.beside_name), make_frames(size.frames)
    recipe = Recipe(epochs=10**5, batch_size=BATCH_SIZE)
    train(model, size.beside_name, frames, recipe, device=watch.device, on_batch=watch.on_batch)
    return {"frames_per_s": BATCH_SIZE / watch.step_s}


def measure_beside(device: torch.device, size: Size, clock: Clock) -> Iterator[Row]:
    """Yield the speed of all trainings together, and its ratio to that of one alone."""
    alone: float | None = None
    for count in size.beside:
        together = "1 training" if count == 1 else f"{count} trainings beside each other"
        what = f"{together}: `{size.beside_name}`, batches of {BATCH_SIZE}"
        window_s = min(size.window_s, clock.left_s() - START_S)
        if window_s <= 0:
            yield Row(what=what, figure=NO_TIME)
            continue
        speed, error = _measure(count, device, size, clock, window_s)
        if error is not None:
            yield Row(what=what, figure=f"failed: {error}")
            continue
        alone = speed if count == 1 else alone
        ratio = "" if alone is None or count == 1 else f", {speed / alone:.2f} times one training"
        yield Row(what=what, figure=f"{speed:,.0f} frames/s{ratio}")


def _measure(
    count: int, device: torch.device, size: Size, clock: Clock, window_s: float
) -> tuple[float, str | None]:
    """Return the frames per second of so many trainings together, or an error."""
    with TemporaryDirectory() as folder:
        jobs = [
            Job(
                name=f"training-{number}",
                task="tests.benchmarks.gpu_beside:train_beside",
                settings=Beside(
                    number=number,
                    count=count,
                    folder=Path(folder),
                    device=str(device),
                    size=size,
                    window_s=window_s,
                ),
            )
            for number in range(count)
        ]
        executor = ProcessExecutor(jobs=count, device=str(device), silence_s=max(1.0, clock.left_s()))
        results = list(executor.run(jobs, on_event=lambda _job, _event: None))
    errors = [result.error for result in results if result.error is not None]
    return sum(result.summary.get("frames_per_s", 0.0) for result in results), next(iter(errors), None)
