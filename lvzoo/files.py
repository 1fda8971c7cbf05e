"""Where lvzoo keeps what it can make again, and how anything is written: whole, or not at all."""

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
    """Return a folder of the user's cache (made when missing); `LVZOO_CACHE` names another place for it.

    Raises:
        CacheError: the folder cannot be made.
    """
    root = os.environ.get("LVZOO_CACHE") or platformdirs.user_cache_dir("lvzoo")
    folder = Path(root, *parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CacheError(
            f"{folder}: the cache cannot be kept there ({error.strerror}); set LVZOO_CACHE to a folder that "
            "can be written"
        ) from error
    return folder


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it there at the end; on an error nothing is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` and rename it there at the end; on an error nothing is left.

    Where another process has put `path` there in the meantime, its folder stays and ours is dropped: both
    were made from the same key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()  # an empty folder is no result, but some systems do not rename onto it
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
