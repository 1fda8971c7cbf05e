"""Makes temporary files and folders, and removes those of processes that were killed.

A result is written under a temporary name and then renamed, so that it is complete or missing. A process that is
killed in between leaves its temporary file. To tell such a file from one that is being written, each process holds a
lock (`flock`) on its own. The system frees the lock when the process ends, however it ends.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEMPORARY: Final = ".lvzoo-new-"
"""The beginning of every temporary name."""
LONGEST_S: Final = 24 * 3600.0
"""The age from which a temporary file counts as left where there is no `flock`."""


@contextmanager
def temporary_file(parent: Path, suffix: str = "") -> Iterator[Path]:
    """Yield a new empty file in a folder. It is deleted at the end, unless it was renamed."""

    def make() -> Path:
        handle, name = tempfile.mkstemp(dir=parent, prefix=TEMPORARY, suffix=suffix)
        os.close(handle)
        return Path(name)

    with _hold_new(make) as path:
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder in another one. It is deleted at the end, unless it was renamed."""
    with _hold_new(lambda: Path(tempfile.mkdtemp(dir=parent, prefix=TEMPORARY))) as path:
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


def remove_leftovers(*folders: Path) -> None:
    """Delete the temporary files and folders that killed processes have left in some folders.

    Those that a process still writes stay, and so do those that this user may not delete.
    """
    for folder in folders:
        for path in folder.glob(f"{TEMPORARY}*"):
            with suppress(OSError):
                handle = _open(path)
                try:
                    # removed while it is locked, so that a process that has just made it sees that it is gone
                    locked = _try_lock(handle)
                    if locked or (locked is None and _is_old(path)):
                        _remove(path)
                finally:
                    _close(handle)


@contextmanager
def _hold_new(make: Callable[[], Path]) -> Iterator[Path]:
    """Make a file or folder, and hold its lock. If another process takes it for a left-over, make another."""
    while True:
        path = make()
        with suppress(FileNotFoundError):
            handle = _open(path)
            if _try_lock(handle) is not False and path.exists():
                break
            _close(handle)
    try:
        yield path
    finally:
        _close(handle)


def _open(path: Path) -> int | None:
    """Open a file or folder for its lock; None on Windows, which cannot rename what is open."""
    if os.name == "nt":
        return None
    return os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)  # NFS locks only what can be written


def _close(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)


def _try_lock(handle: int | None) -> bool | None:
    """Return whether the lock was free, and lock it; None if there are no locks here."""
    if handle is None:
        return None
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > LONGEST_S
