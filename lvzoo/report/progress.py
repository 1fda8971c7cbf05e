"""What is going on, told on stderr: live bars in a terminal, a line for each thing that is done elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from lvzoo.hookspecs import hookimpl
from lvzoo.types import Event, Scores, Trial

STEPS = {
    "phantom": "making the synthetic phantom",
    "frames": "reading labelled frames",
    "noise": "corrupting the test frames",
    "training": "training",
    "testing": "testing",
}


class BenchProgress:
    """Shows a run's events; as a listener it also tells of every finished epoch and trial."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.tasks: dict[tuple[str, str], TaskID] = {}
        self.started_s = time.monotonic()

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bars.stop()
        sys.stderr.flush()

    def show(self, trial: str, event: Event) -> None:
        """Show how far a step has come."""
        if event.step not in STEPS:
            return
        key = (trial, event.step)
        begun = key not in self.tasks
        if begun:
            self.tasks[key] = self.bars.add_task(
                f"{trial} {STEPS[event.step]}".strip(), total=event.total, text=""
            )
        self.bars.update(self.tasks[key], completed=event.done, text=event.text)
        if event.done == event.total:
            self.bars.remove_task(self.tasks.pop(key))
        if begun and not self.console.is_terminal and event.done < event.total:
            self._say(f"{trial} {STEPS[event.step]}".strip())

    @hookimpl
    def lvzoo_epoch_finished(self, trial: Trial, epoch: int, train_loss: float, val_dice: float) -> None:
        """Tell of an epoch in one line."""
        progress = f"{trial.name} epoch {epoch}/{trial.recipe.epochs}"
        self._say(f"{progress}: loss {train_loss:.3f}, validation Dice {val_dice:.3f}")

    @hookimpl
    def lvzoo_trial_finished(self, trial: Trial, scores: Scores) -> None:
        """Tell of a trial in one line."""
        clean = scores.loc[scores["corruption"] == "clean", "dice"].mean()
        self._say(f"{trial.name} finished: clean Dice {clean:.3f}, {len(scores)} frames scored")

    def _say(self, line: str) -> None:
        self.console.print(
            f"[{time.monotonic() - self.started_s:5.0f} s] {line}", markup=False, highlight=False
        )
