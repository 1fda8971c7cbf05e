"""The folder of a run: opens it, locks it, and finds its trials.

    runs/NAME/run.json                       every setting that decides a number, and hardware and versions
    runs/NAME/trials/ENTRY-sSEED/            model.safetensors, model.json, history.csv, status.json,
                                             scores.parquet, facts.json, specimens.npz
    runs/NAME/report.html, ranking.csv       further tables are in tables/

A run of models that were trained before has scores for each trial, but neither weights nor history.

Every file is written completely or not at all. When a run resumes, the status of each trial decides what is left to
do. If it holds the trial's `scores_key` and the scores can be read, the trial is skipped. If it holds the trial's
`key`, the trial is only scored. Any other trial is trained, from its last checkpoint if there is one.
"""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from lvzoo.errors import DataError, UsageError, name_option
from lvzoo.files import check_folder
from lvzoo.run.settings import describe_difference
from lvzoo.run.trial import TrialFolder, write_json
from lvzoo.types import JobResult

RUN: Final = "run.json"
LOCK: Final = ".lock"
SOFT_LOCK: Final = ".lock-soft"
"""The lock on a file system without `flock`. The process that creates this file holds the lock, and deletes the file
at the end."""
NO_FLOCK: Final = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
"""The errors of `flock` on a file system that lacks it, for example some network and FUSE file systems."""
TRIALS: Final = "trials"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    def trial(self, name: str) -> TrialFolder:
        """Return the folder of a trial, for example `unet-s0`.

        Raises:
            DataError: the name is not that of one folder. A name from a file must not lead out of the run.
        """
        if name in ("", ".", "..") or set("/\\\0") & set(name):
            raise DataError(f"{self.path}: {name!r} is not a trial name; the run was not written by lvzoo")
        return TrialFolder(path=self.path / TRIALS / name)

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], facts: Mapping[str, Any], *, renew: bool = False
    ) -> Iterator[None]:
        """Start the run, or resume it. The folder is locked until the end.

        With `renew`, the run in the folder may have other settings, and gets these. Trials that fit these are kept.

        Raises:
            UsageError: the folder holds a run with other settings, or another process works in it.
            DataError: the folder holds something else, or cannot be written.
        """
        path = self.path / RUN
        self.check_free()
        if path.exists() and not renew:
            self._check_settings(settings)
        lock = self._lock()
        try:
            if renew or not path.exists():
                write_json(path, {"settings": settings, **facts})
            yield
        finally:
            lock.release()

    def check_free(self) -> None:
        """Raise an error if the folder holds something else than a run, or is a file or below one."""
        check_folder(self.path)
        if self.path.exists() and not (self.path / RUN).exists() and not self._is_empty():
            raise DataError(
                f"{self.path}: exists and is not a run of lvzoo ({RUN} is missing); name another {name_option('out')}"
            )

    def _lock(self) -> BaseFileLock:
        """Create and lock the folder, and return the lock."""
        lock: BaseFileLock = FileLock(self.path / LOCK)
        if_none_runs = ""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if _lacks_flock(self.path / LOCK):
                lock = SoftFileLock(self.path / SOFT_LOCK)
                log.warning(
                    "%s: the file system has no locks (flock); if lvzoo is killed here, remove %s before you repeat "
                    "the command",
                    self.path,
                    SOFT_LOCK,
                )
                if_none_runs = f"; if none does, remove {self.path / SOFT_LOCK}"
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(
                f"{self.path}: another lvzoo works in it; wait for it, or name another {name_option('out')}"
                f"{if_none_runs}"
            ) from error
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written ({error.strerror}); name another {name_option('out')}"
            ) from error
        return lock

    def read(self) -> Mapping[str, Any]:
        """Return the content of run.json; DataError if it is missing or damaged."""
        path = self.path / RUN
        try:
            known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise DataError(
                f"{self.path}: no run of lvzoo here ({RUN} is missing); name the folder that `lvzoo bench` or "
                "`lvzoo eval` printed"
            ) from error
        except ValueError as error:
            raise DataError(f"{path}: damaged ({error}); name another {name_option('out')}") from error
        return known

    def record_failure(self, trial: str, result: JobResult) -> None:
        """Record why a trial failed. The key of a finished training is kept."""
        folder = self.trial(trial)
        trained = {name: value for name, value in folder.status().items() if name == "key"}
        folder.mark("failed", error=result.error, traceback=result.traceback, **trained)

    def _is_empty(self) -> bool:
        """Return whether the folder holds nothing, except perhaps the lock files of an earlier run."""
        return self.path.is_dir() and all(path.name in (LOCK, SOFT_LOCK) for path in self.path.iterdir())

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raise UsageError if the run in the folder has other settings; names the first that differs."""
        if difference := describe_difference(self.read().get("settings", {}), settings):
            raise UsageError(
                f"{self.path}: holds a run with other settings: {difference}; name another {name_option('out')}"
            )


def _lacks_flock(path: Path) -> bool:
    """Create a lock file, and return whether its file system has no `flock`.

    The library filelock is not used for this, because its versions differ: some wait, some raise, and some warn.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    with path.open("a+") as file:  # NFS allows a shared lock only on a file that can be read
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in NO_FLOCK
    return False
