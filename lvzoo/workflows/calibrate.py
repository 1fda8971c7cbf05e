"""What a suite costs a model of a finished run, corruption by corruption: `lvzoo noise calibration`, in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from lvzoo.noise.calibration import calibrate
from lvzoo.registry import open_zoo
from lvzoo.run import read_run
from lvzoo.trials.merge import suite_of
from lvzoo.types import SCORE_COLUMNS


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """What a model loses under a suite, and on which frames it was seen to."""

    data: str
    synthetic: bool
    """Whether those are a phantom's frames: then it says nothing about patients."""
    patients: int
    suite: str
    model: str
    clean: float
    """Dice without noise."""
    costs: pd.DataFrame = field(repr=False)
    """A row a corruption and severity: `lvzoo.noise.calibration.COLUMNS`."""


def calibrate_run(
    run: str | Path, *, model: str | None = None, registries: Sequence[Path] = ()
) -> Calibration:
    """Return what each corruption and severity that a run was tested under costs a model.

    Args:
        run: a folder that `lvzoo bench` wrote; trials that have not finished are left out.
        model: whose scores to take; may be left out where the run has only one.
        registries: further registry.yaml files, for a suite that only they can find.

    Raises:
        DataError: the folder holds no run, or no trial of it has finished, or it lacks clean or noisy frames.
        UsageError: the model is unknown, or one of several must be named; or the suite is not the installed one.
    """
    found = read_run(run)
    suite = suite_of(found, open_zoo(registries=registries))
    tables = [trial.read_scores() for trial in found.finished.values()]
    scores = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(SCORE_COLUMNS))
    costs = calibrate(scores, suite, model=model)
    return Calibration(
        data=found.data,
        synthetic=found.source.synthetic,
        patients=found.splits["test"]["patients"],
        suite=found.suite,
        model=costs.model,
        clean=costs.clean,
        costs=costs.table,
    )
