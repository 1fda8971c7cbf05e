"""What is true of every executor: a job that fails, dies or hangs does not affect the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from lvzoo.errors import UsageError
from lvzoo.executors import InlineExecutor, ProcessExecutor, choose_executor
from lvzoo.executors.ray import RayExecutor
from lvzoo.interfaces import Executor
from lvzoo.types import Event, Job, JobResult
from tests.executors.toy_jobs import make_jobs, read_ticks, run

EXECUTORS: Final[Mapping[str, Callable[[], Executor]]] = {
    "inline": InlineExecutor,
    "process": lambda: ProcessExecutor(jobs=2),
    "ray": lambda: RayExecutor(jobs=2),
}
ON_RAY: Final = pytest.param(
    "ray",
    marks=[
        pytest.mark.slow,
        pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed; pip install 'lvzoo[ray]'"),
    ],
)
SEPARATE: Final = ["process", ON_RAY]
"""The executors that run jobs in processes of their own."""


@pytest.fixture(params=["inline", "process", ON_RAY])
def executor(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param]()


@pytest.fixture(params=SEPARATE)
def separate(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param]()


class Interrupt(KeyboardInterrupt):
    pass


def test_the_others_go_on_after_an_error(executor: Executor) -> None:
    ran = run(executor, "doubles", "breaks", "is_wrong", "leaves", "doubles")
    assert ran.errors == {
        "doubles-0": None,
        "breaks-1": "RuntimeError: no luck with 1",
        "is_wrong-2": "clip.avi: no such file; check --data",
        "leaves-3": "SystemExit: 7",
        "doubles-4": None,
    }
    assert (ran.summaries["doubles-0"], ran.summaries["doubles-4"]) == ({"doubled": 0}, {"doubled": 8})
    traceback = next(result.traceback for result in ran.results if result.job.name == "breaks-1")
    assert "no luck with 1" in (traceback or "")
    assert "in breaks" in (traceback or "")
    half = Event(step="half", done=1, total=2)
    assert sorted(ran.events, key=lambda pair: pair[0]) == [("doubles-0", half), ("doubles-4", half)]


def test_the_events_of_a_job_come_in_order_and_before_its_result(executor: Executor) -> None:
    told: list[tuple[str, int | None]] = []

    def tell(job: Job, event: Event | None) -> None:
        told.append((job.name, None if event is None else event.done))

    for result in executor.run(make_jobs(*[("counts", 20)] * 3), on_event=tell):
        tell(result.job, None)
    for name in ("counts-0", "counts-1", "counts-2"):
        assert [done for teller, done in told if teller == name] == [*range(1, 21), None]


def test_no_job_is_no_result(executor: Executor) -> None:
    assert run(executor).results == []


def test_the_others_go_on_after_a_process_died(separate: Executor) -> None:
    ran = run(separate, "is_killed", "vanishes", "doubles")
    assert ran.summaries["doubles-2"] == {"doubled": 4}
    assert ran.errors["doubles-2"] is None
    assert ran.errors["is_killed-0"]
    assert ran.errors["vanishes-1"]


def test_an_interruption_ends_every_job(executor: Executor, tmp_path: Path) -> None:
    def stop(_job: Job, event: Event) -> None:
        if event.done == 3:
            raise Interrupt

    with pytest.raises(Interrupt):
        list(executor.run(make_jobs(("ticks", tmp_path), ("ticks", tmp_path)), on_event=stop))
    assert_nothing_ticks(tmp_path)


def test_jobs_end_when_nobody_wants_more_results(executor: Executor, tmp_path: Path) -> None:
    results = executor.run(make_jobs("doubles", ("ticks", tmp_path)), on_event=lambda _job, _event: None)
    first = next(iter(results))
    assert first.summary == {"doubled": 0}
    results.close()  # type: ignore[attr-defined] # every executor's run is a generator
    assert_nothing_ticks(tmp_path)


def test_it_says_how_many_jobs_run_at_once(executor: Executor) -> None:
    assert executor.describe(1).startswith("1 trial")
    assert "at" in executor.describe(5)


def test_results_are_of_the_jobs_that_were_given(executor: Executor) -> None:
    jobs = make_jobs("doubles", "breaks")
    results: list[JobResult] = list(executor.run(jobs, on_event=lambda _job, _event: None))
    assert sorted((result.job for result in results), key=lambda job: job.name) == [jobs[1], jobs[0]]


def test_an_unknown_executor_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown executor 'proces'.*did you mean 'process'"):
        choose_executor("proces")


@pytest.mark.parametrize("name", EXECUTORS)
def test_numbers_below_one_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="jobs is 0; it must be at least 1"):
        choose_executor(name, jobs=0)
    with pytest.raises(UsageError, match="per_gpu is -1; it must be at least 1"):
        choose_executor(name, per_gpu=-1)
    with pytest.raises(UsageError, match="threads is 0; it must be at least 1"):
        choose_executor(name, threads=0)


def assert_nothing_ticks(folder: Path) -> None:
    written = read_ticks(folder)
    time.sleep(0.5)
    assert read_ticks(folder) == written
