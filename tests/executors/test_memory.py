"""No more children run at once than the memory is enough for."""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lvzoo.executors import ProcessExecutor
from lvzoo.executors.memory import LEAST_BYTES, MemoryWatch
from tests.executors.toy_jobs import run

MB = 1_000_000
BLOCK = 200 * MB
FILLS = f"""
import mmap, sys
block = bytearray(b"x") * {BLOCK}
with open(sys.argv[1], "rb") as file:
    shared = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    total = sum(shared[::{mmap.PAGESIZE}])
print("filled", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvzoo.executors.slots.count_processors", lambda: 3)


def give_memory(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the children of this process share so much memory. Each is known to need BLOCK."""

    def find_free() -> int:
        children = psutil.Process().children()
        return size - sum(child.memory_info().rss - child.memory_info().shared for child in children)

    monkeypatch.setattr("lvzoo.executors.memory.find_free_memory", find_free)
    monkeypatch.setattr("lvzoo.executors.memory.ASSUMED_BYTES", BLOCK)
    monkeypatch.setattr("lvzoo.executors.memory.LEAST_BYTES", BLOCK)


def test_one_runs_at_a_time_if_the_memory_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    give_memory(350 * MB, monkeypatch)
    ran = run(ProcessExecutor(), *[("takes_memory", ("is_alone", str(tmp_path), BLOCK))] * 3)
    assert set(ran.errors.values()) == {None}
    [said] = [record.message for record in caplog.records]
    assert said.startswith("memory is enough for 1 trial at once: each may need 0.2 GB, and 0.")
    assert said.endswith(" GB are free; to run more, use --jobs (jobs= in Python)")


def test_several_run_if_the_memory_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    give_memory(1000 * MB, monkeypatch)
    places = [str(tmp_path / name) for name in "abc"]
    pairs = [(places[number], places[number - 1]) for number in range(3)]
    ran = run(ProcessExecutor(), *[("takes_memory", ("meets", pair, BLOCK)) for pair in pairs])
    assert set(ran.errors.values()) == {None}
    assert not caplog.records


def test_who_asks_for_a_number_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_memory(0, monkeypatch)
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    ran = run(ProcessExecutor(jobs=2), ("meets", (here, there)), ("meets", (there, here)))
    assert set(ran.errors.values()) == {None}


def test_a_child_counts_without_the_files_that_it_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lvzoo.executors.memory.LEAST_BYTES", 0)
    (tmp_path / "frames.npy").write_bytes(bytes(2 * BLOCK))
    with subprocess.Popen(
        [sys.executable, "-c", FILLS, str(tmp_path / "frames.npy")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        memory = MemoryWatch()
        memory.measure([child.pid])
        memory.trust()
        child.terminate()
    assert BLOCK < memory.needed_bytes < BLOCK + 60 * MB


def test_what_was_measured_replaces_what_was_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {1: 100, 2: 300}
    monkeypatch.setattr("lvzoo.executors.memory._measure", lambda process: taken[process] * MB)
    monkeypatch.setattr("lvzoo.executors.memory.ASSUMED_BYTES", 1000 * MB)
    monkeypatch.setattr("lvzoo.executors.memory.LEAST_BYTES", 50 * MB)
    monkeypatch.setattr("lvzoo.executors.memory.find_free_memory", lambda: 1000 * MB)
    memory = MemoryWatch()
    memory.measure([1, 2])
    assert not memory.is_enough_for(2), "each may grow to what is assumed"
    memory.trust()
    assert memory.is_enough_for(4), "1400 MB are enough for 4 times 330 MB"
    assert not memory.is_enough_for(5)
    taken[1] = 600
    memory.measure([1, 2])
    assert not memory.is_enough_for(3), "1900 MB are not enough for 3 times 660 MB"
    assert memory.is_enough_for(1), "one runs in any case"


def test_children_that_end_at_once_are_not_taken_for_small() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    memory = MemoryWatch()
    memory.measure([child.pid, None])
    memory.trust()
    assert memory.needed_bytes == LEAST_BYTES
