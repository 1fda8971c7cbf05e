"""Shows progress on stderr: live bars in a terminal, otherwise one line per step, epoch and trial."""

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
    """Shows the events of a run; as a hook listener, it also prints a line per finished epoch and trial."""

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
        key, what = (trial, event.step), f"{trial} {STEPS[event.step]}".strip()
        begun = key not in self.tasks
        if begun:
            self.tasks[key] = self.bars.add_task(what, total=event.total, text="")
        self.bars.update(self.tasks[key], completed=event.done, text=event.text)
        if event.done == event.total:
            self.bars.remove_task(self.tasks.pop(key))
        if begun and not self.console.is_terminal and event.done < event.total:
            self._print(what)

    @hookimpl
    def lvzoo_epoch_finished(self, trial: Trial, epoch: int, train_loss: float, val_dice: float) -> None:
        """Print a line about an epoch."""
        progress = f"{trial.name} epoch {epoch}/{trial.recipe.epochs}"
        self._print(f"{progress}: loss {train_loss:.3f}, validation Dice {val_dice:.3f}")

    @hookimpl
    def lvzoo_trial_finished(self, trial: Trial, scores: Scores) -> None:
        """Print a line about a trial."""
        clean = scores.loc[scores["corruption"] == "clean", "dice"].mean()
        self._print(f"{trial.name} finished: clean Dice {clean:.3f}, {len(scores)} frames scored")

    def _print(self, line: str) -> None:
        """Print a line with the seconds since the start."""
        elapsed_s = time.monotonic() - self.started_s
        self.console.print(f"[{elapsed_s:5.0f} s] {line}", markup=False, highlight=False)


class ClipProgress:
    """Shows a bar for the clip that is being predicted, with its speed and the time left."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("frames {task.fields[speed]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
            redirect_stdout=False,  # stdout is data, and may be a file
        )

    def show(self, clip: str, done: int, total: int) -> None:
        """Show how many frames of a clip are done, and how many are to be expected."""
        if self.bars.tasks and self.bars.tasks[0].description != clip:
            self.hide()
        if not self.bars.tasks:
            self.bars.add_task(clip, total=total, speed="")
            self.bars.start()
        task = self.bars.tasks[0]
        speed = f"{task.speed:.0f}/s" if task.speed else ""
        self.bars.update(task.id, completed=done, total=total, speed=speed)

    def hide(self) -> None:
        """Remove the bar, before something is printed."""
        self.bars.stop()
        for task in self.bars.task_ids:
            self.bars.remove_task(task)
        sys.stderr.flush()
