"""A trained model by any of its names, with what is known of its origin: where it was trained, on what, how well.

Of a weights file that is its card. A trial is understood together with its run, whose `run.json` says what it was
trained on; its card is made from both, and it is the one that `lvzoo pack` writes.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from lvzoo.errors import DataError
from lvzoo.run import RunFolder, TrialFolder
from lvzoo.types import CLEAN, SPLITS, Entry, OptionValue, Phase, Recipe, Trial
from lvzoo.weights import CleanDice, Counts, TrainedOn, WeightsCard, read_card
from lvzoo.weights.locate import CARD, Located, locate


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedModel:
    """A model that is trained already; `named` is how it was asked for, `weights` its safetensors file."""

    named: str
    weights: Path
    entry: Entry
    card: WeightsCard
    trial: Path | None
    """Its trial's folder, where it is one of a run."""

    @property
    def digest(self) -> str:
        """Hash of the weights' file."""
        return hashlib.sha256(self.weights.read_bytes()).hexdigest()[:16]

    @property
    def stem(self) -> str:
        """What its file or its trial's folder is called."""
        return self.trial.resolve().name if self.trial is not None else self.weights.stem

    @property
    def place(self) -> str:
        """What holds that: the trial's run, or the file's folder."""
        inside = self.weights if self.trial is None else self.trial.resolve().parent
        return inside.resolve().parent.name

    def as_trial(self, name: str) -> Trial:
        """Return the trial that it was, under the name that it has in a ranking."""
        return Trial(
            entry=replace(self.entry, name=name),
            data=self.card.trained_on.fingerprint,
            seed=self.card.seed,
            recipe=self.card.recipe,
            code=self.card.code,
        )


def find_trained(model: str | Path, *, registries: Sequence[Path] = ()) -> TrainedModel:
    """Find a trained model: a trial's folder, a weights file, or an entry that carries weights.

    Raises:
        DataError: a file is missing or damaged, or a trial lies in no run.
        LvzooError: see `lvzoo.load`.
    """
    found = locate(model, registries=registries)
    return TrainedModel(
        named=str(model), weights=found.path, entry=found.entry, card=find_card(found), trial=found.trial
    )


def find_card(found: Located) -> WeightsCard:
    """Return the card of a model that has been located.

    Raises:
        DataError: it has none, or its trial lies in no run.
    """
    return read_card(found.path) if found.trial is None else card_of_trial(found.trial, found.entry)


def card_of_trial(folder: Path, entry: Entry) -> WeightsCard:
    """Return the card of a trial's model, from what the trial and its run say.

    Raises:
        DataError: the trial lies in no run, or a file does not say what it should.
    """
    run = RunFolder(path=folder.resolve().parent.parent)
    try:
        known = run.read()
    except DataError as error:
        raise DataError(
            f"{folder}: cannot tell what it was trained on ({error}); keep a trial in its run's folder, or pack it"
        ) from error
    try:
        trained = json.loads((folder / CARD).read_text(encoding="utf-8"))
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
            trained_on=_trained_on(known, trial["data"], folder),
            recipe=Recipe(**trial["recipe"]),
            seed=trial["seed"],
            best_epoch=trained["best_epoch"],
            lvzoo=trained["lvzoo"],
            code=trial["code"],
            started_from=_started_from(entry, trial["entry"]["options"]),
            dice=_dice(TrialFolder(path=folder), trained["best_epoch"]),
            computed=dict(trained["computed"]),
            commands=(known["command"],) if "command" in known else (),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder}: {CARD} or the run's run.json is not as this version of lvzoo writes it "
            f"({type(error).__name__}: {error}); train it again in another folder"
        ) from error


def _started_from(entry: Entry, options: Mapping[str, OptionValue]) -> str:
    """Name what the start of a training had beside its seed: such as the pretrained weights of an encoder."""
    return ", ".join(
        f"{name} {options[name]}"
        for name, option in entry.family.options.items()
        if option.training_only and options.get(name, option.default) != option.default
    )


def _trained_on(known: Mapping[str, Any], fingerprint: str, folder: Path) -> TrainedOn:
    data, splits = known["settings"]["data"], known["data"]
    if data["fingerprint"] != fingerprint:
        raise DataError(
            f"{folder}: was trained on other data ({fingerprint}) than its run's run.json says "
            f"({data['fingerprint']}); keep a trial in its own run"
        )
    return TrainedOn(
        name=data["name"],
        version=splits["test"]["version"],
        synthetic=bool(known["synthetic"]),
        fingerprint=fingerprint,
        splits={
            split: Counts(**{key: splits[split][key] for key in ("patients", "frames", "fingerprint")})
            for split in SPLITS
        },
    )


def _dice(folder: TrialFolder, best_epoch: int) -> CleanDice:
    """Return the Dice of the best epoch's validation and, if the trial is scored, of its clean test frames."""
    with (folder.path / "history.csv").open(newline="", encoding="utf-8") as file:
        val = {int(row["epoch"]): float(row["val_dice"]) for row in csv.DictReader(file)}
    if folder.status().get("state") != "finished":
        return CleanDice(val=val.get(best_epoch))
    scores = folder.read_scores()
    clean = scores[scores["corruption"] == CLEAN.corruption]
    means = {
        name: _known(clean[of].groupby("patient")["dice"].mean().mean())
        for name, of in {
            "test": clean["phase"].notna(),
            **{f"test_{phase.lower()}": clean["phase"] == phase for phase in get_args(Phase)},
        }.items()
    }
    return CleanDice(val=val.get(best_epoch), **means)


def _known(mean: float) -> float | None:
    """Return a mean, or None where it is of nothing (NaN)."""
    return float(mean) if mean == mean else None  # noqa: PLR0124 - NaN is not itself
