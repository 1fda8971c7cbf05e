"""Trials run on a Ray cluster of two nodes, which are processes of this machine, each with a cache of its own."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

import lvzoo
from lvzoo.errors import DataError, UsageError
from lvzoo.executors.ray import RayExecutor
from lvzoo.executors.ray_versions import describe_code
from lvzoo.locks import LOCK, Lock
from lvzoo.types import Event, Job
from lvzoo.workflows.compare import Comparison
from tests.executors.toy_jobs import TASKS
from tests.made_plugins import declare, network

pytest.importorskip("ray", reason="ray is not installed; pip install 'lvzoo[ray]'")
from ray.cluster_utils import Cluster

pytestmark = pytest.mark.slow
SMALL: dict[str, Any] = {
    "preset": "smoke",
    "corruptions": ("blur",),
    "severities": (1,),
    "resamples": 200,
    "frames": False,
}
MOVES = '''
import dataclasses, os, signal, time
from pathlib import Path
from lvzoo.errors import DataError
from lvzoo.types import Event

@dataclasses.dataclass(frozen=True)
class Moves:
    """Settings that can move to another machine."""
    output: Path
    inputs: tuple = ()
    packages: tuple = ("moving_tasks",)
    lacks: str = ""
    differs: str = ""
    @property
    def status(self):
        return self.output / "status.json"
    def relocate(self, *, output, inputs):
        return dataclasses.replace(self, output=output, inputs=tuple(inputs))
    def check_data(self):
        if self.lacks:
            raise DataError(self.lacks)
    def find_data(self, report):
        if self.differs:
            raise DataError(self.differs)
        return self

def adds(settings, report):
    """Write one more line into the files of the output."""
    (settings.output / "sub").mkdir(exist_ok=True)
    for name in ("lines.txt", "sub/lines.txt", "status.json"):
        with (settings.output / name).open("a") as file:
            file.write("line\\n")
    (settings.output / "old.txt").unlink(missing_ok=True)
    return {"place": str(settings.output), "read": [path.read_text() for path in settings.inputs]}

def dies_with_files(settings, report):
    (settings.output / "lines.txt").write_text("half")
    report(Event(step="ticking", done=1, total=2))
    os.kill(os.getpid(), signal.SIGKILL)

def waits_with_files(settings, report):
    (settings.output / "lines.txt").write_text("half")
    report(Event(step="ticking", done=1, total=2))
    time.sleep(60)
'''
"""A module of jobs whose settings can move. They need no torch."""

DIES = network("Dies", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


class Machines:
    """Two nodes with one CPU each, which keep their files in a place of their own. This process is on the first."""

    def __init__(self, place: Path) -> None:
        self.cache, self.temporary = place / "cache", place / "tmp"
        self.cluster = Cluster()
        self.nodes = [self.add_node(include_dashboard=False), self.add_node()]
        self.address = str(self.cluster.address)

    def add_node(self, **more: object) -> object:
        """Start a node in an environment of its own."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LVZOO_CACHE", str(self.cache))
            patch.setenv("TMPDIR", str(self.temporary))
            patch.setenv("RAY_TMPDIR", "/tmp")  # noqa: S108 - the paths of Ray's sockets must be short
            patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
            return self.cluster.add_node(num_cpus=1, object_store_memory=100_000_000, **more)

    def replace_second(self) -> None:
        """Take the second node away, as if its power had failed, and start another one."""
        self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)
        self.nodes.append(self.add_node())

    def left_files(self) -> list[Path]:
        """Return what jobs have left in the nodes' folder for temporary files."""
        return sorted(self.temporary.glob("lvzoo-*"))


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    place = tmp_path_factory.mktemp("nodes")
    for name in ("site", "cache", "tmp"):
        (place / name).mkdir()
    (place / "site/toy_tasks.py").write_text(TASKS)
    (place / "site/moving_tasks.py").write_text(MOVES)
    _write_plugin(place / "site", "dying_dist", declare("dies", package="dying_dist"), DIES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(place / "site"), prepend=os.pathsep)
        patch.syspath_prepend(place / "site")
        machines = Machines(place)
        yield machines
        machines.cluster.shutdown()


def _write_plugin(site: Path, module: str, code: str, models: str) -> None:
    """Write a plugin as `install_plugin` does, for a folder that all tests of this file share."""
    texts = {
        f"{module}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n",
        f"{module}-1.0.dist-info/entry_points.txt": f"[lvzoo]\n{module} = {module}\n",
        f"{module}/__init__.py": code,
        f"{module}/model.py": models,
    }
    for name, text in texts.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text)


def settings(output: Path, **more: object) -> object:
    import moving_tasks  # type: ignore[import-not-found] # it is written by a fixture

    output.mkdir(parents=True, exist_ok=True)
    return moving_tasks.Moves(output=output, **more)


def moving(task: str, *several: object) -> list[Job]:
    return [
        Job(name=f"{task}-{number}", task=f"moving_tasks:{task}", settings=each)
        for number, each in enumerate(several)
    ]


def ignore(_job: Job, _event: Event) -> None:
    pass


# --- Before anything is submitted -------------------------------------------------------------------------------


def test_what_no_node_can_hold_is_told_in_a_second(machines: Machines, tmp_path: Path) -> None:
    started_s = time.monotonic()
    with pytest.raises(
        UsageError,
        match=r"a trial asks for 2 CPUs, 0 GPUs and 1.5 GB of memory on one node, but the largest node \(.*\) has "
        r"1 CPU, 0 GPUs and \d+\.\d GB of memory; use fewer --threads",
    ):
        lvzoo.bench(executor="ray", address=machines.address, threads=2, out=tmp_path / "run", **SMALL)
    assert time.monotonic() - started_s < 20
    assert not (tmp_path / "run").exists()


def test_a_ray_that_is_started_here_has_no_more_than_this_machine(tmp_path: Path) -> None:
    started_s = time.monotonic()
    with pytest.raises(
        UsageError, match=r"asks for 5000 CPUs.*the largest node \(this machine\) has \d+ CPU"
    ):
        lvzoo.bench(executor="ray", threads=5000, out=tmp_path / "run", **SMALL)
    assert time.monotonic() - started_s < 20


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", r"127.0.0.1:1: no Ray answers there \(.*\); start one with `ray start --head`"),
        ("ray://127.0.0.1:1", "is no HOST:PORT"),
        ("127.0.0.1", "is no HOST:PORT"),
    ],
)
def test_an_address_without_a_cluster_is_told_in_a_second(address: str, message: str) -> None:
    started_s = time.monotonic()
    with pytest.raises(UsageError, match=message):
        RayExecutor(address=address)
    assert time.monotonic() - started_s < 20


def test_other_versions_on_a_node_are_told_before_a_training(
    machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = describe_code(["moving_tasks"])
    assert set(here) == {"lvzoo", "moving_tasks", "torch", "numpy", "opencv"}
    mine = {**here, "torch": "9.9", "moving_tasks": "1.0 (code 12345678)"}
    monkeypatch.setattr("lvzoo.executors.ray.describe_code", lambda _packages: mine)
    executor = RayExecutor(address=machines.address)
    with pytest.raises(UsageError) as refused:
        list(executor.run(moving("adds", settings(tmp_path / "out")), on_event=ignore))
    nodes = str(refused.value).split("; node ")
    assert len(nodes) == 1  # both nodes have the same name, which is that of this machine
    assert f"has moving_tasks {here['moving_tasks']}, not 1.0 (code 12345678) as on this machine" in nodes[0]
    assert f"torch {here['torch']}, not 9.9 as on this machine; install the same there" in nodes[0]
    assert not list((tmp_path / "out").iterdir())


def test_data_that_a_node_lacks_are_told_before_a_training(machines: Machines, tmp_path: Path) -> None:
    executor = RayExecutor(address=machines.address)
    job = moving("adds", settings(tmp_path / "out", lacks="/data: no such folder there"))
    with pytest.raises(UsageError, match=r"^node .*: /data: no such folder there$"):
        list(executor.run(job, on_event=ignore))


def test_other_data_on_a_node_end_the_run(machines: Machines, tmp_path: Path) -> None:
    executor = RayExecutor(address=machines.address)
    job = moving("adds", settings(tmp_path / "out", differs="/data: the test frames there differ"))
    with pytest.raises(DataError, match=r"^node .*: /data: the test frames there differ$"):
        list(executor.run(job, on_event=ignore))
    assert not machines.left_files()
    assert not Lock(path=tmp_path / "out" / LOCK).is_held()


# --- The files of a job -----------------------------------------------------------------------------------------


def test_files_go_to_the_node_and_come_back(machines: Machines, tmp_path: Path) -> None:
    weights, out = tmp_path / "weights.bin", tmp_path / "run/out"
    weights.write_text("some weights")
    job = settings(out, inputs=(weights,))
    for name in ("lines.txt", "old.txt"):
        (out / name).write_text("before\n")
    [result] = RayExecutor(address=machines.address).run(moving("adds", job), on_event=ignore)
    assert result.error is None
    assert result.summary["read"] == ["some weights"]
    assert Path(result.summary["place"]).parents[1] == machines.temporary
    assert {
        path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*") if path.is_file()
    } == {
        LOCK: "",
        "lines.txt": "before\nline\n",
        "sub/lines.txt": "line\n",
        "status.json": "line\n",
    }
    assert not machines.left_files()


def test_a_shared_run_folder_is_written_by_the_node(machines: Machines, tmp_path: Path) -> None:
    job = settings(tmp_path / "out")
    [result] = RayExecutor(address=machines.address, shared=True).run(moving("adds", job), on_event=ignore)
    assert result.summary["place"] == str(tmp_path / "out")
    assert (tmp_path / "out/status.json").read_text() == "line\n"


def test_a_job_that_dies_or_hangs_leaves_nothing_on_its_node(machines: Machines, tmp_path: Path) -> None:
    executor = RayExecutor(address=machines.address, silence_s=4.5)
    jobs = [
        *moving("dies_with_files", settings(tmp_path / "dies")),
        *moving("waits_with_files", settings(tmp_path / "waits")),
        *moving("adds", settings(tmp_path / "adds")),
    ]
    errors = {result.job.name: result.error or "" for result in executor.run(jobs, on_event=ignore)}
    assert "was killed or crashed before its work was done (out of memory?)" in errors["dies_with_files-0"]
    assert "was silent for 4 s and was killed" in errors["waits_with_files-0"]
    assert errors["adds-0"] == ""
    assert not machines.left_files()


def test_a_job_that_another_process_does_is_waited_for(machines: Machines, tmp_path: Path) -> None:
    told: list[tuple[str, Event]] = []
    jobs = moving("adds", settings(tmp_path / "held"), settings(tmp_path / "free"))
    results = RayExecutor(address=machines.address).run(
        jobs, on_event=lambda job, event: told.append((job.name, event))
    )
    with Lock(path=tmp_path / "held" / LOCK).hold(lambda _advice: None):
        assert next(iter(results)).job.name == "adds-1"
    assert next(iter(results)).job.name == "adds-0"
    assert [(name, event.step, event.done) for name, event in told] == [
        ("adds-0", "waiting", 0),
        ("adds-0", "waiting", 1),
    ]


# --- Trials -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """The same run without Ray, by processes of this machine."""
    del machines  # only so that all tests of this file see the same plugins
    return lvzoo.bench("unet,landmark7", epochs=3, out=tmp_path_factory.mktemp("runs") / "process", **SMALL)


def assert_same(run: Comparison, expected: Comparison) -> None:
    measured = [name for name in expected.ranking if "ms" in str(name).split("_")]
    pd.testing.assert_frame_equal(run.scores, expected.scores, check_exact=True)
    pd.testing.assert_frame_equal(
        run.ranking.drop(columns=measured), expected.ranking.drop(columns=measured), check_exact=True
    )


def test_the_ranking_is_that_of_processes_and_a_crash_costs_its_trial(
    machines: Machines, expected: Comparison, tmp_path: Path
) -> None:
    steps: dict[str, list[str]] = {}
    result = lvzoo.bench(
        "unet,dies,landmark7",
        epochs=3,
        executor="ray",
        address=machines.address,
        out=tmp_path / "run",
        on_event=lambda name, event: steps.setdefault(name, []).append(event.step),
        **SMALL,
    )
    assert list(result.failed) == ["dies-s0"]
    assert "was killed or crashed before its work was done" in result.failed["dies-s0"]
    assert_same(result, expected)
    assert steps["unet-s0"].count("epoch") == 3
    assert {"phantom", "noise"} <= {step for each in steps.values() for step in each}, "made on the nodes"
    assert list((machines.cache / "phantom").iterdir()), "in their own cache"
    assert not machines.left_files()
    assert not list((tmp_path / "run").rglob("checkpoints*"))


def test_a_trial_whose_node_is_removed_ends_on_the_other(
    machines: Machines, expected: Comparison, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def remove(_name: str, event: Event) -> None:
        if event.step == "epoch" and len(removed) == 0:
            removed.append(event)
            machines.replace_second()

    removed: list[Event] = []
    with caplog.at_level(logging.WARNING):
        result = lvzoo.bench(
            "unet,landmark7",
            epochs=3,
            executor="ray",
            address=machines.address,
            out=tmp_path / "run",
            on_event=remove,
            **SMALL,
        )
    for folder in machines.left_files():  # a lost node keeps what it had
        shutil.rmtree(folder)
    assert_same(result, expected)
    [line] = [line for line in caplog.messages if "was lost" in line]
    assert line.endswith("another one does it again")


@pytest.mark.parametrize(
    ("shared", "others"), [(False, ["inline", "ray"]), (True, ["inline"])], ids=["sent", "shared"]
)
def test_each_executor_goes_on_where_another_was_interrupted(
    machines: Machines,
    expected: Comparison,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    shared: bool,
    others: list[str],
) -> None:
    def bench(executor: str, epochs: list[int]) -> Comparison | None:
        """Go on with the run, and note each epoch. Stop after the first two, but not after the third."""

        def stop(_name: str, event: Event) -> None:
            if event.step == "epoch":
                epochs.append(event.done)
                if len(epochs) <= len(others):
                    raise KeyboardInterrupt

        where = {"address": machines.address, "shared": shared} if executor == "ray" else {}
        options: dict[str, Any] = {**SMALL, **where, "executor": executor, "on_event": stop}
        try:
            return lvzoo.bench("unet", epochs=3, out=tmp_path / "run", **options)
        except KeyboardInterrupt:
            return None

    monkeypatch.setattr("lvzoo.executors.ray_task.FILES_EVERY_S", 0.0)
    epochs: list[int] = []
    assert bench("ray", epochs) is None
    assert not machines.left_files()
    for executor in others:
        result = bench(executor, epochs)
    assert epochs == [1, 2, 3]
    assert result is not None
    mine = expected.scores.query("model == 'unet'").reset_index(drop=True)
    pd.testing.assert_frame_equal(result.scores, mine, check_exact=True)


def test_trained_models_are_scored_on_nodes(machines: Machines, expected: Comparison, tmp_path: Path) -> None:
    model = expected.folder / "trials/unet-s0"
    where: dict[str, Any] = {"executor": "ray", "address": machines.address}
    few: dict[str, Any] = {"corruptions": ("blur",), "severities": (1,), "resamples": 200}
    on_ray = lvzoo.score(model, phantom_size="smoke", out=tmp_path / "ray", **where, **few)
    here = lvzoo.score(model, phantom_size="smoke", out=tmp_path / "here", executor="inline", **few)
    pd.testing.assert_frame_equal(on_ray.scores, here.scores, check_exact=True)


# --- The command line ---------------------------------------------------------------------------------------------


COMMAND = [
    *(sys.executable, "-m", "lvzoo", "bench", "--executor", "ray", "--preset", "smoke"),
    *("--corruptions", "blur", "--severities", "1"),
]


def test_ctrl_c_ends_the_ray_that_was_started_here(tmp_path: Path) -> None:
    command = [*COMMAND, "--plugins", "unet", "--epochs", "6", "--out", str(tmp_path / "run")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            if "epoch 2/6" in line:
                break
        started_here = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        told, rest = process.stdout.read(), process.stderr.read()
    assert process.returncode == 130
    assert told == ""
    assert "Traceback" not in rest
    assert "to continue: lvzoo bench --executor ray --preset smoke" in rest
    assert list((tmp_path / "run/trials/unet-s0").glob("checkpoints-*/last.pt"))
    _, alive = psutil.wait_procs(started_here, timeout=30)
    assert not alive


@pytest.mark.usefixtures("machines")  # for the plugin
def test_ray_says_nothing_itself(tmp_path: Path) -> None:
    command = [*COMMAND, "--plugins", "dies", "--out", str(tmp_path / "run")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "raylet" not in ended.stderr
    lines = ended.stderr.splitlines()
    assert all(line.startswith(("[", "error: ")) for line in lines), ended.stderr
    assert "dies-s0: its process on " in lines[-1]
