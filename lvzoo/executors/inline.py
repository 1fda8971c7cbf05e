"""Runs jobs in this process, one after the other: for tests and debugging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lvzoo.executors.task import OnEvent, do_job
from lvzoo.types import Job, JobResult


class InlineExecutor:
    """Runs jobs one after the other in this process."""

    def describe(self, jobs: int) -> str:
        """Return how the jobs run."""
        return "1 trial, in this process" if jobs == 1 else "1 trial at a time, in this process"

    def run(self, jobs: Sequence[Job], *, on_event: OnEvent) -> Iterator[JobResult]:
        """Yield each job's result. An exception becomes the result's error."""
        for job in jobs:
            yield do_job(job, lambda event, job=job: on_event(job, event))  # type: ignore[misc] # mypy 6232
