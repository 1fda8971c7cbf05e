"""Opens the models that predict clips: their networks, and what the results say about them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from torch import nn

from lvzoo.arguments import list_paths
from lvzoo.errors import DataError, LvzooError, UsageError, show_name
from lvzoo.types import Kind
from lvzoo.weights.calibration import name_data
from lvzoo.weights.card import WeightsCard
from lvzoo.weights.carried import DEFAULT_MODELS, OTHER_KIND
from lvzoo.weights.locate import Located, locate
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import digest_file, find_card

DIGITS: Final = 8
"""How many digits of the hash of its weights tell a model from another of the same name."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedModel:
    """A network that is ready to predict, and what is known of it.

    `named` is what the caller gave, perhaps a path with the user's name in it, so it stands in messages only. `name`
    stands in files: the entry's name, the file's without its suffix, that of the trial's folder, or that of the
    repository on the hub. `digest` is the hash of the weights file. `hub` is the pinned name, if the model is on the
    hub. Unlike a `TrainedModel`, it may have no card: a trial that was moved out of its run still predicts.
    """

    named: str
    name: str
    kind: Kind
    network: nn.Module
    digest: str
    card: WeightsCard | None
    hub: str | None = None

    @property
    def uncalibrated(self) -> str:
        """The hash of the weights file before its border was calibrated; `digest` if it was not."""
        calibration = None if self.card is None else self.card.calibration
        return self.digest if calibration is None else calibration.weights

    @property
    def data(self) -> str | None:
        """The data that the model has seen, in training and for its border; None if they are not known."""
        return None if self.card is None else self.card.data


def open_models(
    models: str | Path | Sequence[str | Path] | None, *, registries: Sequence[Path] = ()
) -> list[OpenedModel]:
    """Open one model or several; None: DEFAULT_MODELS. `lvzoo.load` says what a model may be.

    Logs a warning for models that have seen no real patient.

    Raises:
        UsageError: no model is named, or two names mean the same weights, perhaps with two calibrations.
        LvzooError: a model is not available.
    """
    if models is None:
        try:
            return [_open_model(model, registries) for model in DEFAULT_MODELS]
        except LvzooError as error:
            raise type(error)(f"the bundled model is not available: {error}") from error
    named = list_paths(models, "model")
    if any("," in str(model) and not Path(model).exists() for model in named):
        several = " ".join(f"--model {name.strip()}" for model in named for name in str(model).split(","))
        raise UsageError(f"name each model by itself: {several} (a list in Python)")
    if not named:
        raise UsageError("no model is named; name one, or leave the argument out for the model in the box")
    opened = [_open_model(model, registries) for model in named]
    for one, other in combinations(opened, 2):
        _check_different(one, other)
    return opened


def _check_different(one: OpenedModel, other: OpenedModel) -> None:
    """Raise UsageError if a mean of two models says nothing more than one of them."""
    if (one.named, one.digest) == (other.named, other.digest):
        raise UsageError(f"{one.named} is named twice; name it once")
    if one.digest == other.digest:
        raise UsageError(
            f"{one.named} and {other.named} are the same weights, so a mean of them says nothing more; name one"
        )
    if one.uncalibrated == other.uncalibrated:
        raise UsageError(
            f"{one.named} and {other.named} differ in their calibrations only, so a mean of them is no second "
            "opinion; name one, or calibrate once on the frames of both"
        )


def name_apart(models: Sequence[OpenedModel]) -> list[str]:
    """Return the name of each model. Where several have the same, the first digits of their hashes are added."""
    counts = Counter(model.name for model in models)
    return [
        model.name if counts[model.name] == 1 else f"{model.name} ({model.digest[:DIGITS]})"
        for model in models
    ]


def open_check(models: Sequence[OpenedModel]) -> OpenedModel | None:
    """Open the model of lvzoo that gives a second opinion on an answer: the model in the box of the other kind.

    Masks and landmarks fail in different ways. So None is returned if both kinds answer: they check each other. None
    is returned too, with a warning in the log, if that model is not available.
    """
    kinds = {model.kind for model in models}
    if len(kinds) > 1:
        return None
    [kind] = kinds
    name = OTHER_KIND[kind]
    try:
        return _open_model(name, (), warn=False)
    except LvzooError as error:
        log.warning("the second opinion of %s is missing: %s", name, error)
        return None


def _open_model(model: str | Path, registries: Sequence[Path], *, warn: bool = True) -> OpenedModel:
    found = locate(model, registries=registries)
    return OpenedModel(
        named=show_name(model),
        name=_choose_name(model, found),
        kind=found.entry.family.kind,
        network=read_model(found),
        digest=digest_file(found.path),
        card=_find_card(model, found, warn=warn),
        hub=None if found.hub is None else str(found.hub),
    )


def _choose_name(model: str | Path, found: Located) -> str:
    """Return the name of a model without the folders above it."""
    if found.trial is not None:
        return show_name(found.trial.resolve().name)  # the folder may be given as `.`
    if found.hub is not None:
        return found.hub.stem
    is_file = Path(model).exists() and found.path.samefile(model)
    return show_name(found.path.stem if is_file else found.entry.name)


def _find_card(model: str | Path, found: Located, *, warn: bool) -> WeightsCard | None:
    """Return the card of a model, or None if it is not known. Logs a warning if it was trained on synthetic data."""
    try:
        card = find_card(found)
    except DataError as error:  # a trial that was moved out of its run
        log.warning("%s", error)
        return None
    if warn and card.trained_on.synthetic:
        log.warning("%s was trained on %s; check the overlay", model, _describe_simulated(card))
    return card


def _describe_simulated(card: WeightsCard) -> str:
    """Return what a model that was trained on synthetic data has seen, and whether that includes real patients."""
    border = card.calibration
    if border is None or border.synthetic:
        return f"{card.data}, without real patients"
    return f"{card.trained_on}, and only its border was fitted to real patients ({name_data(border)})"
