"""Locks that one process holds at a time, for example on the folder of a trial or on an entry of the cache.

A lock is a file. The system frees it when its process ends, however it ends. A file system without `flock` has no
such locks. There, the process that creates a second file holds the lock, and deletes the file at the end. If such a
process is killed, the file stays. A later process on the same machine removes it, if the installed filelock can tell
that the first has ended. Otherwise, the user must remove it.
"""

from __future__ import annotations

import errno
import logging
import math
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from lvzoo.errors import LvzooError, show_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOCK: Final = ".lock"
"""The name of the lock of a folder."""
SOFT: Final = "-soft"
"""What is added to a lock's name on a file system without `flock`."""
NO_FLOCK: Final = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
"""The errors of `flock` on a file system that lacks it, for example some network and FUSE file systems."""
LOOK_S: Final = 0.2
"""How often a process that waits looks whether the lock is free."""
SHORT_S: Final = 1.0
"""How long a process waits before it says so: one that only asks whether a lock is held has it for a moment."""
TELL_S: Final = 30.0
"""How often a process says that it waits."""

log = logging.getLogger(__name__)


class HeldError(LvzooError):
    """Another process holds a lock, and was not waited for any longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """A lock. It is held by whoever has locked the file `path`, which stays there when the lock is free."""

    path: Path

    @contextmanager
    def hold(self, on_wait: Callable[[str], None], *, patience_s: float = math.inf) -> Iterator[None]:
        """Hold the lock. If another process holds it, wait.

        `on_wait` is called when the waiting begins and then every TELL_S seconds, with what to do if the other
        process has ended; that is "" where the system frees its locks.

        Raises:
            HeldError: the lock was not free for `patience_s` seconds.
            OSError: the folder cannot be written.
        """
        lock, advice = self._open()
        self._acquire(lock, advice, on_wait, patience_s)
        try:
            yield
        finally:
            lock.release()

    def is_held(self) -> bool:
        """Return whether a process holds the lock, as far as this can be seen. Nothing is written."""
        if self._soft_path.exists():
            return True
        if not self.path.exists():
            return False
        lock = FileLock(self.path)
        try:
            if self.lacks_flock():
                return False
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # a folder that only others may write
            return False
        lock.release()
        return False

    def lacks_flock(self) -> bool:
        """Create the lock's file and its folder, and return whether the file system has no `flock`.

        The library filelock is not used for this, because its versions differ: some wait, some raise, and some warn.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            import fcntl
        except ImportError:  # Windows
            return False
        with self.path.open("a+") as file:  # NFS allows a shared lock only on a file that can be read
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError as error:
                return error.errno in NO_FLOCK
        return False

    @property
    def _soft_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}{SOFT}")

    def _open(self) -> tuple[BaseFileLock, str]:
        """Return the lock, which is still free, and what to do if the process that holds it has ended."""
        if not self.lacks_flock():
            return FileLock(self.path), ""
        log.warning(
            "%s: the file system has no locks (flock); if lvzoo is killed here, remove %s before you repeat the "
            "command",
            *(show_name(self.path.parent), self._soft_path.name),
        )
        return SoftFileLock(self._soft_path), f"if none works there, remove {self._soft_path}"

    def _acquire(
        self, lock: BaseFileLock, advice: str, on_wait: Callable[[str], None], patience_s: float
    ) -> None:
        last_s = time.monotonic() + patience_s
        wait_s = SHORT_S
        while True:
            try:
                left_s = max(0.0, last_s - time.monotonic())
                lock.acquire(timeout=min(wait_s, left_s), poll_interval=LOOK_S)
            except Timeout as error:
                if time.monotonic() >= last_s:
                    raise HeldError(
                        f"{self.path.parent}: another lvzoo works in it{advice and f'; {advice}'}"
                    ) from error
                on_wait(advice)
                wait_s = TELL_S
            else:
                return


@contextmanager
def made_by_one(path: Path, what: str) -> Iterator[None]:
    """Hold the lock `path` while an entry of the cache is made, so that processes that start together make it once.

    A process that had to wait must look again whether the entry is there. `what` names the entry for the user. Where
    nothing can be locked, each process makes the entry.
    """
    told: list[str] = []

    def tell(advice: str) -> None:
        if not told:
            log.warning("another lvzoo makes %s at this moment; waiting for it", what)
        told.append(advice)

    lock = Lock(path=path)
    with ExitStack() as held:
        with suppress(OSError):
            if not lock.lacks_flock():
                held.enter_context(lock.hold(tell))
        held.callback(_remove, path)
        yield


def _remove(path: Path) -> None:
    """Remove the lock of an entry. Two processes may then hold it, and both make the entry, which does no harm."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
