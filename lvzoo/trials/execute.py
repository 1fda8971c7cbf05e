"""Runs jobs in child processes, so that a crash ends only one job, or in this process for debugging."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from lvzoo.errors import LvzooError, UsageError, choose, explain_exception
from lvzoo.interfaces import Executor
from lvzoo.plugins import resolve
from lvzoo.processes import find_lost_script, show_warnings_as_lines
from lvzoo.types import Event, Job, JobResult

OnEvent = Callable[[Job, Event], None]
GUARD: Final = 'call lvzoo.bench under `if __name__ == "__main__":`, or with executor="inline"'
FILE: Final = 'write the script into a file, or use executor="inline"'
LONGEST_SILENCE_S: Final = 3600.0
CHILD_ENVIRONMENT: Final = {"GOMP_SPINCOUNT": "1000"}
"""Makes OpenMP threads stop spinning soon when they wait for each other. Spinning slows training many times if other
processes use the processor too, and gains almost nothing if it is idle."""
LAST_WORDS_S: Final = 5.0
"""How long a child may take to end after it has sent its result."""


class InlineExecutor:
    """Runs jobs one after the other in this process: for tests and debugging."""

    def run(self, jobs: Sequence[Job], *, on_event: OnEvent) -> Iterator[JobResult]:
        """Yield each job's result. An exception becomes the result's error."""
        for job in jobs:
            yield _do_job(job, lambda event, job=job: on_event(job, event))  # type: ignore[misc] # mypy 6232


class ProcessExecutor:
    """Runs each job in its own spawned child, so that a crash, a leak or a hang ends only that job.

    A child that reports nothing for `silence_s` seconds counts as hanging and is killed.
    """

    def __init__(self, *, silence_s: float = LONGEST_SILENCE_S) -> None:
        self.silence_s = silence_s
        self.context = multiprocessing.get_context("spawn")

    def run(self, jobs: Sequence[Job], *, on_event: OnEvent) -> Iterator[JobResult]:
        """Yield each job's result when it ends. An interruption ends the child too."""
        for job in jobs:
            ours, theirs = self.context.Pipe(duplex=False)
            child = self.context.Process(target=_run_child, args=(job, theirs), name=job.name, daemon=False)
            with _environment(CHILD_ENVIRONMENT):
                child.start()
            theirs.close()
            try:
                yield self._listen(job, child, ours, on_event)
            finally:
                _end_child(child)
                ours.close()

    def _listen(self, job: Job, child: SpawnProcess, ours: Connection, on_event: OnEvent) -> JobResult:
        """Pass on the child's events until it sends its result or ends."""
        while ours.poll(self.silence_s):
            try:
                message: Event | JobResult = ours.recv()
            except EOFError:
                child.join(timeout=LAST_WORDS_S)
                return JobResult(job=job, error=f"its process {_describe_end(child.exitcode)}")
            if isinstance(message, JobResult):
                child.join(timeout=LAST_WORDS_S)
                return message
            on_event(job, message)
        return JobResult(job=job, error=f"its process was silent for {self.silence_s:.0f} s and was killed")


EXECUTORS: Final[Mapping[str, Callable[[], Executor]]] = {
    "process": ProcessExecutor,
    "inline": InlineExecutor,
}


def choose_executor(name: str) -> Executor:
    """Return a named executor.

    Raises:
        UsageError: no executor has the name, or child processes are needed, but the calling script has no guard or
            is not a file.
    """
    # a child that is starting imports its parent's script; without a guard, this would start children of its own
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError(f"each child process runs this script from the top; {GUARD}")
    executor = choose(name, EXECUTORS, "executor")()
    if isinstance(executor, ProcessExecutor) and (script := find_lost_script()) is not None:
        raise UsageError(
            f"{script}: each child process must import this script, but it is not a file; {FILE}"
        )
    return executor


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for child processes. Variables that the user has set stay."""
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _do_job(job: Job, report: Callable[[Event], None]) -> JobResult:
    """Call a job's task. Any exception becomes the result's error."""
    try:
        return JobResult(job=job, summary=resolve(job.task)(job.settings, report))
    except LvzooError as error:
        return JobResult(job=job, error=str(error), traceback=traceback.format_exc())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; it is recorded
        return JobResult(job=job, error=explain_exception(error), traceback=traceback.format_exc())


def _run_child(job: Job, theirs: Connection) -> None:
    """Do a job in the child, and send its events and its result to the parent."""
    show_warnings_as_lines()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends the child
    with suppress(BrokenPipeError):  # the parent has ended
        theirs.send(_do_job(job, theirs.send))
    theirs.close()


def _end_child(child: SpawnProcess) -> None:
    """End a child that still runs: first by SIGTERM, then by SIGKILL."""
    if child.is_alive():
        child.terminate()
        child.join(timeout=5)
    if child.is_alive():
        child.kill()
    child.join()


def _describe_end(exitcode: int | None) -> str:
    """Return how a child ended that sent no result."""
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"was killed by {name}{hint}"
    hint = f" (in a script, {GUARD})" if exitcode == 1 else ""
    return f"ended with exit code {exitcode} before its work was done{hint}"
