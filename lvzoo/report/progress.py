"""Shows progress on stderr: live bars in a terminal, otherwise one line per step, epoch and trial."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from lvzoo.errors import show_name
from lvzoo.hookspecs import hookimpl
from lvzoo.types import Event, Scores, Trial

STEPS: Final = {
    "phantom": "making the synthetic phantom",
    "frames": "reading labelled frames",
    "noise": "corrupting the test frames",
    "experts": "scoring the experts",
    "also": "testing on a further data set",
    "trials": "trials",
    "waiting": "waits for another lvzoo, which works on it",
    "training": "training",
    "testing": "testing",
}
TOLD: Final = ("waiting", "also")
"""The steps whose text a line about their beginning repeats."""


class BenchProgress:
    """Shows the events of a run; as a hook listener, it also prints a line per finished epoch and trial.

    Each running trial has one bar, which shows the step that it is in. A step that all trials share has its own bar.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),  # the only one that becomes narrower in a narrow terminal
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[text]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.shown: dict[str, tuple[str, TaskID]] = {}
        """The step and the bar of each running trial, by its name; also of each step that all trials share."""
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
        """Show how far a trial or a common step has come."""
        if event.step == "end":
            self._end(trial, event.text)
        elif event.step in STEPS:
            what = f"{trial} {STEPS[event.step]}".strip()
            begins = self._update_bar(trial or event.step, what, event)
            if begins and event.done < event.total:
                self._announce(what, event)
            if event.done == event.total and not trial:
                self._remove_bar(event.step)

    def _announce(self, what: str, event: Event) -> None:
        """Print a line about a step that begins. In a terminal, its bar is enough for most steps."""
        if event.step == "trials":
            self._print(event.text)
        elif not self.console.is_terminal:
            more = f": {event.text}" if event.step in TOLD and event.text else ""
            self._print(f"{what}{more}")

    def _update_bar(self, key: str, what: str, event: Event) -> bool:
        """Update a bar, and return whether its step has just begun."""
        step, bar = self.shown.get(key) or ("", self.bars.add_task(what, total=event.total, text=""))
        if event.step != step:
            self.shown[key] = event.step, bar
            self.bars.reset(bar, description=what)  # each step has its own speed
        text = "" if event.step == "trials" else event.text
        self.bars.update(bar, completed=event.done, total=event.total, text=text)
        return event.step != step

    def _remove_bar(self, key: str) -> None:
        if key in self.shown:
            self.bars.remove_task(self.shown.pop(key)[1])

    def _end(self, trial: str, error: str) -> None:
        """Remove the bar of a trial that has ended. If it failed, print why."""
        self._remove_bar(trial)
        if error:
            self._print(f"{trial} failed: {show_name(error)}")

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
        self.console.print(f"[{elapsed_s:5.0f} s] {line}", markup=False, highlight=False, soft_wrap=True)


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
