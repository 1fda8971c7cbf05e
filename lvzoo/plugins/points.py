"""Which plugins are installed: the entry points of a group, remembered until anything is installed.

To ask the installation takes longer than all else that a listing does. Its answer stays good while every folder of
Python's path has the time that it had. A folder that changed a moment ago may change again within the same tick of
its clock: then nothing is remembered.
"""

from __future__ import annotations

import json
import os
import sys
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lvzoo.files import atomic_file, cache_folder

if TYPE_CHECKING:
    from pathlib import Path

SETTLED_S: Final = 2.0
"""Since when no folder may have changed: longer than a tick of any clock of files."""


class Point(NamedTuple):
    """An entry point and the distribution that has it; "?" where it has none."""

    name: str
    value: str
    distribution: str
    version: str


def installed_points(group: str) -> list[Point]:
    """Return the entry points of a group, in the order in which Python finds them."""
    times_ns = _times_ns()
    key: list[Any] = [group, sys.version, [list(each) for each in times_ns]]
    try:
        kept = json.loads(_place().read_text(encoding="utf-8"))
        if kept["key"] == key:
            return [Point(*map(str, each)) for each in kept["points"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # never asked, or a file that another lvzoo wrote: ask
    points = _ask(group)
    if time.time_ns() - max((changed for _, changed in times_ns), default=0) > SETTLED_S * 1e9:
        _remember(key, points)
    return points


def _ask(group: str) -> list[Point]:
    from importlib import metadata

    return [_point(each) for each in metadata.entry_points(group=group)]


def _point(found: Any) -> Point:  # noqa: ANN401 - an EntryPoint, whose module is only imported where it is asked
    if found.dist is None:
        return Point(found.name, found.value, "?", "?")
    facts = found.dist.metadata  # parsed at each use
    return Point(found.name, found.value, facts["Name"] or "?", facts["Version"] or "?")


def _remember(key: list[Any], points: list[Point]) -> None:
    try:
        with atomic_file(_place()) as temporary:
            temporary.write_text(json.dumps({"key": key, "points": points}), encoding="utf-8")
    except OSError:
        pass  # no place to keep it: what plugins declare has none either, and that is told


def _place() -> Path:
    return cache_folder("plugins") / f"installed-{sha256(sys.prefix.encode()).hexdigest()[:16]}.json"


def _times_ns() -> list[tuple[str, int]]:
    """Return every folder of Python's path with the time of its last change; 0 where it is none."""
    return [(folder, _changed_ns(folder)) for folder in map(os.path.abspath, sys.path)]


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - a Path for each would cost half of the look-up
    except OSError:
        return 0
