"""Records of an executor: jobs, the progress that they report, and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lvzoo.types.learning import Epoch


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One unit of work. It holds only names and numbers, so it can be sent to another process or machine.

    `task` is "package.module:function". The function is called with `settings` (a record of names and numbers) and
    with a function that takes `Event`s. It writes its results into the run folder and returns a small summary.
    """

    name: str
    task: str
    settings: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Progress of a step: `done` of `total` parts, with a few words. `epoch` is set when an epoch has just ended."""

    step: str
    done: int
    total: int
    text: str = ""
    epoch: Epoch | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobResult:
    """The result of a job: its summary, or its error on one line and the traceback. `error` is None on success."""

    job: Job
    summary: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None
