"""Examines an installation part by part, and says how to repair what does not work.

This package imports nothing heavy itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvzoo.doctor import libraries, storage, zoo
from lvzoo.doctor.record import Diagnosis, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Diagnosis", "Verdict", "examine"]


def examine() -> Iterator[Diagnosis]:
    """Yield the findings in order: lvzoo, Python, libraries, torch, GPU, OpenCV, cache, disk, plugins, entries."""
    yield libraries.check_lvzoo()
    yield libraries.check_python()
    yield from libraries.check_versions()
    yield from libraries.check_torch()
    yield libraries.check_opencv()
    yield from storage.check_cache()
    yield from zoo.check_plugins_and_entries()
