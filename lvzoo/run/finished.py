"""Reads a run folder for a comparison, whether the run is finished or not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from lvzoo.errors import DataError, explain_exception, name_some
from lvzoo.records import check_fields
from lvzoo.run.folder import RunFolder
from lvzoo.run.trial import TrialFolder
from lvzoo.types import Finding, OptionValue, Recipe, Source, model_name, trial_name
from lvzoo.types.results import Origin

NOT_BEGUN: Final = "not begun"
NOT_FINISHED: Final = "begun, not finished"
BEING_MADE: Final = "being trained or tested now"
"""Why a trial is missing."""


MOST_SEEDS: Final = 10_000
MOST_RESAMPLES: Final = 1_000_000
"""More seeds and resamples are refused. In a damaged file, they would take all memory."""


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
    failed: Mapping[str, str]
    """The failed trials by name, each with the reason."""
    missing: Mapping[str, str]
    """The trials that are not done: NOT_BEGUN, NOT_FINISHED, or BEING_MADE by an lvzoo that runs now."""
    data_options: Mapping[str, OptionValue] = field(default_factory=dict)
    """The options of the data set that are not the defaults ("camus.view")."""

    @property
    def unfinished(self) -> Mapping[str, str]:
        """The trials that are not finished, whether they failed or are missing, each with the reason."""
        return {**self.failed, **self.missing}

    def has_other_recipe(self, model: str, recipe: Mapping[str, OptionValue]) -> bool:
        """Return whether a model was trained by its own trainer, or by another recipe than the given one.

        Noise in the augmentation does not count: it decides the track, which the tables show separately.
        """
        settings = self.models[model]
        own, shared = Recipe(**settings["recipe"]), Recipe(**cast("Mapping[str, Any]", recipe))
        if own.augmented != shared.augmented:
            own = dataclasses.replace(own, augment=shared.augment)
        return settings["trainer"] is not None or own != shared

    def count_epochs(self, model: str) -> int | None:
        """Return the epochs of the recipe that a model was trained with; None if it was trained in another way."""
        settings = self.models[model]
        if settings["trainer"] is not None or self.origin(model)[0] == "foreign":
            return None
        return Recipe(**settings["recipe"]).epochs

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
        return check_fields(_parse(folder, known))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder.path}: run.json is not as this version of lvzoo writes it ({explain_exception(error)}); "
            "repeat the run in another folder"
        ) from error


def _parse(folder: RunFolder, known: Mapping[str, Any]) -> FinishedRun:
    """Return the run that run.json and the status of each trial describe."""
    settings = known["settings"]
    for name, most in (("seeds", MOST_SEEDS), ("resamples", MOST_RESAMPLES)):
        if not 0 <= settings.get(name, 0) <= most:
            raise ValueError(f"{name!r} is {settings[name]:.6g}")
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
    finished, failed, missing = _sort_trials(trials)
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
        failed=failed,
        missing=missing,
        data_options=dict(known.get("data_options", {})),
    )


def _sort_trials(
    trials: Mapping[str, TrialFolder],
) -> tuple[dict[str, TrialFolder], dict[str, str], dict[str, str]]:
    """Return the finished trials, the failed ones with their reasons, and why the others are missing."""
    finished, failed, missing = dict[str, TrialFolder](), dict[str, str](), dict[str, str]()
    for name, trial in trials.items():
        held = trial.status().get("state") != "finished" and trial.lock.is_held()
        status = trial.status()  # read again: what was held may be finished by now
        if status.get("state") == "finished":
            finished[name] = trial
        elif held:
            missing[name] = BEING_MADE
        elif status.get("state") == "failed":
            failed[name] = str(status.get("error", "failed"))
        else:
            missing[name] = NOT_FINISHED if status else NOT_BEGUN
    return finished, failed, missing


def describe_missing(missing: Mapping[str, str], trials: int) -> str:
    """Return which of a run's trials are missing, and what to do, on one line.

    >>> describe_missing({"unet-s0": NOT_BEGUN, "unet-s1": BEING_MADE}, 4)
    'missing: 2 of 4 trials (unet-s0, unet-s1 now running); run the other shards, or repeat the command of the run'
    >>> describe_missing({"unet-s1": BEING_MADE}, 4)
    'missing: 1 of 4 trials (unet-s1 now running); wait until they end'
    """
    running = [name for name, reason in missing.items() if reason == BEING_MADE]
    names = [f"{name} now running" if name in running else name for name in missing]
    advice = "run the other shards, or repeat the command of the run"
    if len(running) == len(missing):
        advice = "wait until they end"
    return f"missing: {len(missing)} of {trials} trials ({name_some(names)}); {advice}"


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
