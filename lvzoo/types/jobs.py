"""What an executor moves: jobs, the events they report, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lvzoo.types.learning import Epoch


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One unit of work: names and numbers only, so that it can travel to another process or machine.

    `task` is "package.module:function", called with `settings` (a record of names and numbers) and a function
    to report `Event`s with; it writes its results into the run folder and returns a small summary.
    """

    name: str
    task: str
    settings: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """How far a step has come: `done` of `total`, with a few words; `epoch` where one has just ended."""

    step: str
    done: int
    total: int
    text: str = ""
    epoch: Epoch | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobResult:
    """How a job ended: its small summary, or its error as one line with the full traceback beside it."""

    job: Job
    summary: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None
