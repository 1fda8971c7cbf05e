"""Child processes run beside each other, and none stays behind, whatever happens to them or to their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lvzoo.executors import ProcessExecutor
from lvzoo.types import Event, Job, JobResult
from tests.executors.toy_jobs import make_jobs, read_ticks, run

PARENT = """
import sys
from lvzoo.executors import ProcessExecutor
from lvzoo.types import Job
if __name__ == "__main__":
    jobs = [Job(name=f"job-{number}", task="toy_tasks:TASK", settings=SETTINGS) for number in range(2)]
    try:
        for result in ProcessExecutor(jobs=2).run(jobs, on_event=lambda job, event: None):
            print(result.error, file=sys.stderr)
    except KeyboardInterrupt:
        sys.exit(130)
"""
SLOW_TO_IMPORT = """
import os, time
from pathlib import Path
Path(__file__).with_name(f"importing-{os.getpid()}").touch()
time.sleep(2)
class Settings(tuple):
    pass
"""


def wait_until(is_so: Callable[[], object], timeout_s: float = 60) -> None:
    until_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < until_s, "it never came to that"
        time.sleep(0.05)


# --- Beside each other ----------------------------------------------------------------------------------------


def test_jobs_run_at_the_same_time(tmp_path: Path) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    ran = run(ProcessExecutor(jobs=2), ("meets", (here, there)), ("meets", (there, here)))
    assert set(ran.errors.values()) == {None}


def test_one_job_at_a_time_is_never_beside_another(tmp_path: Path) -> None:
    ran = run(ProcessExecutor(jobs=1), *[("is_alone", str(tmp_path))] * 3)
    assert ran.errors == {f"is_alone-{number}": None for number in range(3)}


def test_the_next_job_starts_when_one_of_several_ends(tmp_path: Path) -> None:
    def stop_when_others_are_done(result: JobResult) -> None:
        if result.job.name == "doubles-3":
            (tmp_path / "stop").touch()

    ran = run(
        ProcessExecutor(jobs=2),
        *(("ticks", str(tmp_path)), "doubles", "doubles", "doubles"),
        on_result=stop_when_others_are_done,
    )
    assert list(ran.errors.values()) == [None] * 4
    assert next(reversed(ran.errors)) == "ticks-0", "the first job ended last"


def test_the_environment_is_the_childs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS"]
    ran = run(ProcessExecutor(jobs=2), ("shows", names))
    assert ran.summaries["shows-0"] == dict.fromkeys(names, "1")
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


# --- How a child ends -----------------------------------------------------------------------------------------


def test_a_process_that_dies_is_told_from_one_that_fails() -> None:
    ran = run(ProcessExecutor(jobs=2), "is_killed", "vanishes", "is_cut_short", "doubles")
    killed = "its process was killed by SIGKILL (out of memory?)"
    assert ran.errors == {
        "is_killed-0": killed,
        "vanishes-1": "its process ended with exit code 3 before its work was done",
        "is_cut_short-2": killed,
        "doubles-3": None,
    }


def test_a_dead_process_is_noticed_although_its_own_child_lives(tmp_path: Path) -> None:
    started_s = time.monotonic()
    ran = run(ProcessExecutor(jobs=2), ("leaves_a_child", str(tmp_path)))
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)
    assert ran.errors == {"leaves_a_child-0": "its process was killed by SIGKILL (out of memory?)"}
    assert time.monotonic() - started_s < 50


def test_a_process_that_hangs_is_killed_while_others_report(tmp_path: Path) -> None:
    ran = run(
        ProcessExecutor(jobs=2, silence_s=8.5),
        *("hangs", ("ticks", str(tmp_path)), "doubles"),
        on_result=lambda _result: (tmp_path / "stop").touch(),
    )
    assert next(iter(ran.errors)) == "hangs-0"
    assert ran.errors == {
        "hangs-0": "its process was silent for 8 s and was killed",
        "ticks-1": None,
        "doubles-2": None,
    }


def test_a_process_that_does_not_end_after_its_work_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvzoo.executors.process.LAST_WORDS_S", 0.5)
    started_s = time.monotonic()
    ran = run(ProcessExecutor(jobs=2), "lingers", "lingers", "lingers")
    assert [ran.summaries[f"lingers-{number}"]["doubled"] for number in range(3)] == [0, 2, 4]
    assert time.monotonic() - started_s < 50


def test_a_warning_in_a_child_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    run(ProcessExecutor(), "warns")
    assert capfd.readouterr().err == "UserWarning: this is old\n"


# --- Nothing stays behind -------------------------------------------------------------------------------------


def test_no_process_and_no_pipe_stays(tmp_path: Path) -> None:
    run(ProcessExecutor(jobs=1), "doubles")  # starts multiprocessing's own helper, which stays
    me = psutil.Process()
    before = me.num_fds(), {child.pid for child in me.children(recursive=True)}
    run(ProcessExecutor(jobs=2), "doubles", "is_killed", "breaks")

    def stop(_job: Job, event: Event) -> None:
        if event.done == 3:
            raise RuntimeError("a listener's fault")

    jobs = make_jobs(("ticks", str(tmp_path)), ("ticks", str(tmp_path)))
    with pytest.raises(RuntimeError, match="a listener's fault"):
        list(ProcessExecutor(jobs=2).run(jobs, on_event=stop))
    assert (me.num_fds(), {child.pid for child in me.children(recursive=True)}) == before


def start_parent(folder: Path, *, task: str, settings: str) -> subprocess.Popen[str]:
    """Start a program that runs two jobs, in a process group of its own."""
    (folder / "parent.py").write_text(PARENT.replace("TASK", task).replace("SETTINGS", settings))
    return subprocess.Popen(
        [sys.executable, str(folder / "parent.py")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "modules"), *sys.path])},
    )


def test_children_end_soon_after_their_parent_was_killed(tmp_path: Path) -> None:
    with start_parent(tmp_path, task="ticks", settings=repr(str(tmp_path))) as parent:
        wait_until(lambda: len(list(tmp_path.glob("ticks-*"))) == 2)
        children = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
        _, gone = parent.communicate(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    assert gone == "", "they have nothing to say to the terminal"
    written = read_ticks(tmp_path)
    time.sleep(0.3)
    assert read_ticks(tmp_path) == written


def test_ctrl_c_does_not_reach_children_that_still_import(tmp_path: Path) -> None:
    (tmp_path / "modules/slow_settings.py").write_text(SLOW_TO_IMPORT)
    with start_parent(tmp_path, task="shows", settings="__import__('slow_settings').Settings()") as parent:
        wait_until(
            lambda: len(list(tmp_path.glob("modules/importing-*"))) == 3
        )  # the parent and two children
        for path in tmp_path.glob("modules/importing-*"):
            if (number := int(path.name.partition("-")[2])) != parent.pid:
                os.kill(number, signal.SIGINT)
        _, said = parent.communicate(timeout=60)
    assert said == "None\nNone\n", "both have done their jobs"
    assert parent.returncode == 0
