"""Measures what each corruption of a suite costs a model of a finished run: `lvzoo noise calibration` in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from lvzoo.noise.calibration import calibrate
from lvzoo.registry import open_zoo
from lvzoo.run import read_run
from lvzoo.trials.merge import open_run_suite
from lvzoo.types import SCORE_COLUMNS


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseCalibration:
    """The loss of a model under a suite, and the data on which it was measured."""

    data: str
    synthetic: bool
    """Whether the data are a phantom, so that the costs say nothing about patients."""
    patients: int
    suite: str
    model: str
    clean: float
    """Dice without noise."""
    costs: pd.DataFrame = field(repr=False)
    """One row per corruption and severity, with `lvzoo.noise.calibration.COLUMNS`."""


def calibrate_noise(
    run: str | Path, *, model: str | None = None, registries: Sequence[Path] = ()
) -> NoiseCalibration:
    """Return what each corruption and severity of a run costs a model.

    Args:
        run: a folder that `lvzoo bench` wrote; unfinished trials are left out.
        model: name of the model; may be None if the run has only one.
        registries: further registry.yaml files, if one of them names the suite.

    Raises:
        DataError: the folder holds no run, no trial has finished, or there are no scores on clean or noisy frames.
        UsageError: the model is unknown, or there are several and none is named; or the installed suite has changed.
    """
    found = read_run(run)
    suite = open_run_suite(found, open_zoo(registries=registries))
    tables = [trial.read_scores() for trial in found.finished.values()]
    scores = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(SCORE_COLUMNS))
    costs = calibrate(scores, suite, model=model)
    return NoiseCalibration(
        data=found.source.name,
        synthetic=found.source.synthetic,
        patients=found.splits["test"]["patients"],
        suite=found.suite,
        model=costs.model,
        clean=costs.clean,
        costs=costs.table,
    )
