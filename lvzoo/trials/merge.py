"""Merges the finished trials of several runs, and refuses runs that cannot be ranked together.

Models are only ranked on the same frames under the same noise. Seeds are only averaged if they belong to the same
model, trained with the same settings and code.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lvzoo.errors import DataError, UsageError, name_option, name_some
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.apply import open_suite, suite_digest
from lvzoo.registry import Zoo
from lvzoo.run import FinishedRun, digest
from lvzoo.trials.variants import MergedTrial, tell_apart
from lvzoo.types import OptionValue
from lvzoo.types.results import ModelFacts, Specimen
from lvzoo.weights.locate import WEIGHTS
from lvzoo.weights.trained import digest_file


def merge(runs: Sequence[FinishedRun]) -> tuple[MergedTrial, ...]:
    """Return the finished trials in the order of runs, models and seeds. A trial in several runs is returned once.

    Two models that were trained before may have the same name and card, but different weights. They are ranked as
    two models, which are named after their files.

    Raises:
        UsageError: the runs differ in data, noise or conditions, or contain two versions of a model.
    """
    for run in runs[1:]:
        _check_same_test(run, runs[0])
    # runs that trained their models must agree on all splits; the others have no training data to compare
    trained = [run for run in runs if run.fingerprint is not None]
    for run in trained[1:]:
        if (
            run.fingerprint != trained[0].fingerprint
        ):  # names may differ: a data set may be named by its folder
            _check_same("data", run, trained[0], lambda each: f"{each.source.name} {each.fingerprint}")
    found = list(_finished_trials(runs))
    for trial in found:
        _check_same_scoring(trial, found[0])
        _check_same_version(trial, next(each for each in found if each.model == trial.model))
    return tuple(tell_apart(found))


def _finished_trials(runs: Sequence[FinishedRun]) -> Iterator[MergedTrial]:
    """Yield the finished trials run by run, in the order of models and seeds."""
    only_trained = all(run.fingerprint is not None for run in runs)
    for run in runs:
        for name, folder in run.finished.items():
            model, file = run.model_of[name], folder.path / WEIGHTS
            weights = run.weights.get(name)
            if weights is None and file.is_file() and not only_trained:
                weights = digest_file(file)
            yield MergedTrial(
                name=name,
                own_model=model,
                model=model,
                model_key=folder.status().get("model_key"),
                weights=weights,
                run=run,
                folder=folder,
            )


def merge_facts(trials: Sequence[MergedTrial], recipe: Mapping[str, OptionValue]) -> dict[str, ModelFacts]:
    """Return the facts about each model: those of its first seed, with the median time of seeds on its hardware.

    Models are marked if they were trained or calibrated before their run, or trained by another recipe than the
    given one.
    """
    facts: dict[str, ModelFacts] = {}
    for model in dict.fromkeys(trial.model for trial in trials):
        own = [trial for trial in trials if trial.model == model]
        seeds = [trial.folder.read_facts() for trial in own]
        first = seeds[0]
        times = [
            each.ms_per_frame
            for each in seeds
            if each.hardware == first.hardware and each.ms_per_frame is not None
        ]
        origin, trained_on = own[0].run.origin(own[0].own_model)
        calibrated_on, calibrated_here = own[0].run.calibration(own[0].own_model)
        facts[model] = dataclasses.replace(
            first,
            ms_per_frame=statistics.median(times) if times else None,
            own_recipe=own[0].run.has_other_recipe(own[0].own_model, recipe),
            epochs=own[0].run.count_epochs(own[0].own_model),
            origin=origin,
            trained_on=trained_on,
            calibrated_on=calibrated_on,
            calibrated_here=calibrated_here,
        )
    return facts


def merge_specimens(trials: Sequence[MergedTrial]) -> tuple[Specimen, ...]:
    """Return the example frames of each model's first seed."""
    first = {trial.model: trial for trial in reversed(trials)}
    models = dict.fromkeys(trial.model for trial in trials)
    return tuple(specimen for model in models for specimen in first[model].read_specimens())


def merge_computed(runs: Sequence[FinishedRun]) -> dict[str, str]:
    """Return the hardware and versions of the runs. If runs differ, the values are joined."""
    names = dict.fromkeys(name for run in runs for name in run.computed)
    return {
        name: "; ".join(dict.fromkeys(run.computed[name] for run in runs if name in run.computed))
        for name in names
    }


def choose_report_folder(runs: Sequence[FinishedRun], out: str | Path | None, report: str) -> Path:
    """Return the folder for the report of some runs. Without `out`, the same runs give the same folder.

    Raises:
        DataError: the report would overwrite something else in `out`.
    """
    if out is None:
        if len(runs) == 1:
            return runs[0].path
        names = sorted(str(run.path.resolve()) for run in runs)
        return runs[0].path.parent / f"comparison-{digest(names)[:8]}"
    folder = Path(out)
    if len(runs) == 1 and folder.resolve() == runs[0].path.resolve():
        return folder
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is a file; name another {name_option('out')}")
    if (folder / "run.json").exists():
        raise DataError(
            f"{folder}: is the folder of a run, whose own report would be lost; name another {name_option('out')}"
        )
    if folder.exists() and any(folder.iterdir()) and not (folder / report).exists():
        raise DataError(
            f"{folder}: exists and holds no report of lvzoo ({report}); name another {name_option('out')}"
        )
    return folder


def open_run_suite(run: FinishedRun, zoo: Zoo) -> NoiseSuite:
    """Return the noise suite that a run was tested under.

    Raises:
        UsageError: the suite is not installed, or the installed one of that name behaves differently.
    """
    suite = open_suite(zoo.noise(run.suite))
    here = suite_digest(suite)
    if here != run.noise_digest:
        raise UsageError(
            f"{run.path}: was tested under another {suite.name} ({run.noise_digest}) than the installed one "
            f"({here}); repeat the command that made the run, in another folder"
        )
    return suite


def _check_same_test(run: FinishedRun, first: FinishedRun) -> None:
    """Raise UsageError unless two runs were tested on the same frames under the same noise."""
    if run.source.fingerprint != first.source.fingerprint:
        _check_same("data", run, first, lambda each: f"{each.source.name} {each.source.fingerprint}")
    _check_same("noise", run, first, lambda each: f"{each.suite} {each.noise_digest}")
    if run.conditions != first.conditions:
        parts = {"lacks": first.conditions - run.conditions, "also has": run.conditions - first.conditions}
        difference = " and ".join(f"{verb} {name_some(sorted(some))}" for verb, some in parts.items() if some)
        raise _make_error(run, first, f"its conditions are not those of {first.path}: it {difference}")


def _check_same(what: str, run: FinishedRun, first: FinishedRun, name: Callable[[FinishedRun], str]) -> None:
    """Raise UsageError unless two runs have the same data or noise, which `name` identifies."""
    here, there = name(run), name(first)
    if here != there:
        raise _make_error(run, first, f"its {what} ({here}) are not those of {first.path} ({there})")


def _check_same_scoring(trial: MergedTrial, first: MergedTrial) -> None:
    """Raise UsageError unless two trials were scored by the same code; earlier versions did not record it."""
    if trial.folder.status().get("scoring_code") != first.folder.status().get("scoring_code"):
        raise UsageError(
            f"{trial.folder.path} was scored by other code than {first.folder.path}; leave one of the runs out, or "
            "repeat the command that made the older one"
        )


def _check_same_version(trial: MergedTrial, first: MergedTrial) -> None:
    """Raise UsageError unless two trials of one model were trained with the same settings and code."""
    if trial.model_key != first.model_key:
        raise UsageError(
            f"{trial.model} was trained with other settings or code in {trial.folder.path} than in "
            f"{first.folder.path}; leave one of the runs out, or repeat the command that made the older one"
        )


def _make_error(run: FinishedRun, first: FinishedRun, reason: str) -> UsageError:
    return UsageError(
        f"{run.path}: {reason}; models are only ranked on the same frames under the same noise; report "
        f"{run.path.name} and {first.path.name} separately"
    )
