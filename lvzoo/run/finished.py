"""Reads a run folder for a comparison, whether the run is finished or not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from lvzoo.errors import DataError, explain_exception
from lvzoo.run.folder import RunFolder
from lvzoo.run.trial import TrialFolder
from lvzoo.types import Finding, OptionValue, Recipe, Source, model_name, trial_name
from lvzoo.types.results import Origin

UNFINISHED: Final = "not finished; repeat the command that began the run to go on"


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishedRun:
    """A run as read from disk."""

    path: Path
    fingerprint: str | None
    """Digest of the splits that the run trained on; None if its models were trained before."""
    suite: str
    noise_digest: str
    conditions: frozenset[str]
    resamples: int
    source: Source
    """The source of the test frames."""
    splits: Mapping[str, Mapping[str, int]]
    recipe: Mapping[str, OptionValue]
    """The recipe that the run's entries share."""
    models: Mapping[str, Mapping[str, Any]]
    """The settings of each entry, by the model's name in tables."""
    computed: Mapping[str, str]
    model_of: Mapping[str, str]
    """The model of each trial, in the order of models and seeds."""
    weights: Mapping[str, str]
    """The digest of the weights of each trial whose model was trained before the run. Early runs lack it."""
    files: Mapping[str, str]
    """The name of the file or folder that holds these weights, without suffix. Early runs lack it."""
    finished: Mapping[str, TrialFolder]
    """The finished trials by name, in the same order."""
    unfinished: Mapping[str, str]
    """The other trials by name, each with the reason."""

    def has_other_recipe(self, model: str, recipe: Mapping[str, OptionValue]) -> bool:
        """Return whether a model was trained by its own trainer, or by another recipe than the given one.

        Noise in the augmentation does not count: it decides the track, which the tables show separately.
        """
        settings = self.models[model]
        own, shared = Recipe(**settings["recipe"]), Recipe(**cast("Mapping[str, Any]", recipe))
        if own.augmented != shared.augmented:
            own = dataclasses.replace(own, augment=shared.augment)
        return settings["trainer"] is not None or own != shared

    def origin(self, model: str) -> tuple[Origin, str]:
        """Return where a model was trained, and on which data if it was not trained by this run."""
        before = self.models[model].get("trained_on")
        return ("run", "") if before is None else (before["origin"], before["data"])

    def calibration(self, model: str) -> tuple[str, bool]:
        """Return the data on which a model's border was calibrated, and whether they are the tested frames."""
        moved = self.models[model].get("calibrated_on")
        return ("", False) if moved is None else (moved["data"], moved["seen"])


def read_run(path: str | Path) -> FinishedRun:
    """Read a run folder.

    Raises:
        DataError: there is no run, or run.json lacks something.
    """
    folder = RunFolder(path=Path(path))
    known = folder.read()
    try:
        return _parse(folder, known)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder.path}: run.json is not as this version of lvzoo writes it ({explain_exception(error)}); "
            "repeat the run in another folder"
        ) from error


def _parse(folder: RunFolder, known: Mapping[str, Any]) -> FinishedRun:
    """Return the run that run.json and the status of each trial describe."""
    settings = known["settings"]
    # a run of models that were trained before names each model and its seeds; a benchmark counts seeds from 0
    models = {
        entry.get("model") or model_name(name, Recipe(**entry["recipe"])): entry
        for name, entry in settings["entries"].items()
    }
    model_of = {
        trial_name(model, seed): model
        for model, entry in models.items()
        for seed in (entry["seeds"] if "seeds" in entry else range(settings["seeds"]))
    }
    weights = {
        trial_name(model, seed): weights
        for model, entry in models.items()
        for seed, weights in zip(entry.get("seeds", ()), entry.get("weights", ()), strict=False)
    }
    trials = {name: folder.trial(name) for name in model_of}
    statuses = {name: trial.status() for name, trial in trials.items()}
    finished = {name: trials[name] for name, status in statuses.items() if status.get("state") == "finished"}
    return FinishedRun(
        path=folder.path,
        fingerprint=settings["data"].get("fingerprint"),
        suite=settings["suite"],
        noise_digest=settings["noise"],
        conditions=frozenset(settings["conditions"]),
        resamples=int(settings["resamples"]),
        source=_parse_source(settings, known),
        splits={
            split: {"patients": counts["patients"], "frames": counts["frames"]}
            for split, counts in known["data"].items()
        },
        recipe=dataclasses.asdict(Recipe(**settings["recipe"])),
        models=models,
        computed=known["computed"],
        model_of=model_of,
        weights=weights,
        files=dict(known.get("files", {})),
        finished=finished,
        unfinished={
            name: str(status.get("error", UNFINISHED))
            for name, status in statuses.items()
            if name not in finished
        },
    )


def _parse_source(settings: Mapping[str, Any], known: Mapping[str, Any]) -> Source:
    test = known["data"]["test"]
    return Source(
        name=settings["data"]["name"],
        version=test["version"],
        fingerprint=test["fingerprint"],
        synthetic=bool(known["synthetic"]),
        findings=tuple(Finding(**finding) for finding in known["findings"]),
        reader_dice=known["reader_dice"],
    )
