"""What a run folder tells of a run that has been made, finished or not: what a comparison reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from lvzoo.errors import DataError
from lvzoo.run.folder import RunFolder
from lvzoo.run.trial import TrialFolder
from lvzoo.types import Finding, OptionValue, Recipe, Source, model_name, trial_name
from lvzoo.types.results import Origin

UNFINISHED: Final = "not finished; the command that began the run goes on with it"


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishedRun:
    """A run as it lies on the disk; `finished` and `unfinished` are its trials by name."""

    path: Path
    data: str
    fingerprint: str | None
    """Of all splits, by which the run's models were trained; None where they were trained before."""
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
    seeds: Mapping[str, tuple[int, ...]]
    """Of each model."""
    computed: Mapping[str, str]
    finished: Mapping[str, TrialFolder]
    unfinished: Mapping[str, str]
    """Why a trial is not among the finished ones."""

    def trials_of(self, model: str) -> Iterator[str]:
        """Return the names of a model's trials, seed by seed."""
        return (trial_name(model, seed) for seed in self.seeds[model])

    def trained_otherwise(self, model: str, recipe: Mapping[str, OptionValue]) -> bool:
        """Tell whether a model was trained by a trainer of its own, or by another recipe than the one given.

        Noise in the augmentation does not count: it decides the track, which every table names by itself.
        """
        settings = self.models[model]
        own, shared = Recipe(**settings["recipe"]), Recipe(**cast("Mapping[str, Any]", recipe))
        if own.augmented != shared.augmented:
            own = dataclasses.replace(own, augment=shared.augment)
        return settings["trainer"] is not None or own != shared

    def origin(self, model: str) -> tuple[Origin, str]:
        """Return where a model was trained, and on what if not by this run."""
        before = self.models[model].get("trained_on")
        return ("run", "") if before is None else (before["origin"], before["data"])


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
        entry.get("model") or model_name(name, Recipe(**entry["recipe"])): entry
        for name, entry in settings["entries"].items()
    }
    seeds = {
        model: tuple(entry["seeds"] if "seeds" in entry else range(settings["seeds"]))
        for model, entry in models.items()
    }
    names = [trial_name(model, seed) for model in models for seed in seeds[model]]
    states = {name: folder.trial(name) for name in names}
    done = {name: trial for name, trial in states.items() if trial.status().get("state") == "finished"}
    return FinishedRun(
        path=folder.path,
        data=settings["data"]["name"],
        fingerprint=settings["data"].get("fingerprint"),
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
        seeds=seeds,
        computed=known["computed"],
        finished=done,
        unfinished={
            name: str(trial.status().get("error", UNFINISHED))
            for name, trial in states.items()
            if name not in done
        },
    )


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
