"""Several runs as one: which of their trials are ranked together, and why some runs are not.

Models are only ranked over the same frames under the same noise, and the seeds of a model only averaged where they
are seeds of the same model.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lvzoo.errors import DataError, UsageError
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.apply import open_suite
from lvzoo.noise.probe import suite_digest
from lvzoo.registry import Zoo
from lvzoo.run import FinishedRun, TrialFolder, digest
from lvzoo.types import OptionValue
from lvzoo.types.results import ModelFacts, Specimen

MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class MergedTrial:
    """A finished trial, and the run that it is taken from."""

    name: str
    model: str
    run: FinishedRun
    folder: TrialFolder


def merge(runs: Sequence[FinishedRun]) -> tuple[MergedTrial, ...]:
    """Return the finished trials of runs, in the order of runs, models and seeds; one in several runs once.

    Raises:
        UsageError: the runs have other data, noise or conditions, or one model in two versions.
    """
    for run in runs[1:]:
        _refuse_other(run, runs[0])
    trained = [run for run in runs if run.fingerprint is not None]
    for run in trained[1:]:
        _refuse_other_training(run, trained[0])
    merged: dict[str, MergedTrial] = {}
    first: dict[str, TrialFolder] = {}
    for trial in _finished(runs):
        here, there = trial.folder, first.setdefault(trial.model, trial.folder)
        if here.status().get("model_key") != there.status().get("model_key"):
            raise UsageError(
                f"{trial.model} was trained with other settings or code in {here.path} than in {there.path}; "
                "leave one of the runs out, or repeat the command that made the older one"
            )
        merged.setdefault(trial.name, trial)
    return tuple(merged.values())


def _finished(runs: Sequence[FinishedRun]) -> Iterator[MergedTrial]:
    """Yield the finished trials run by run, in the order of models and seeds."""
    for run in runs:
        for model in run.models:
            names = (name for name in run.trials_of(model) if name in run.finished)
            yield from (
                MergedTrial(name=name, model=model, run=run, folder=run.finished[name]) for name in names
            )


def facts_of_models(
    trials: Sequence[MergedTrial], recipe: Mapping[str, OptionValue]
) -> dict[str, ModelFacts]:
    """Return the facts of each model: of its seeds those of the first, with the median time on the same hardware.

    A model whose recipe is not the given one is marked, and one that was trained before its run.
    """
    facts: dict[str, ModelFacts] = {}
    for model in dict.fromkeys(trial.model for trial in trials):
        own = [trial for trial in trials if trial.model == model]
        first, *others = (trial.folder.read_facts() for trial in own)
        alike = [first, *(each for each in others if each.hardware == first.hardware)]
        origin, trained_on = own[0].run.origin(model)
        times = [each.ms_per_frame for each in alike if each.ms_per_frame is not None]
        facts[model] = dataclasses.replace(
            first,
            ms_per_frame=statistics.median(times) if times else None,
            own_recipe=own[0].run.trained_otherwise(model, recipe),
            origin=origin,
            trained_on=trained_on,
        )
    return facts


def specimens_of_models(trials: Sequence[MergedTrial]) -> tuple[Specimen, ...]:
    """Return what is kept to be looked at, of each model's first seed."""
    first = {trial.model: trial.folder for trial in reversed(trials)}
    models = dict.fromkeys(trial.model for trial in trials)
    return tuple(specimen for model in models for specimen in first[model].read_specimens())


def computed_with(runs: Sequence[FinishedRun]) -> dict[str, str]:
    """Return hardware and versions; where runs differ, all that occur."""
    names = dict.fromkeys(name for run in runs for name in run.computed)
    return {
        name: "; ".join(dict.fromkeys(run.computed[name] for run in runs if name in run.computed))
        for name in names
    }


def place_of_report(runs: Sequence[FinishedRun], out: str | Path | None, report: str) -> Path:
    """Return the folder for the report of some runs; without `out`, the same runs find the same place.

    Raises:
        DataError: `out` holds something else, which would be overwritten.
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
        raise DataError(f"{folder}: is a file; name another --out")
    if (folder / "run.json").exists():
        raise DataError(
            f"{folder}: is the folder of a run, whose own report would be lost; name another --out"
        )
    if folder.exists() and any(folder.iterdir()) and not (folder / report).exists():
        raise DataError(f"{folder}: exists and holds no report of lvzoo ({report}); name another --out")
    return folder


def suite_of(run: FinishedRun, zoo: Zoo) -> NoiseSuite:
    """Return the suite that a run was tested under.

    Raises:
        UsageError: no such suite is installed, or the one of that name does something else.
    """
    suite = open_suite(zoo.noise(run.suite))
    here = suite_digest(suite)
    if here != run.noise_digest:
        raise UsageError(
            f"{run.path}: was tested under another {suite.name} ({run.noise_digest}) than the one that is installed "
            f"({here}); repeat the command that made the run, in another folder"
        )
    return suite


def _refuse_other(run: FinishedRun, first: FinishedRun) -> None:
    for what, here, there in (
        ("data", f"{run.data} {run.source.fingerprint}", f"{first.data} {first.source.fingerprint}"),
        ("noise", f"{run.suite} {run.noise_digest}", f"{first.suite} {first.noise_digest}"),
    ):
        if here != there:
            raise _other(run, first, f"its {what} ({here}) are not those of {first.path} ({there})")
    if run.conditions != first.conditions:
        lacking, more = first.conditions - run.conditions, run.conditions - first.conditions
        differing = " and ".join(
            [
                *([f"lacks {_named(lacking)}"] if lacking else []),
                *([f"has {_named(more)} beyond them"] if more else []),
            ]
        )
        raise _other(run, first, f"its conditions are not those of {first.path}: it {differing}")


def _refuse_other_training(run: FinishedRun, first: FinishedRun) -> None:
    """Of runs that trained their models, all splits must be the same, and not the test frames alone."""
    if run.fingerprint != first.fingerprint:
        here, there = f"{run.data} {run.fingerprint}", f"{first.data} {first.fingerprint}"
        raise _other(run, first, f"its data ({here}) are not those of {first.path} ({there})")


def _other(run: FinishedRun, first: FinishedRun, reason: str) -> UsageError:
    return UsageError(
        f"{run.path}: {reason}; models are only ranked over the same frames under the same noise: report "
        f"{run.path.name} and {first.path.name} apart"
    )


def _named(conditions: frozenset[str]) -> str:
    """Name some conditions."""
    named = sorted(conditions)[:MOST_NAMED]
    more = f" and {len(conditions) - MOST_NAMED} more" if len(conditions) > MOST_NAMED else ""
    return f"{', '.join(named)}{more}"
