"""Reads the runs below a run, in which its models were scored on other data sets.

    runs/NAME/also/SET/     a run folder like that of `lvzoo eval`, with its own ranking and report

The scores there count only if they are those of the weights that the run has now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from lvzoo.run import FinishedRun, read_run
from lvzoo.trials.merge import merge
from lvzoo.trials.variants import MergedTrial
from lvzoo.types import OptionValue, Source
from lvzoo.weights.locate import WEIGHTS
from lvzoo.weights.trained import digest_file

ALSO: Final = "also"
"""The folder of a run in which the runs on other data sets lie."""
OUTDATED: Final = "the model was trained or scored again since then; repeat the command of the run"
OTHER_NOISE: Final = "was tested under other noise than the run; repeat the command of the run"
NOT_TESTED: Final = "no model was tested there; repeat the command of the run"


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """The scores of a run's models on another data set. `name` is that of the folder, and of the set in tables."""

    name: str
    source: Source
    trials: Sequence[MergedTrial]
    options: Mapping[str, OptionValue]
    """The options of the data set that are not the defaults."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundElsewhere:
    """All that is known of a run's models on other data sets. The reasons are by trial and set, or by set."""

    sets: tuple[Elsewhere, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    """The trials that failed there ("unet-s0 on camus")."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The sets that cannot be compared, and the trials whose scores there no longer count."""


def list_elsewhere(run: Path) -> list[FinishedRun]:
    """Return the runs on other data sets below a run, in the order of their names.

    Raises:
        DataError: one is damaged.
    """
    return [read_run(path.parent) for path in sorted((run / ALSO).glob("*/run.json"))]


def read_elsewhere(home: FinishedRun) -> FoundElsewhere:
    """Return the trials below a run that can be compared with those of the run itself.

    Raises:
        DataError: a run below it is damaged.
    """
    runs = list_elsewhere(home.path)
    weights = _digest_weights(home) if runs else {}
    found = [_read_set(run, home, weights) for run in runs]
    return FoundElsewhere(
        sets=tuple(each for one in found for each in one.sets),
        failed={name: why for one in found for name, why in one.failed.items()},
        left_out={name: why for one in found for name, why in one.left_out.items()},
    )


def _read_set(run: FinishedRun, home: FinishedRun, weights: Mapping[str, str]) -> FoundElsewhere:
    """Return what is known of the models of a run on one other data set, whose run is given."""
    name = run.path.name
    if (run.suite, run.noise_digest, run.conditions) != (home.suite, home.noise_digest, home.conditions):
        return FoundElsewhere(left_out={name: OTHER_NOISE})
    failed = {f"{trial} on {name}": why for trial, why in run.failed.items() if trial in weights}
    finished = {trial: folder for trial, folder in run.finished.items() if trial in weights}
    outdated = [trial for trial in finished if _is_outdated(trial, run, home, weights)]
    left_out = {f"{trial} on {name}": OUTDATED for trial in outdated}
    kept = {trial: folder for trial, folder in finished.items() if trial not in outdated}
    if not kept:
        return FoundElsewhere(failed=failed, left_out={**left_out, name: NOT_TESTED})
    trials = merge([replace(run, finished=kept)])
    found = Elsewhere(name=name, source=run.source, trials=trials, options=run.data_options)
    return FoundElsewhere(sets=(found,), failed=failed, left_out=left_out)


def _is_outdated(trial: str, run: FinishedRun, home: FinishedRun, weights: Mapping[str, str]) -> bool:
    """Return whether a trial has other weights there than at home, or was scored by other code."""
    codes = {folders[trial].status().get("scoring_code") for folders in (run.finished, home.finished)}
    return run.weights.get(trial) != weights[trial] or len(codes) > 1


def _digest_weights(run: FinishedRun) -> dict[str, str]:
    """Return the digest of the weights of each finished trial of a run that still has its weights."""
    paths = {name: folder.path / WEIGHTS for name, folder in run.finished.items()}
    return {name: digest_file(path) for name, path in paths.items() if path.is_file()}
