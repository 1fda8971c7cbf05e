"""Examines an installation, one finding after the other, and says what to do about each that is not well.

Nothing heavy is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvzoo.doctor import libraries, storage, zoo
from lvzoo.doctor.record import Examined, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Examined", "Verdict", "examine"]


def examine() -> Iterator[Examined]:
    """Yield what is found, from the ground up: Python, libraries, torch, GPU, OpenCV, cache, plugins, entries."""
    yield libraries.lvzoo_itself()
    yield libraries.python()
    yield from libraries.versions()
    yield from libraries.torch()
    yield libraries.opencv()
    yield from storage.cache()
    yield from zoo.plugins_and_entries()
