"""Runs jobs in child processes beside each other, so that a crash, a leak or a hang ends only one job."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Final

from lvzoo.executors.memory import MemoryWatch
from lvzoo.executors.slots import Slot, describe_slots, plan_slots
from lvzoo.executors.task import CHILD_ENVIRONMENT, LONGEST_SILENCE_S, OnEvent, do_job, set_environment
from lvzoo.processes import GUARD, show_warnings_as_lines
from lvzoo.types import Event, Job, JobResult

LAST_WORDS_S: Final = 5.0
"""How long a child may take to end after it has sent its result or has been told to end."""
LOOK_S: Final = 1.0
"""How often the children's memory and silence are looked at."""


@dataclass(kw_only=True)
class _Child:
    """A job that runs in a child process."""

    job: Job
    slot: Slot
    process: SpawnProcess
    pipe: Connection
    heard_s: float = field(default_factory=time.monotonic)
    """When it last reported something."""


class ProcessExecutor:
    """Runs each job in its own spawned child, and as many children beside each other as there are slots.

    Unless `jobs` is given, another child starts only if the memory is enough for it: see `MemoryWatch`. A child that
    reports nothing for `silence_s` seconds counts as hanging and is killed.

    Args:
        jobs: how many jobs run at once; None: as many as processors, GPUs and memory allow.
        per_gpu: how many jobs share a GPU.
        threads: how many threads each job has on the CPU.
        device: what the jobs compute on; "auto" and "cuda" spread them over all GPUs.
        silence_s: the longest silence of a child.
    """

    def __init__(
        self,
        *,
        jobs: int | None = None,
        per_gpu: int = 1,
        threads: int = 1,
        device: str = "cpu",
        silence_s: float = LONGEST_SILENCE_S,
    ) -> None:
        self.plan = plan_slots(jobs=jobs, per_gpu=per_gpu, threads=threads, device=device)
        self.threads = threads
        self.asked = jobs is not None
        self.silence_s = silence_s
        self.context = multiprocessing.get_context("spawn")

    def describe(self, jobs: int) -> str:
        """Return how many of so many jobs run at once, with how many threads, and why."""
        return describe_slots(self.plan, jobs=jobs, threads=self.threads)

    def run(self, jobs: Sequence[Job], *, on_event: OnEvent) -> Iterator[JobResult]:
        """Yield each job's result when it ends. All children end with this iterator, whatever ends it."""
        waiting, free, running = deque(jobs), deque(self.plan.slots), list[_Child]()
        memory = MemoryWatch()
        try:
            while waiting or running:
                memory.measure([child.process.pid for child in running])
                while waiting and free and (self.asked or memory.is_enough_for(len(running) + 1)):
                    running.append(self._start(waiting.popleft(), free.popleft()))
                for child, result in self._listen(running, on_event):
                    _end(child, patience_s=LAST_WORDS_S)
                    running.remove(child)
                    free.append(child.slot)
                    if result.error is None:
                        memory.trust()
                    yield result
        finally:
            for child in running:
                child.process.terminate()  # all at once, so that they end beside each other
            for child in running:
                _end(child)

    def _start(self, job: Job, slot: Slot) -> _Child:
        """Start a job in a child process."""
        ours, theirs = self.context.Pipe(duplex=False)
        process = self.context.Process(target=_run_child, args=(job, theirs), name=job.name, daemon=False)
        with set_environment({**CHILD_ENVIRONMENT, **slot}), _no_interrupts():
            process.start()
        theirs.close()
        return _Child(job=job, slot=slot, process=process, pipe=ours)

    def _listen(self, running: Sequence[_Child], on_event: OnEvent) -> list[tuple[_Child, JobResult]]:
        """Pass on events for LOOK_S, or until a child ends. Return the children that have ended, with results."""
        until_s = time.monotonic() + LOOK_S
        while (left_s := until_s - time.monotonic()) > 0:
            ready = wait([child.pipe for child in running], left_s)
            heard = [(child, _receive(child, on_event)) for child in running if child.pipe in ready]
            if ended := [(child, result) for child, result in heard if result is not None]:
                return ended
        checked = [(child, self._check(child)) for child in running]
        return [(child, result) for child, result in checked if result is not None]

    def _check(self, child: _Child) -> JobResult | None:
        """Return the result of a child that has sent none but has ended or hangs; a hanging child is killed."""
        # Processes that a child started can hold its pipe open after its death, so the end of the pipe is not enough.
        # Ask before looking into the pipe: what a dead child has sent is in there by then.
        alive = child.process.is_alive()
        if child.pipe.poll():
            return None
        if not alive:
            return _explain_end(child)
        if time.monotonic() - child.heard_s < self.silence_s:
            return None
        child.process.kill()
        return JobResult(
            job=child.job, error=f"its process was silent for {self.silence_s:.0f} s and was killed"
        )


def _receive(child: _Child, on_event: OnEvent) -> JobResult | None:
    """Receive one message of a child. Pass on an event; return a result, also that of a child that has just died."""
    child.heard_s = time.monotonic()
    try:
        message: Event | JobResult = child.pipe.recv()
    except (EOFError, OSError):  # OSError: in the middle of a message
        return _explain_end(child)
    if isinstance(message, JobResult):
        return message
    on_event(child.job, message)
    return None


def _explain_end(child: _Child) -> JobResult:
    """Return the result of a child that ended without sending one."""
    child.process.join(timeout=LAST_WORDS_S)
    exitcode = child.process.exitcode
    if exitcode is None:
        end = "has closed its connection to lvzoo, and was ended"
    elif exitcode < 0:
        name = signal.Signals(-exitcode).name
        end = f"was killed by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}"
    else:
        hint = f" (in a script, {GUARD})" if exitcode == 1 else ""
        end = f"ended with exit code {exitcode} before its work was done{hint}"
    return JobResult(job=child.job, error=f"its process {end}")


def _end(child: _Child, *, patience_s: float = 0) -> None:
    """Wait until a child ends by itself; after `patience_s` end it by SIGTERM, and if need be by SIGKILL."""
    process = child.process
    process.join(timeout=patience_s)
    if process.is_alive():
        process.terminate()
        process.join(timeout=LAST_WORDS_S)
    if process.is_alive():
        process.kill()
    process.join()
    child.pipe.close()


# --- In the child, and how it starts --------------------------------------------------------------------------


def _run_child(job: Job, theirs: Connection) -> None:
    """Do a job in the child, and send its events and its result to the parent."""
    show_warnings_as_lines()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends the child
    with suppress(BrokenPipeError):  # the parent has ended
        theirs.send(do_job(job, theirs.send))
    theirs.close()


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Let Ctrl-C wait while a child starts. The child inherits this, so Ctrl-C never reaches it while it imports."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it starts with the first child otherwise, and lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
