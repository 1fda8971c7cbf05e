"""Reads what a container or a batch system allows this process: a share of the processors, and memory.

The Linux kernel keeps processes in control groups, which are folders below /sys/fs/cgroup. A limit holds for a group
and for all groups inside it, so the strictest limit of a process's group and of those around it counts. Version 2 has
one tree of groups, and version 1 has one tree for each resource. A system may use both, each for other resources. The
files are described in the kernel's documentation: "Control Group v2", "CFS Bandwidth Control" and "Memory Resource
Controller".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")
"""Lists the groups of this process, one per tree, as `number:resources:group`; version 2 has no resources there."""


def read_processor_quota(root: Path = ROOT, membership: Path = MEMBERSHIP) -> float:
    """Return how many processors this process may keep busy on average, for example 1.5; infinite without a limit."""
    quotas = [math.inf]
    for group in _list_groups("cpu", root, membership):
        with suppress(OSError, ValueError):  # version 2; "max 100000" is no limit
            quota, period = (group / "cpu.max").read_text(encoding="utf-8").split()
            quotas.append(int(quota) / int(period))
        with suppress(OSError, ValueError):  # version 1; -1 is no limit
            quota_us = _read_number(group / "cpu.cfs_quota_us")
            quotas.append(quota_us / _read_number(group / "cpu.cfs_period_us") if quota_us > 0 else math.inf)
    return min(quotas)


def read_free_memory(root: Path = ROOT, membership: Path = MEMBERSHIP) -> float:
    """Return how much memory in bytes this process and its children may still take; infinite without a limit.

    Cached files that nobody has used lately count as free, because the kernel drops them when memory is needed.
    """
    free_bytes = [math.inf]
    for group in _list_groups("memory", root, membership):
        for limit, used, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            with suppress(OSError, ValueError):  # another version, or no limit
                taken_bytes = _read_number(group / used) - _read_statistic(group / "memory.stat", cached)
                free_bytes.append(max(0, _read_number(group / limit) - taken_bytes))
    return min(free_bytes)


def _list_groups(resource: str, root: Path, membership: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups and of those around them.

    Inside a container, a group may have the name that it has outside, and no such folder exists. The container's own
    group is then the topmost folder.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, resources, name = line.split(":", 2)
        if resources and resource not in resources.split(","):
            continue
        top = root / resource if resources else root
        folder = top / name.lstrip("/")
        yield from (each for each in (folder, *folder.parents) if each.is_relative_to(top))


def _read_number(path: Path) -> int:
    """Return the number in a file; ValueError if it holds a word."""
    return int(path.read_text(encoding="utf-8"))


def _read_statistic(path: Path, name: str) -> int:
    """Return a number from a file with one name and number per line; 0 if the name is missing."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return next((int(words[1]) for words in lines if words[0] == name), 0)
