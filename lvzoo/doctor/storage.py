"""The cache and the disk that it lies on: can it be written, how large is it, how much room is left?"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lvzoo.doctor.record import GB, Examined
from lvzoo.errors import CacheError
from lvzoo.files import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_FREE_GB: Final = 1.0
COMFORTABLE_GB: Final = 10.0


def cache() -> Iterator[Examined]:
    """Write into the cache, weigh it, and see how much room is left."""
    try:
        folder = cache_folder()
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            pass
    except (CacheError, OSError) as error:
        told = str(error) if isinstance(error, CacheError) else f"{error.filename}: {error.strerror}"
        yield Examined(
            name="cache",
            verdict="problem",
            found=f"cannot be written: {told}",
            remedy="set LVZOO_CACHE to a folder that can be written",
        )
        return
    yield Examined(name="cache", verdict="ok", found=f"{folder}, {_size_gb(folder):.1f} GB")
    free_gb = shutil.disk_usage(folder).free / GB
    if free_gb >= COMFORTABLE_GB:
        yield Examined(name="disk", verdict="ok", found=f"{free_gb:.0f} GB free")
        return
    yield Examined(
        name="disk",
        verdict="problem" if free_gb < LEAST_FREE_GB else "note",
        found=f"{free_gb:.1f} GB free",
        remedy=f"make room, or set LVZOO_CACHE to another disk; {folder} may be deleted, it is made again",
    )


def _size_gb(folder: Path) -> float:
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):  # deleted meanwhile, or a link to nowhere
                total += Path(place, name).lstat().st_size
    return total / GB
