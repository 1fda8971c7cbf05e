"""The run folder: what is written, when, and how a run resumes.

    runs/NAME/run.json                       everything that decides a number, and what it was computed with
    runs/NAME/trials/ENTRY-sSEED/            model.safetensors, model.json, history.csv, status.json,
                                             scores.parquet, facts.json, specimens.npz
    runs/NAME/report.html, ranking.csv       and further tables in tables/

A run of models that were trained before has the scores of each trial, and neither weights nor history.

Every file is written whole or not at all. A trial whose `scores_key` stands in its status, and whose scores can
be read, is finished and skipped; one whose `key` stands there is trained, and only scored; any other goes on from
its checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from lvzoo.errors import DataError, UsageError
from lvzoo.run.trial import TrialFolder, write_json
from lvzoo.types import JobResult

RUN: Final = "run.json"
LOCK: Final = ".lock"
TRIALS: Final = "trials"


def digest(settings: object) -> str:
    """Return 16 hexadecimal digits that change with any of the settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """The folder of one run of the benchmark."""

    path: Path

    def trial(self, name: str) -> TrialFolder:
        """Return the folder of a trial such as `unet-s0`.

        Raises:
            DataError: that is no name of one folder: a name from elsewhere must lead nowhere else.
        """
        if name in ("", ".", "..") or set("/\\\0") & set(name):
            raise DataError(f"{self.path}: {name!r} is no name of a trial")
        return TrialFolder(path=self.path / TRIALS / name)

    @contextmanager
    def open(self, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[None]:
        """Begin the run, or go on with it; nobody else works in the folder meanwhile.

        Raises:
            UsageError: the folder holds a run with other settings, or somebody else works in it.
            DataError: the folder holds something else.
        """
        path = self.path / RUN
        if path.exists():
            self._same(settings, self.read())
        elif self.path.exists() and not self._is_empty():
            raise DataError(
                f"{self.path}: exists and is no run of lvzoo ({RUN} is missing); name another --out"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / LOCK)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(
                f"{self.path}: another lvzoo works in it; wait for it, or name another --out"
            ) from error
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written ({error.strerror}); name another --out"
            ) from error
        try:
            if not path.exists():
                write_json(path, {"settings": settings, **facts})
            yield
        finally:
            lock.release()

    def read(self) -> Mapping[str, Any]:
        """Return what run.json says."""
        path = self.path / RUN
        try:
            known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise DataError(f"{self.path}: no run of lvzoo here ({RUN} is missing)") from error
        except ValueError as error:
            raise DataError(f"{path}: damaged ({error}); name another --out") from error
        return known

    def record_failure(self, trial: str, result: JobResult) -> None:
        """Write down why a trial failed; what it was trained for stays known."""
        folder = self.trial(trial)
        trained = {name: value for name, value in folder.status().items() if name == "key"}
        folder.mark("failed", error=result.error, traceback=result.traceback, **trained)

    def _is_empty(self) -> bool:
        """Tell whether nothing is there but, perhaps, the lock of one who came before."""
        return self.path.is_dir() and all(path.name == LOCK for path in self.path.iterdir())

    def _same(self, settings: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        before = _leaves(known.get("settings", {}))
        wanted = _leaves(json.loads(json.dumps(settings)))
        differing = [key for key in sorted({*before, *wanted}) if before.get(key) != wanted.get(key)]
        if differing:
            key, *more = differing
            others = f" (and {len(more)} more)" if more else ""
            raise UsageError(
                f"{self.path}: holds a run with other settings: {key} is {before.get(key)} there, "
                f"{wanted.get(key)} here{others}; name another --out"
            )


def _leaves(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested settings as `entries.unet.recipe.epochs` and the like."""
    leaves: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{above}{key}"
        leaves |= _leaves(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return leaves
