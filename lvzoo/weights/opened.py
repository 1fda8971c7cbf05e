"""Opens the models that predict clips: their networks, and what the results say about them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from lvzoo.errors import DataError, LvzooError, UsageError, show_name
from lvzoo.weights.calibration import name_data
from lvzoo.weights.card import WeightsCard
from lvzoo.weights.carried import DEFAULT_MODELS
from lvzoo.weights.locate import Located, locate
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import digest_file, find_card

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedModel:
    """A network that is ready to predict, and what is known of it.

    `named` is the name that the caller gave, and `digest` the hash of its weights file. Unlike a `TrainedModel`, it
    may have no card: a trial that was moved out of its run still predicts.
    """

    named: str
    network: nn.Module
    digest: str
    card: WeightsCard | None

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
        UsageError: no model is named, or two names mean the same weights.
        LvzooError: a model is not available.
    """
    if models is None:
        try:
            return [_open_model(model, registries) for model in DEFAULT_MODELS]
        except LvzooError as error:
            raise type(error)(f"the bundled model is not available: {error}") from error
    named = [models] if isinstance(models, str | Path) else list(models)
    if not named:
        raise UsageError("no model is named; name one, or leave the argument out for the model in the box")
    opened = [_open_model(model, registries) for model in named]
    for number, model in enumerate(opened):
        same = next((other.named for other in opened[:number] if other.digest == model.digest), None)
        if same == model.named:
            raise UsageError(f"{same} is named twice; name it once")
        if same is not None:
            raise UsageError(
                f"{same} and {model.named} are the same weights, so a mean of them says nothing more; name one"
            )
    return opened


def _open_model(model: str | Path, registries: Sequence[Path]) -> OpenedModel:
    found = locate(model, registries=registries)
    return OpenedModel(
        named=show_name(model),
        network=read_model(found),
        digest=digest_file(found.path),
        card=_find_card(model, found),
    )


def _find_card(model: str | Path, found: Located) -> WeightsCard | None:
    """Return the card of a model, or None if it is not known. Logs a warning if it was trained on synthetic data."""
    try:
        card = find_card(found)
    except DataError as error:  # a trial that was moved out of its run
        log.warning("%s", error)
        return None
    if card.trained_on.synthetic:
        log.warning("%s was trained on %s; check the overlay", model, _describe_simulated(card))
    return card


def _describe_simulated(card: WeightsCard) -> str:
    """Return what a model that was trained on synthetic data has seen, and whether that includes real patients."""
    border = card.calibration
    if border is None or border.synthetic:
        return f"{card.data}, without real patients"
    return f"{card.trained_on}, and only its border was fitted to real patients ({name_data(border)})"
