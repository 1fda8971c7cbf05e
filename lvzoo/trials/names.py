"""Names trained models for a ranking. They come from anywhere, and no two may have the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from lvzoo.errors import UsageError, show_name
from lvzoo.types import model_name
from lvzoo.weights.trained import TrainedModel

CALIBRATED: Final = "-calibrated"
"""The end of the name of a model whose border was moved. `lvzoo calibrate` names its files in the same way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedModel:
    """A trained model, and the name that its entry has in the ranking."""

    model: TrainedModel
    name: str

    @property
    def shown_name(self) -> str:
        """The model's name in every table."""
        return model_name(self.name, self.model.card.recipe)


def name_models(models: Sequence[TrainedModel]) -> list[NamedModel]:
    """Return each model with its name: its entry's, or its file's if different models share that name.

    The name of a calibrated model ends with `-calibrated` instead of passing for that of its entry.

    Raises:
        UsageError: no model is given, two have the same weights, or two would still have the same name.
    """
    if not models:
        raise UsageError("no model is named; name a trial's folder, a weights file or an entry with weights")
    _check_different(models)
    named = [NamedModel(model=model, name=_choose_name(model, models)) for model in models]
    for one, other in combinations(named, 2):
        if one.shown_name == other.shown_name and not _differ_in_seed_only([one.model, other.model]):
            seeds = ", ".join(dict.fromkeys(str(each.model.card.seed) for each in (one, other)))
            raise UsageError(
                f"{one.model.named} and {other.model.named} would both be called {one.shown_name!r} with seed "
                f"{seeds}; leave one out, or rename its file"
            )
    return named


def _choose_name(model: TrainedModel, models: Sequence[TrainedModel]) -> str:
    """Return a model's name among all models that are ranked."""
    same_entry = [each for each in models if _entry_name(each) == _entry_name(model)]
    if _differ_in_seed_only(same_entry):
        return _name_entry(model)
    stems = [each.stem for each in same_entry]
    name = model.stem if len(set(stems)) == len(stems) else f"{model.place}-{model.stem}"
    return as_folder_name(name.replace("+noise", ""))  # `model_name` adds this again


def as_folder_name(name: str) -> str:
    r"""Turn the name of a file into the name of a model, which is shown in tables and names a folder.

    >>> as_folder_name("net\x1b[2K")
    'net_x1b[2K'
    """
    return show_name(name).replace("\\", "_")


def _check_different(models: Sequence[TrainedModel]) -> None:
    """Raise UsageError if two models are the same: a file may be given twice, or there may be a copy of it.

    Models of different entries are different even if their weights are equal, because their networks may differ.
    """
    first: dict[tuple[str, str, str], TrainedModel] = {}
    for model in models:
        identity = (model.entry.name, model.as_trial("x").key, model.digest)
        other = first.setdefault(identity, model)
        if other is not model:
            raise UsageError(f"{other.named} and {model.named} hold the same weights; leave one out")


def _entry_name(model: TrainedModel) -> str:
    return model_name(_name_entry(model), model.card.recipe)


def _name_entry(model: TrainedModel) -> str:
    """Return the name of a model's entry, and that it is calibrated."""
    name = model.entry.name
    return name if model.card.calibration is None else f"{name.removesuffix(CALIBRATED)}{CALIBRATED}"


def _differ_in_seed_only(models: Sequence[TrainedModel]) -> bool:
    """Return whether models are the same model, trained with different seeds."""
    keys = {model.as_trial("x").model_key for model in models}
    return len(keys) == 1 and len({model.card.seed for model in models}) == len(models)
