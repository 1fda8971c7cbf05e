"""Checks the cache and its disk: whether the cache can be written, its size, and the free space."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lvzoo.doctor.record import GB, note, ok, problem
from lvzoo.errors import CacheError
from lvzoo.files import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.doctor.record import Diagnosis

LEAST_FREE_GB: Final = 1.0
COMFORTABLE_GB: Final = 10.0


def check_cache() -> Iterator[Diagnosis]:
    """Check that the cache can be written, and measure its size and the free space on its disk."""
    try:
        folder = cache_folder()
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            pass
    except (CacheError, OSError) as error:
        reason = str(error) if isinstance(error, CacheError) else f"{error.filename}: {error.strerror}"
        remedy = "set LVZOO_CACHE to a folder that can be written"
        yield problem("cache", f"cannot be written: {reason}", remedy)
        return
    yield ok("cache", f"{folder}, {_size_gb(folder):.1f} GB")
    free_gb = shutil.disk_usage(folder).free / GB
    if free_gb >= COMFORTABLE_GB:
        yield ok("disk", f"{free_gb:.0f} GB free")
        return
    remedy = (
        f"free some space ({folder} may be deleted: lvzoo fills it again), or set LVZOO_CACHE to another disk"
    )
    yield (problem if free_gb < LEAST_FREE_GB else note)("disk", f"{free_gb:.1f} GB free", remedy)


def _size_gb(folder: Path) -> float:
    """Return the total size of the files in a folder."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):  # the file was deleted meanwhile
                total += Path(place, name).lstat().st_size
    return total / GB
