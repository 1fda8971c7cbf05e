"""Opens the models that predict clips: their networks, and what the results say about them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from lvzoo.errors import DataError, LvzooError, UsageError, show_name
from lvzoo.weights.carried import DEFAULT_MODELS
from lvzoo.weights.locate import Located, locate
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import digest_file, find_card

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedModel:
    """A trained model that is ready to predict.

    `named` is the name that the caller gave, and `digest` the hash of its weights file. `trained_on` says on which
    data it was trained; it is None if that is not known.
    """

    named: str
    network: nn.Module
    digest: str
    trained_on: str | None


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
        same = [other.named for other in opened[:number] if other.digest == model.digest]
        if same:
            raise UsageError(
                f"{same[0]} and {model.named} are the same weights, so a mean of them says nothing more; name one"
                if same[0] != model.named
                else f"{model.named} is named twice; name it once"
            )
    return opened


def _open_model(model: str | Path, registries: Sequence[Path]) -> OpenedModel:
    found = locate(model, registries=registries)
    return OpenedModel(
        named=show_name(model),
        network=read_model(found),
        digest=digest_file(found.path),
        trained_on=_tell_training_data(model, found),
    )


def _tell_training_data(model: str | Path, found: Located) -> str | None:
    """Return on what a model was trained, or None if that is not known. Logs a warning for synthetic data."""
    try:
        trained_on = find_card(found).trained_on
    except DataError as error:  # a trial that was moved out of its run
        log.warning("%s", error)
        return None
    if trained_on.synthetic:
        log.warning("%s was trained on %s, without real patients; check the overlay", model, trained_on)
    return str(trained_on)
