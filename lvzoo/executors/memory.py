"""Says whether the memory is enough for another child process, by what those before it have taken."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

import psutil

from lvzoo.errors import name_option
from lvzoo.processes import find_free_memory

ASSUMED_BYTES: Final = 1_500_000_000
"""What a child is taken to need until one has been measured."""
LEAST_BYTES: Final = 500_000_000
"""What a child needs at least, for Python, torch, and the smallest model with its frames."""
MARGIN: Final = 1.1
"""The factor by which a child may need more than the largest one so far."""
GB: Final = 1e9

log = logging.getLogger(__name__)


class MemoryWatch:
    """Measures what the children of a run take, and compares it with what is free.

    Each child is taken to need as much as the largest one so far, since those that run may still grow. Until one has
    done its work, each is taken to need at least `ASSUMED_BYTES`.
    """

    def __init__(self) -> None:
        self.needed_bytes = ASSUMED_BYTES
        self._largest_bytes = 0
        self._taken_bytes = 0
        self._stated = False

    def measure(self, children: Iterable[int | None]) -> None:
        """Measure the running children, by their process ids."""
        taken_bytes = [_measure(child) for child in children if child is not None]
        self._taken_bytes = sum(taken_bytes)
        self._largest_bytes = max(self._largest_bytes, *taken_bytes, 0)
        self.needed_bytes = max(self.needed_bytes, self._largest_bytes)

    def trust(self) -> None:
        """Use the measurements alone from now on, because one child has done its work."""
        self.needed_bytes = max(self._largest_bytes, LEAST_BYTES)

    def is_enough_for(self, count: int) -> bool:
        """Return whether the memory is enough for so many children at once. One may run in any case."""
        if count == 1:
            return True
        free_bytes = find_free_memory()
        enough = self._taken_bytes + free_bytes >= MARGIN * self.needed_bytes * count
        if not enough and not self._stated:
            self._stated = True
            log.warning(
                "memory is enough for %d trial%s at once: each may need %.1f GB, and %.1f GB are free; to run more, "
                "use %s",
                *(count - 1, "" if count == 2 else "s", self.needed_bytes / GB, free_bytes / GB),
                name_option("jobs"),
            )
        return enough


def _measure(process: int) -> int:
    """Return the memory that a process alone takes, in bytes, without files that it shares; 0 if it has ended."""
    try:
        memory = psutil.Process(process).memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))
