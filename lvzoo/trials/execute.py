"""How jobs run: in child processes, so that a crash costs one job alone, or here, for debugging."""

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

from lvzoo.errors import LvzooError, UsageError, did_you_mean
from lvzoo.interfaces import Executor
from lvzoo.plugins import resolve
from lvzoo.types import Event, Job, JobResult

OnEvent = Callable[[Job, Event], None]
GUARD: Final = 'call lvzoo.bench under `if __name__ == "__main__":`, or with executor="inline"'
LONGEST_SILENCE_S: Final = 3600.0
CHILD_ENVIRONMENT: Final = {"GOMP_SPINCOUNT": "1000"}
"""Threads that wait for one another give way soon: where others use the processor too, waiting busily would slow
training many times over, and on an idle one it gains next to nothing."""
LAST_WORDS_S: Final = 5.0
"""How long a child that has brought its result may take to end."""


class InlineExecutor:
    """Runs jobs one after the other in this process: for tests and debugging."""

    def run(self, jobs: Sequence[Job], *, on_event: OnEvent) -> Iterator[JobResult]:
        """Yield each job's result; an exception becomes the result's error."""
        for job in jobs:
            yield _perform(job, lambda event, job=job: on_event(job, event))  # type: ignore[misc] # mypy 6232


class ProcessExecutor:
    """Runs each job in a spawned child of its own: a crash, a leak or a hang costs that job alone.

    A child that reports nothing for `silence_s` seconds is taken to hang and is killed.
    """

    def __init__(self, *, silence_s: float = LONGEST_SILENCE_S) -> None:
        self.silence_s = silence_s
        self.context = multiprocessing.get_context("spawn")

    def run(self, jobs: Sequence[Job], *, on_event: OnEvent) -> Iterator[JobResult]:
        """Yield each job's result as it ends; on an interruption the child is ended too."""
        for job in jobs:
            ours, theirs = self.context.Pipe(duplex=False)
            child = self.context.Process(target=_child, args=(job, theirs), name=job.name, daemon=False)
            with _environment(CHILD_ENVIRONMENT):
                child.start()
            theirs.close()
            try:
                yield self._listen(job, child, ours, on_event)
            finally:
                _end(child)
                ours.close()

    def _listen(self, job: Job, child: SpawnProcess, ours: Connection, on_event: OnEvent) -> JobResult:
        """Pass on what the child reports until it brings its result or is no more."""
        while ours.poll(self.silence_s):
            try:
                message: Event | JobResult = ours.recv()
            except EOFError:
                child.join(timeout=LAST_WORDS_S)
                return JobResult(job=job, error=f"its process {_how_it_ended(child.exitcode)}")
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
        UsageError: no such name.
    """
    if name not in EXECUTORS:
        raise UsageError(
            f"executor '{name}' is unknown; use one of {', '.join(EXECUTORS)}{did_you_mean(name, EXECUTORS)}"
        )
    return EXECUTORS[name]()


def refuse_unguarded_script() -> None:
    """Refuse to go on in a child that is only about to start: it runs its parent's script from the top.

    Raises:
        UsageError: the script calls lvzoo without a guard.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError(f"each child process runs this script from the top; {GUARD}")


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set variables for what is started meanwhile; those that the user has set stay."""
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _perform(job: Job, report: Callable[[Event], None]) -> JobResult:
    """Call a job's task; whatever it raises becomes the result's error."""
    try:
        return JobResult(job=job, summary=resolve(job.task)(job.settings, report))
    except LvzooError as error:
        return JobResult(job=job, error=str(error), traceback=traceback.format_exc())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; all of it is recorded
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return JobResult(job=job, error=line, traceback=traceback.format_exc())


def _child(job: Job, theirs: Connection) -> None:
    """Live in the child: Ctrl-C is the parent's to handle, the parent ends us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError):  # the parent is no more: nobody is left to tell
        theirs.send(_perform(job, theirs.send))
    theirs.close()


def _end(child: SpawnProcess) -> None:
    """Make sure that a child is no more."""
    if child.is_alive():
        child.terminate()
        child.join(timeout=5)
    if child.is_alive():
        child.kill()
    child.join()


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"was killed by {name}{hint}"
    hint = f" (in a script, {GUARD})" if exitcode == 1 else ""
    return f"ended with exit code {exitcode} before its work was done{hint}"
