"""The limits of a container or a batch system are read from made-up control groups of both versions."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from lvzoo.control_groups import read_free_memory, read_processor_quota
from lvzoo.processes import count_processors, find_free_memory

UNLIMITED_V1 = "9223372036854771712"


def write_groups(folder: Path, membership: str, files: Mapping[str, str]) -> tuple[Path, Path]:
    """Write control groups, and the file that says in which of them this process is."""
    for name, content in files.items():
        (folder / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup" / name).write_text(content)
    (folder / "self").write_text(membership)
    return folder / "cgroup", folder / "self"


V1 = "9:name=systemd:/\n4:memory:/batch/job\n2:cpu,cpuacct:/batch/job\n0::/\n"
V2 = "0::/batch/job\n"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        (V2, {"batch/job/cpu.max": "150000 100000\n"}, 1.5),
        (V2, {"batch/job/cpu.max": "max 100000\n"}, math.inf),
        (V2, {"batch/job/cpu.max": "max 100000\n", "batch/cpu.max": "400000 100000\n"}, 4),
        (V2, {"batch/job/cpu.max": "900000 100000\n", "batch/cpu.max": "400000 100000\n"}, 4),
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        (
            V1,
            {"cpu/batch/job/cpu.cfs_quota_us": "50000\n", "cpu/batch/job/cpu.cfs_period_us": "100000\n"},
            0.5,
        ),
        (
            V1,
            {"cpu/batch/job/cpu.cfs_quota_us": "-1\n", "cpu/batch/job/cpu.cfs_period_us": "100000\n"},
            math.inf,
        ),
        # in a container: the group has the name that it has outside, and is mounted as the topmost one
        (V1, {"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        (V1, {}, math.inf),
        (V2, {}, math.inf),
        (V2, {"cpu.max": "100000 100000", "elsewhere/cpu.max": "1 100000"}, 1),
    ],
)
def test_the_strictest_quota_counts(
    membership: str, files: Mapping[str, str], expected: float, tmp_path: Path
) -> None:
    assert read_processor_quota(*write_groups(tmp_path, membership, files)) == expected


def memory_v2(group: str, limit: object, used: int, cached: int) -> dict[str, str]:
    return {
        f"{group}memory.max": f"{limit}\n",
        f"{group}memory.current": f"{used}\n",
        f"{group}memory.stat": f"anon 5\ninactive_file {cached}\nactive_file 7\n",
    }


def memory_v1(group: str, limit: object, used: int, cached: int) -> dict[str, str]:
    return {
        f"memory/{group}memory.limit_in_bytes": f"{limit}\n",
        f"memory/{group}memory.usage_in_bytes": f"{used}\n",
        f"memory/{group}memory.stat": f"cache 5\ninactive_file 1\ntotal_inactive_file {cached}\n",
    }


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        (V2, memory_v2("batch/job/", 1000, 700, 0), 300),
        (V2, memory_v2("batch/job/", 1000, 900, 600), 700),
        (V2, memory_v2("batch/job/", "max", 900, 600), math.inf),
        (V2, memory_v2("batch/job/", "max", 700, 0) | memory_v2("batch/", 2000, 800, 0), 1200),
        (V2, memory_v2("batch/job/", 1000, 1200, 0), 0),
        (V1, memory_v1("batch/job/", 1000, 900, 600), 700),
        (V1, memory_v1("", 1000, 400, 0), 600),
        (V1, {}, math.inf),
    ],
)
def test_the_least_free_memory_counts_and_the_cache_of_files_is_free(
    membership: str, files: Mapping[str, str], expected: float, tmp_path: Path
) -> None:
    assert read_free_memory(*write_groups(tmp_path, membership, files)) == expected


def test_no_limit_is_a_large_number_in_version_1(tmp_path: Path) -> None:
    places = write_groups(tmp_path, V1, memory_v1("batch/job/", UNLIMITED_V1, 900, 0))
    assert read_free_memory(*places) > psutil.virtual_memory().total


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert read_processor_quota(missing, missing) == math.inf
    assert read_free_memory(missing, missing) == math.inf


@pytest.mark.parametrize(
    ("quota", "affinity", "expected"), [(0.5, 4, 1), (1.5, 4, 1), (2.9, 4, 2), (math.inf, 4, 4), (8, 4, 4)]
)
def test_processors_are_those_of_the_affinity_and_the_quota(
    quota: float, affinity: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(affinity)), raising=False)
    monkeypatch.setattr("lvzoo.processes.read_processor_quota", lambda: quota)
    assert count_processors() == expected


def test_free_memory_is_that_of_the_machine_or_less(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < find_free_memory() <= psutil.virtual_memory().total
    monkeypatch.setattr("lvzoo.processes.read_free_memory", lambda: 5)
    assert find_free_memory() == 5
