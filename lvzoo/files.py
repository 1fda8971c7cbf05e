"""Finds the cache folder, and writes files and folders atomically: complete, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from lvzoo.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Iterator


def cache_folder(*parts: str) -> Path:
    """Return a folder inside the user's cache and create it if it is missing.

    The environment variable `LVZOO_CACHE` names another place for the cache.

    Raises:
        CacheError: the folder cannot be created.
    """
    root = os.environ.get("LVZOO_CACHE") or platformdirs.user_cache_dir("lvzoo")
    folder = Path(root, *parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CacheError(
            f"{folder}: cannot create the cache folder ({error.strerror}); set LVZOO_CACHE to a folder "
            "that can be written"
        ) from error
    return folder


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` at the end; after an error nothing is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp lets only the owner read
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` and rename it to `path` at the end; after an error nothing is left.

    If another process has created `path` in the meantime, its folder stays and ours is deleted: both were made
    from the same key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()  # an empty folder is not a result, and some systems cannot rename onto it
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    """Return the process's umask; Python can only read it by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
