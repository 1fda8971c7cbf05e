"""The bar of `lvzoo predict`: what it shows of a clip, and that it leaves stdout to the program."""

from __future__ import annotations

import io
import sys

from rich.console import Console

from lvzoo.report.progress import ClipProgress


def test_a_bar_shows_the_clip_its_frames_and_the_time_left() -> None:
    shown = io.StringIO()
    progress = ClipProgress(Console(file=shown, force_terminal=True, width=100))
    progress.show("[odd] name", 32, 64)
    progress.bars.refresh()
    progress.hide()
    assert "[odd] name" in shown.getvalue()
    assert "32/64" in shown.getvalue()
    assert not progress.bars.tasks


def test_stdout_stays_the_programs_own() -> None:
    stdout = sys.stdout
    progress = ClipProgress(Console(file=io.StringIO(), force_terminal=True))
    progress.show("a", 1, 2)
    assert sys.stdout is stdout
    progress.show("b", 1, 4)
    (task,) = progress.bars.tasks
    assert (task.description, task.total) == ("b", 4)
    progress.hide()


def test_without_a_terminal_nothing_is_shown() -> None:
    shown = io.StringIO()
    progress = ClipProgress(Console(file=shown))
    progress.show("clip", 1, 2)
    progress.hide()
    assert shown.getvalue() == ""
