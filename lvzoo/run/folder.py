"""The folder of a run: starts it or resumes it, and finds its trials.

    runs/NAME/run.json                       every setting that decides a number, and hardware and versions
    runs/NAME/trials/ENTRY-sSEED/            model.safetensors, model.json, history.csv, status.json,
                                             scores.parquet, facts.json, specimens.npz
    runs/NAME/experts.parquet                the scores of the experts, if the data set has several readers
    runs/NAME/report.html, ranking.csv       further tables are in tables/

A run of models that were trained before has scores for each trial, but neither weights nor history.

Every file is written completely or not at all. When a run resumes, the status of each trial decides what is left to
do. If it holds the trial's `scores_key` and the scores can be read, the trial is skipped. If it holds the trial's
`key`, the trial is only scored. Any other trial is trained, from its last checkpoint if there is one.

Several processes may work in a run at the same time, if they have the same settings. Each trial has its own lock.
The process that trains and scores the trial holds it. The lock of the run is held only while run.json is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lvzoo.errors import DataError, UsageError, name_option
from lvzoo.files import check_folder, read_json
from lvzoo.locks import LOCK, SOFT, Lock
from lvzoo.run.settings import describe_difference
from lvzoo.run.trial import TrialFolder, write_json
from lvzoo.temporary import TEMPORARY

RUN: Final = "run.json"
TRIALS: Final = "trials"
PATIENCE_S: Final = 60.0
"""How long a process waits until another one has written run.json, which takes a moment."""


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

    def start(self, settings: Mapping[str, Any], facts: Mapping[str, Any], *, renew: bool = False) -> None:
        """Start the run, or resume it. If two processes do so at once, the second finds what the first has written.

        With `renew`, the run in the folder may have other settings, and gets these. Trials that fit these are kept.

        Raises:
            UsageError: the folder holds a run with other settings.
            DataError: the folder holds something else, or cannot be written.
        """
        self.check_free()
        try:
            with Lock(path=self.path / LOCK).hold(lambda _advice: None, patience_s=PATIENCE_S):
                self._write_settings(settings, facts, renew=renew)
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written ({error.strerror}); name another {name_option('out')}"
            ) from error

    def check_free(self) -> None:
        """Raise an error if the folder holds something else than a run, or is a file or below one."""
        check_folder(self.path)
        # the second look: another lvzoo may have started the run meanwhile
        if self._holds_files() and not (self.path / RUN).exists():
            raise DataError(
                f"{self.path}: exists and is not a run of lvzoo ({RUN} is missing); name another {name_option('out')}"
            )

    def read(self) -> Mapping[str, Any]:
        """Return the content of run.json; DataError if it is missing or damaged."""
        path = self.path / RUN
        try:
            known = read_json(path)
        except FileNotFoundError as error:
            raise DataError(
                f"{self.path}: no run of lvzoo here ({RUN} is missing); name the folder that `lvzoo bench` or "
                "`lvzoo eval` printed"
            ) from error
        except ValueError as error:
            raise DataError(f"{path}: damaged ({error}); name another {name_option('out')}") from error
        return known

    def _write_settings(self, settings: Mapping[str, Any], facts: Mapping[str, Any], *, renew: bool) -> None:
        """Write run.json if it is missing. If it has other settings, renew it or raise UsageError."""
        path = self.path / RUN
        if path.exists():
            difference = describe_difference(self.read().get("settings", {}), settings)
            if difference is None:
                return
            if not renew:
                raise UsageError(
                    f"{self.path}: holds a run with other settings: {difference}; name another {name_option('out')}"
                )
        write_json(path, {"settings": settings, **facts})

    def _holds_files(self) -> bool:
        """Return whether the folder holds anything but what a run leaves that is killed before it has begun."""
        own = (LOCK, f"{LOCK}{SOFT}")
        return self.path.is_dir() and any(
            path.name not in own and not path.name.startswith(TEMPORARY) for path in self.path.iterdir()
        )
