"""Small jobs for tests of executors, and how they are run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lvzoo.interfaces import Executor
from lvzoo.types import Event, Job, JobResult

TASKS = r'''
import os, signal, sys, threading, time, warnings
from pathlib import Path
from lvzoo.errors import DataError
from lvzoo.types import Event

PATIENCE_S = 60

def doubles(number, report):
    report(Event(step="half", done=1, total=2))
    return {"doubled": 2 * number}

def counts(number, report):
    for done in range(1, number + 1):
        report(Event(step="counting", done=done, total=number))
    return {}

def is_wrong(_settings, report):
    raise DataError("clip.avi: no such file; check --data")

def breaks(number, report):
    raise RuntimeError(f"no luck with {number}")

def leaves(_settings, report):
    sys.exit(7)

def is_killed(_settings, report):
    os.kill(os.getpid(), signal.SIGKILL)

def vanishes(_settings, report):
    os._exit(3)

def hangs(_settings, report):
    time.sleep(PATIENCE_S)

def warns(_settings, report):
    warnings.warn("this\nis old")
    return {}

def lingers(number, report):
    threading.Thread(target=time.sleep, args=(PATIENCE_S,)).start()
    return {"doubled": 2 * number}

def ticks(folder, report):
    """Write a line into a file again and again until there is a file called stop."""
    for number in range(20 * PATIENCE_S):
        if (Path(folder) / "stop").exists():
            return {}
        with (Path(folder) / f"ticks-{os.getpid()}").open("a") as file:
            file.write(f"{number}\n")
        report(Event(step="ticking", done=number, total=20 * PATIENCE_S))
        time.sleep(0.05)
    raise RuntimeError("nothing has stopped it")

def meets(places, report):
    """Come to a place, and wait until somebody is at the other one."""
    own, other = map(Path, places)
    own.touch()
    for _ in range(20 * PATIENCE_S):
        if other.exists():
            return {}
        time.sleep(0.05)
    raise RuntimeError("nobody came")

def is_alone(folder, report):
    """Fail if another job is in the folder at the same time."""
    busy = Path(folder) / "busy"
    busy.touch(exist_ok=False)
    time.sleep(0.2)
    busy.unlink()
    return {}

def takes_memory(settings, report):
    """Fill memory, and do `is_alone` or `meets`."""
    task, argument, size = settings
    block = bytearray(os.urandom(1024)) * (size // 1024)
    return globals()[task](argument, report)

def shows(names, report):
    return {name: os.environ.get(name) for name in names}

def is_cut_short(_settings, report):
    """Die in the middle of a message to the parent."""
    os.write(report.__self__.fileno(), b"\x00\x00\x10\x00half of a message")
    os.kill(os.getpid(), signal.SIGKILL)

def leaves_a_child(folder, report):
    """Die while a process that was forked from this one still holds the pipe open."""
    if child := os.fork():
        (Path(folder) / "child").write_text(str(child))
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(PATIENCE_S)
    os._exit(0)
'''


@dataclass(kw_only=True)
class Ran:
    """What came of some jobs."""

    results: list[JobResult] = field(default_factory=list)
    events: list[tuple[str, Event]] = field(default_factory=list)

    @property
    def errors(self) -> dict[str, str | None]:
        return {result.job.name: result.error for result in self.results}

    @property
    def summaries(self) -> dict[str, dict[str, Any]]:
        return {result.job.name: dict(result.summary) for result in self.results}


def make_jobs(*tasks: str | tuple[str, Any]) -> list[Job]:
    """Return a job for each task, alone or with its settings; a job is named after its task and its number."""
    jobs = []
    for number, task in enumerate(tasks):
        name, settings = task if isinstance(task, tuple) else (task, number)
        jobs.append(Job(name=f"{name}-{number}", task=f"toy_tasks:{name}", settings=settings))
    return jobs


def run(
    executor: Executor,
    *tasks: str | tuple[str, Any],
    on_result: Callable[[JobResult], None] = lambda _result: None,
) -> Ran:
    """Run tasks to their end. `on_result` is called as soon as there is a result."""
    ran = Ran()
    for result in executor.run(
        make_jobs(*tasks), on_event=lambda job, event: ran.events.append((job.name, event))
    ):
        ran.results.append(result)
        on_result(result)
    return ran


def read_ticks(folder: Path) -> int:
    """Return how much all jobs of the task `ticks` have written into a folder."""
    return sum(path.stat().st_size for path in folder.glob("ticks-*"))
