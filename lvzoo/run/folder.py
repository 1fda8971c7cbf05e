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
    def open(self, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[None]:
        """Start the run, or resume it. The folder is locked until the end.

        Raises:
            UsageError: the folder holds a run with other settings, or another process works in it.
            DataError: the folder holds something else, or cannot be written.
        """
        path = self.path / RUN
        if path.exists():
            self._check_settings(settings)
        elif self.path.exists() and not self._is_empty():
            raise DataError(
                f"{self.path}: exists and is not a run of lvzoo ({RUN} is missing); name another --out"
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
            raise DataError(f"{path}: damaged ({error}); name another --out") from error
        return known

    def record_failure(self, trial: str, result: JobResult) -> None:
        """Record why a trial failed. The key of a finished training is kept."""
        folder = self.trial(trial)
        trained = {name: value for name, value in folder.status().items() if name == "key"}
        folder.mark("failed", error=result.error, traceback=result.traceback, **trained)

    def _is_empty(self) -> bool:
        """Return whether the folder holds nothing, except perhaps the lock file of an earlier run."""
        return self.path.is_dir() and all(path.name == LOCK for path in self.path.iterdir())

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raise UsageError if the run in the folder has other settings; names the first that differs."""
        before = _flatten(self.read().get("settings", {}))
        wanted = _flatten(json.loads(json.dumps(settings)))
        differing = [key for key in sorted({*before, *wanted}) if before.get(key) != wanted.get(key)]
        if differing:
            key, *more = differing
            others = f" (and {len(more)} more)" if more else ""
            raise UsageError(
                f"{self.path}: holds a run with other settings: {key} is {before.get(key)} there, "
                f"{wanted.get(key)} here{others}; name another --out"
            )


def _flatten(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested settings as one level, with keys like `entries.unet.recipe.epochs`."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{above}{key}"
        flat |= _flatten(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat
