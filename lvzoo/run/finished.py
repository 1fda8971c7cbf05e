"""What a run folder tells of a run that has been made, finished or not: what a comparison reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lvzoo.errors import DataError
from lvzoo.run.folder import RunFolder
from lvzoo.run.trial import TrialFolder
from lvzoo.types import Finding, OptionValue, Recipe, Source, model_name

UNFINISHED: Final = "not finished; the command that began the run goes on with it"


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishedRun:
    """A run as it lies on the disk; `finished` and `unfinished` are its trials by name."""

    path: Path
    data: str
    fingerprint: str
    suite: str
    noise_digest: str
    conditions: frozenset[str]
    resamples: int
    source: Source
    """Of the test frames."""
    splits: Mapping[str, Mapping[str, int]]
    recipe: Mapping[str, OptionValue]
    """The one that the run's entries share."""
    models: Mapping[str, Mapping[str, Any]]
    """The settings of each entry, by what it is called in tables."""
    seeds: int
    computed: Mapping[str, str]
    finished: Mapping[str, TrialFolder]
    unfinished: Mapping[str, str]
    """Why a trial is not among the finished ones."""

    def trials_of(self, model: str) -> Iterator[str]:
        """Return the names of a model's trials, seed by seed."""
        return _names(model, self.seeds)

    def trained_otherwise(self, model: str, recipe: Mapping[str, OptionValue]) -> bool:
        """Tell whether a model was trained by a trainer of its own, or by another recipe than the one given.

        The augmentation does not count: it decides the track, which every table names by itself.
        """
        settings = self.models[model]
        own = {**settings["recipe"], "augment": None}
        return settings["trainer"] is not None or own != {**recipe, "augment": None}


def read_run(path: str | Path) -> FinishedRun:
    """Read what a run folder tells.

    Raises:
        DataError: there is no run, or run.json does not say what it should.
    """
    folder = RunFolder(path=Path(path))
    known = folder.read()
    try:
        return _understand(folder, known)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder.path}: run.json is not as this version of lvzoo writes it ({type(error).__name__}: {error}); "
            "make the run again in another folder"
        ) from error


def _understand(folder: RunFolder, known: Mapping[str, Any]) -> FinishedRun:
    settings = known["settings"]
    models = {
        model_name(name, Recipe(**entry["recipe"])): entry for name, entry in settings["entries"].items()
    }
    states = {name: folder.trial(name) for model in models for name in _names(model, int(settings["seeds"]))}
    done = {name: trial for name, trial in states.items() if trial.status().get("state") == "finished"}
    return FinishedRun(
        path=folder.path,
        data=settings["data"]["name"],
        fingerprint=settings["data"]["fingerprint"],
        suite=settings["suite"],
        noise_digest=settings["noise"],
        conditions=frozenset(settings["conditions"]),
        resamples=int(settings["resamples"]),
        source=_source(settings, known),
        splits={
            split: {"patients": counts["patients"], "frames": counts["frames"]}
            for split, counts in known["data"].items()
        },
        recipe=dataclasses.asdict(Recipe(**settings["recipe"])),
        models=models,
        seeds=int(settings["seeds"]),
        computed=known["computed"],
        finished=done,
        unfinished={
            name: str(trial.status().get("error", UNFINISHED))
            for name, trial in states.items()
            if name not in done
        },
    )


def _names(model: str, seeds: int) -> Iterator[str]:
    for seed in range(seeds):
        yield f"{model}-s{seed}"


def _source(settings: Mapping[str, Any], known: Mapping[str, Any]) -> Source:
    test = known["data"]["test"]
    return Source(
        name=settings["data"]["name"],
        version=test["version"],
        fingerprint=test["fingerprint"],
        synthetic=bool(known["synthetic"]),
        findings=tuple(Finding(**finding) for finding in known["findings"]),
        reader_dice=known["reader_dice"],
    )
