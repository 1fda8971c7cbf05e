"""A job that fails, dies or hangs does not affect the others."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lvzoo.errors import UsageError
from lvzoo.interfaces import Executor
from lvzoo.trials.execute import ProcessExecutor, choose_executor
from lvzoo.types import Event, Job, JobResult

TASKS = """
import os, signal, sys, threading, time, warnings
from lvzoo.errors import DataError
from lvzoo.types import Event

def work(settings, report):
    report(Event(step="half", done=1, total=2))
    return {"doubled": 2 * settings}

def wrong(settings, report):
    raise DataError("clip.avi: no such file; check --data")

def broken(settings, report):
    raise RuntimeError(f"no luck with {settings}")

def leaves(settings, report):
    sys.exit(7)

def killed(settings, report):
    os.kill(os.getpid(), signal.SIGKILL)

def vanishes(settings, report):
    os._exit(3)

def hangs(settings, report):
    time.sleep(60)

def warns(settings, report):
    warnings.warn("this\\nis old")
    return {}

def lingers(settings, report):
    threading.Thread(target=time.sleep, args=(60,)).start()
    return {"doubled": 2 * settings}
"""


@pytest.fixture(autouse=True)
def _tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)


def run(executor: Executor, *tasks: str) -> tuple[list[JobResult], list[tuple[str, Event]]]:
    events: list[tuple[str, Event]] = []
    jobs = [
        Job(name=f"{task}-{index}", task=f"toy_tasks:{task}", settings=index)
        for index, task in enumerate(tasks)
    ]
    results = list(executor.run(jobs, on_event=lambda job, event: events.append((job.name, event))))
    return results, events


@pytest.fixture(params=["inline", "process"])
def executor(request: pytest.FixtureRequest) -> Executor:
    return choose_executor(request.param)


def test_the_others_go_on_after_an_error(executor: Executor) -> None:
    results, events = run(executor, "work", "broken", "wrong", "leaves", "work")
    assert [result.summary.get("doubled") for result in results] == [0, None, None, None, 8]
    assert [result.error for result in results] == [
        None,
        "RuntimeError: no luck with 1",
        "clip.avi: no such file; check --data",
        "SystemExit: 7",
        None,
    ]
    assert "no luck with 1" in (results[1].traceback or "")
    assert "in broken" in (results[1].traceback or "")
    assert [name for name, _ in events] == ["work-0", "work-4"]
    assert events[0][1] == Event(step="half", done=1, total=2)


def test_a_process_that_dies_is_told_from_one_that_fails() -> None:
    results, _ = run(ProcessExecutor(), "killed", "vanishes", "work")
    assert results[0].error == "its process was killed by SIGKILL (out of memory?)"
    assert results[1].error == "its process ended with exit code 3 before its work was done"
    assert results[2].summary == {"doubled": 4}


def test_a_warning_in_a_child_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    run(ProcessExecutor(), "warns")
    assert capfd.readouterr().err == "UserWarning: this is old\n"


def test_a_process_that_hangs_is_killed() -> None:
    results, _ = run(ProcessExecutor(silence_s=2.5), "hangs", "work")
    assert results[0].error == "its process was silent for 2 s and was killed"
    assert results[1].error is None


def test_a_process_that_does_not_end_after_its_work_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvzoo.trials.execute.LAST_WORDS_S", 0.5)
    started = time.monotonic()
    results, _ = run(ProcessExecutor(), "lingers", "lingers")
    assert [result.summary for result in results] == [{"doubled": 0}, {"doubled": 2}]
    assert time.monotonic() - started < 30


def test_an_interruption_ends_the_child_and_leaves_no_process() -> None:
    class Interrupt(KeyboardInterrupt):
        pass

    def stop(_job: Job, _event: Event) -> None:
        raise Interrupt

    executor = ProcessExecutor()
    jobs = [Job(name="work", task="toy_tasks:work", settings=1)]
    with pytest.raises(Interrupt):
        list(executor.run(jobs, on_event=stop))
    import multiprocessing

    assert not multiprocessing.active_children()


def test_an_unknown_executor_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown executor 'proces'.*did you mean 'process'"):
        choose_executor("proces")
