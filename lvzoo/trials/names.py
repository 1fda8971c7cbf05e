"""Who is scored under which name: trained models come from anywhere, and no two of a table may have one name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lvzoo.errors import UsageError
from lvzoo.types import model_name
from lvzoo.weights.trained import TrainedModel


@dataclass(frozen=True, kw_only=True, slots=True)
class Contestant:
    """A trained model, and the name that its entry has in the ranking."""

    model: TrainedModel
    name: str

    @property
    def called(self) -> str:
        """What the model is called in every table."""
        return model_name(self.name, self.model.card.recipe)


def name_contestants(models: Sequence[TrainedModel]) -> list[Contestant]:
    """Give each model its name: its entry's, or of unlike ones that share it, their files'.

    Raises:
        UsageError: no model is given, one is given twice, or two would have one name all the same.
    """
    if not models:
        raise UsageError("no model is named; name a trial's folder, a weights file or an entry with weights")
    contestants = [Contestant(model=model, name=_name(model, models)) for model in models]
    first: dict[str, list[TrainedModel]] = {}
    for each in contestants:
        before = first.setdefault(each.called, [])
        for other in before:
            _refuse_one_name(each, other)
        before.append(each.model)
    return contestants


def _name(model: TrainedModel, models: Sequence[TrainedModel]) -> str:
    """Return a model's name among those that are scored with it."""
    alike = [each for each in models if _own_name(each) == _own_name(model)]
    if _are_seeds(alike):
        return model.entry.name
    stems = [each.stem for each in alike]
    return _bare(model.stem if len(set(stems)) == len(stems) else f"{model.place}-{model.stem}")


def _own_name(model: TrainedModel) -> str:
    return model_name(model.entry.name, model.card.recipe)


def _are_seeds(models: Sequence[TrainedModel]) -> bool:
    """Tell whether models are one, trained by several seeds."""
    keys = {model.as_trial("x").model_key for model in models}
    return len(keys) == 1 and len({model.card.seed for model in models}) == len(models)


def _refuse_one_name(contestant: Contestant, other: TrainedModel) -> None:
    """Refuse two models of one name that are not one model's seeds."""
    model = contestant.model
    if not _are_seeds([model, other]):
        seeds = ", ".join(dict.fromkeys(str(each.card.seed) for each in (other, model)))
        raise UsageError(
            f"{other.named} and {model.named} would both be called {contestant.called!r} with seed {seeds}; leave "
            "one out, or rename its file"
        )


def _bare(name: str) -> str:
    """Return a file's name without what `model_name` adds to it."""
    return name.replace("+noise", "")
