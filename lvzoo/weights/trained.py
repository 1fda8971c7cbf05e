"""Finds a trained model together with its card, which says how and on what it was trained.

A weights file holds its card. The card of a trial is made from the trial's files and from its run's `run.json`, which
names the training data. `lvzoo pack` writes this card into the weights file.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lvzoo.errors import DataError, explain_exception
from lvzoo.files import read_json
from lvzoo.run import RunFolder, TrialFolder, digest
from lvzoo.types import CLEAN, SPLITS, Entry, OptionValue, Recipe, Trial
from lvzoo.weights import CleanDice, Counts, TrainedOn, WeightsCard, read_card
from lvzoo.weights.hub_name import HubName
from lvzoo.weights.locate import CARD, Located, locate


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedModel:
    """A model that was trained before. `named` is the name that the caller gave, `weights` its safetensors file."""

    named: str
    weights: Path
    entry: Entry
    card: WeightsCard
    trial: Path | None
    """Its trial's folder, if it belongs to a run."""
    hub: HubName | None = None
    """Its pinned name, if it comes from the hub."""

    @property
    def located(self) -> Located:
        """Where it is, as `read_model` takes it."""
        return Located(path=self.weights, entry=self.entry, trial=self.trial, hub=self.hub)

    @property
    def digest(self) -> str:
        """Hash of the weights file."""
        return digest_file(self.weights)

    @property
    def stem(self) -> str:
        """The name of its weights file, of its trial's folder, or of its repository on the hub."""
        if self.hub is not None:
            return self.hub.stem
        return self.trial.resolve().name if self.trial is not None else self.weights.stem

    @property
    def place(self) -> str:
        """The name of the folder of the weights file, of the trial's run, or of the owner on the hub."""
        if self.hub is not None:
            return self.hub.place
        inside = self.weights if self.trial is None else self.trial.resolve().parent
        return inside.resolve().parent.name

    def as_trial(self, name: str) -> Trial:
        """Return the trial that trained it, with the entry's name in a ranking.

        A model that was calibrated is another one, and two that were calibrated on other frames differ too.
        """
        moved = self.card.calibration
        calibrated_on = [] if moved is None else [moved.fingerprint, moved.split, moved.frames]
        return Trial(
            entry=replace(self.entry, name=name),
            data=self.card.trained_on.fingerprint,
            seed=self.card.seed,
            recipe=self.card.recipe,
            code=digest([self.card.code, *calibrated_on]) if calibrated_on else self.card.code,
        )


def digest_file(path: Path) -> str:
    """Return the hash of a weights file, in 16 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def find_trained(model: str | Path, *, registries: Sequence[Path] = ()) -> TrainedModel:
    """Find a trained model: a trial's folder, a weights file here or on the hub, or an entry that carries weights.

    Raises:
        DataError: a file is missing or damaged, or a trial lies in no run.
        LvzooError: see `lvzoo.load`.
    """
    found = locate(model, registries=registries)
    return TrainedModel(
        named=str(model),
        weights=found.path,
        entry=found.entry,
        card=find_card(found),
        trial=found.trial,
        hub=found.hub,
    )


def find_card(found: Located) -> WeightsCard:
    """Return the card of a model that has been located.

    Raises:
        DataError: it has none, or its trial lies in no run.
    """
    return read_card(found.path) if found.trial is None else read_trial_card(found.trial, found.entry)


def read_trial_card(folder: Path, entry: Entry) -> WeightsCard:
    """Return the card of a trial's model, made from the files of the trial and its run.

    Raises:
        DataError: the trial lies in no run, or a file is damaged.
    """
    run = RunFolder(path=folder.resolve().parent.parent)
    try:
        known = run.read()
    except DataError as error:
        raise DataError(
            f"{folder}: cannot tell what it was trained on ({error}); keep a trial in its run's folder, or pack it"
        ) from error
    try:
        trained = read_json(folder / CARD)
        trial = trained["trial"]
        return WeightsCard(
            entry=entry.name,
            kind=entry.family.kind,
            family=entry.family.name,
            plugin=entry.plugin,
            options=dict(trial["entry"]["options"]),
            summary=entry.summary,
            paper=entry.paper,
            licence=entry.licence,
            trained_on=_read_trained_on(known, trial["data"], folder),
            recipe=Recipe.read(trial["recipe"]),
            seed=trial["seed"],
            best_epoch=trained["best_epoch"],
            lvzoo=trained["lvzoo"],
            code=trial["code"],
            started_from=_describe_start(entry, trial["entry"]["options"]),
            dice=_read_dice(TrialFolder(path=folder), trained["best_epoch"]),
            computed=dict(trained["computed"]),
            commands=(known["command"],) if "command" in known else (),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder}: {CARD} or the run's run.json is not as this version of lvzoo writes it "
            f"({explain_exception(error)}); train it again in another folder"
        ) from error


def _describe_start(entry: Entry, options: Mapping[str, OptionValue]) -> str:
    """Return the options that only the start of the training used, for example an encoder's pretrained weights."""
    return ", ".join(
        f"{name} {options[name]}"
        for name, option in entry.family.options.items()
        if option.training_only and options.get(name, option.default) != option.default
    )


def _read_trained_on(known: Mapping[str, Any], fingerprint: str, folder: Path) -> TrainedOn:
    data, splits = known["settings"]["data"], known["data"]
    if data["fingerprint"] != fingerprint:
        raise DataError(
            f"{folder}: was trained on other data ({fingerprint}) than its run's run.json says "
            f"({data['fingerprint']}); move the trial back into its own run"
        )
    return TrainedOn(
        name=data["name"],
        version=splits["test"]["version"],
        synthetic=bool(known["synthetic"]),
        fingerprint=fingerprint,
        splits={
            split: Counts(
                **{key: splits[split][key] for key in ("patients", "frames", "fingerprint")},
                names=splits[split].get("names", ""),  # earlier versions did not write it
            )
            for split in SPLITS
        },
    )


def _read_dice(folder: TrialFolder, best_epoch: int) -> CleanDice:
    """Return the validation Dice of the best epoch and, if the trial is scored, the Dice on clean test frames."""
    with (folder.path / "history.csv").open(newline="", encoding="utf-8") as file:
        val = {int(row["epoch"]): float(row["val_dice"]) for row in csv.DictReader(file)}
    if folder.status().get("state") != "finished":
        return CleanDice(val=val.get(best_epoch))
    scores = folder.read_scores()
    clean = scores[scores["corruption"] == CLEAN.corruption]
    of_phase = {f"test_{str(phase).lower()}": frames for phase, frames in clean.groupby("phase")}
    means = {
        name: float(frames.groupby("patient")["dice"].mean().mean())
        for name, frames in {"test": clean, **of_phase}.items()
        if len(frames)
    }
    return CleanDice(val=val.get(best_epoch), **means)
