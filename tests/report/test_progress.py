"""What is shown while several trials run: one bar each in a terminal, otherwise lines that name their trial."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from rich.console import Console

from lvzoo.report.progress import BenchProgress
from lvzoo.types import Event

TRIALS = Event(step="trials", done=0, total=3, text="2 trials at once, 1 thread each: 2 processors")
TRAINING = Event(step="training", done=10, total=40, text="loss 0.31")
TESTING = Event(step="testing", done=3, total=27, text="haze")


def make_progress(*, width: int = 100, terminal: bool = True) -> tuple[BenchProgress, io.StringIO]:
    shown = io.StringIO()
    return BenchProgress(Console(file=shown, force_terminal=terminal, width=width)), shown


def read_bars(progress: BenchProgress) -> dict[str, tuple[float, float | None]]:
    """Return how far each bar is, by its description."""
    return {task.description: (task.completed, task.total) for task in progress.bars.tasks}


def draw(progress: BenchProgress) -> str:
    """Return the bars as they stand in the terminal now."""
    with progress.console.capture() as captured:
        progress.console.print(progress.bars.get_renderable())
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", captured.get())


def test_each_running_trial_has_one_bar_that_shows_its_step() -> None:
    progress, _ = make_progress()
    progress.show("", TRIALS)
    progress.show("unet-s0", TRAINING)
    progress.show("landmark7-s0", TRAINING)
    assert read_bars(progress) == {
        "trials": (0, 3),
        "unet-s0 training": (10, 40),
        "landmark7-s0 training": (10, 40),
    }
    progress.show("unet-s0", TESTING)
    assert read_bars(progress) == {
        "trials": (0, 3),
        "unet-s0 testing": (3, 27),
        "landmark7-s0 training": (10, 40),
    }
    assert list(read_bars(progress)) == ["trials", "unet-s0 testing", "landmark7-s0 training"], (
        "in their places"
    )
    progress.show("unet-s0", Event(step="testing", done=27, total=27))
    assert "unet-s0 testing" in read_bars(progress), "until the trial has ended"
    progress.show("unet-s0", Event(step="end", done=1, total=1))
    progress.show("", Event(step="trials", done=1, total=3, text=TRIALS.text))
    assert read_bars(progress) == {"trials": (1, 3), "landmark7-s0 training": (10, 40)}


def test_the_next_step_has_a_time_left_of_its_own() -> None:
    progress, _ = make_progress()
    for done in range(5):
        progress.show("unet-s0", Event(step="training", done=done, total=5))
    progress.show("unet-s0", Event(step="testing", done=0, total=27))
    [task] = progress.bars.tasks
    assert task.time_remaining is None


def test_a_common_step_has_a_bar_until_it_is_done() -> None:
    progress, _ = make_progress()
    progress.show("", Event(step="phantom", done=3, total=9))
    assert read_bars(progress) == {"making the synthetic phantom": (3, 9)}
    progress.show("", Event(step="phantom", done=9, total=9))
    assert read_bars(progress) == {}


def test_each_bar_is_one_whole_line_of_a_narrow_terminal() -> None:
    progress, _ = make_progress(width=80)
    progress.show("", TRIALS)
    for name in ("smp-efficientnet-b0-s0", "[odd]-s0"):
        progress.show(name, Event(step="training", done=12, total=150, text="loss 0.312, best Dice 0.812"))
    common, first, second = draw(progress).splitlines()
    assert "0/3" in common
    assert "smp-efficientnet-b0-s0 training" in first
    assert "[odd]-s0 training" in second
    assert "12/150 loss 0.312, best Dice 0.812" in first


def test_how_many_run_at_once_is_told_in_a_terminal_too() -> None:
    progress, shown = make_progress()
    progress.show("", TRIALS)
    progress.show("", Event(step="trials", done=1, total=3, text=TRIALS.text))
    assert shown.getvalue().count(TRIALS.text) == 1


def test_why_a_trial_failed_is_told_when_it_happens() -> None:
    for terminal in (True, False):
        progress, shown = make_progress(terminal=terminal)
        progress.show("unet-s0", TRAINING)
        progress.show("unet-s0", Event(step="end", done=1, total=1, text="RuntimeError: boom [red]\x1b[2K"))
        assert r"unet-s0 failed: RuntimeError: boom [red]\x1b[2K" in shown.getvalue()
        assert read_bars(progress) == {}


def tell(events: Sequence[tuple[str, Event]]) -> list[str]:
    """Return the lines that stand where there is no terminal, without their times."""
    progress, shown = make_progress(terminal=False, width=40)
    with progress:
        for trial, event in events:
            progress.show(trial, event)
    return [line.partition("] ")[2] for line in shown.getvalue().splitlines()]


def test_without_a_terminal_each_line_names_its_trial() -> None:
    assert tell(
        [
            ("", Event(step="frames", done=0, total=3, text="train")),
            ("", Event(step="frames", done=3, total=3)),
            ("", TRIALS),
            ("unet-s0", TRAINING),
            ("landmark7-s0", TRAINING),
            ("unet-s0", TRAINING),
            ("unet-s0", TESTING),
            ("unet-s0", Event(step="end", done=1, total=1)),
            ("", Event(step="trials", done=1, total=3, text=TRIALS.text)),
            ("landmark7-s0", TESTING),
        ]
    ) == [
        "reading labelled frames",
        "2 trials at once, 1 thread each: 2 processors",
        "unet-s0 training",
        "landmark7-s0 training",
        "unet-s0 testing",
        "landmark7-s0 testing",
    ]


def test_a_trial_that_waits_for_another_lvzoo_says_so() -> None:
    waiting = Event(step="waiting", done=0, total=1)
    told = tell(
        [
            ("unet-s0", waiting),
            ("unet-s0", waiting),
            ("unet-s0", Event(step="waiting", done=1, total=1)),
            ("unet-s0", TRAINING),
            ("a-s0", Event(step="waiting", done=0, total=1, text="if it has ended, remove x/.lock-soft")),
        ]
    )
    assert told == [
        "unet-s0 waits for another lvzoo, which works on it",
        "unet-s0 training",
        "a-s0 waits for another lvzoo, which works on it: if it has ended, remove x/.lock-soft",
    ]
