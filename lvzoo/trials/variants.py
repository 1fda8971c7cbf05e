"""Tells models of one name apart when the trials of several runs are merged.

Two weights files may have equal cards but different weights. They are two models. The same file in two runs is one
model, even if the runs give it different names. The digests of the files decide.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

import pandas as pd

from lvzoo.errors import name_some, show_name
from lvzoo.run import FinishedRun, TrialFolder
from lvzoo.types import Scores
from lvzoo.types.results import Specimen

DIGITS: Final = 6
"""How many digits of a digest a name shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MergedTrial:
    """A finished trial, and the run that it comes from."""

    name: str
    own_model: str
    """The name of its model in its own run."""
    model: str
    """The name of its model in the merged ranking."""
    model_key: str | None
    """Hash of everything that its model's weights depend on, except the seed."""
    weights: str | None
    """The digest of its weights file, if it is known."""
    run: FinishedRun
    folder: TrialFolder

    @property
    def trained(self) -> bool:
        """Whether its run trained it, instead of scoring a model that was trained before."""
        return self.run.fingerprint is not None

    def read_scores(self, *, compact: bool = False) -> Scores:
        """Return its scores, with the model's name in the merged ranking; `TrialFolder` explains `compact`."""
        scores = self.folder.read_scores(compact=compact)
        model = pd.Categorical([self.model]).repeat(len(scores)) if compact else self.model
        return scores.assign(model=model)

    def read_specimens(self) -> Iterator[Specimen]:
        """Yield its example frames, with the model's name in the merged ranking."""
        for specimen in self.folder.read_specimens():
            yield dataclasses.replace(specimen, model=self.model)


Variant: TypeAlias = dict[str, MergedTrial]
"""The trials of one model, by name."""


def tell_apart(trials: Sequence[MergedTrial]) -> Iterator[MergedTrial]:
    """Yield the trials in their order, each once, with the names of their models in the merged ranking.

    The trials of a run must be consecutive, and within a run those of one model.
    """
    variants: list[Variant] = []
    for own in _group(trials):
        if any(_holds(variant, own) for variant in variants):
            continue
        home = next((variant for variant in variants if _is_same_model(variant, own)), None)
        if home is None:
            variants.append(own)
        else:
            home.update({name: trial for name, trial in own.items() if name not in home})
    shown = {
        (trial.run.path, trial.name): name
        for name, variant in zip(_name_variants(variants), variants, strict=True)
        for trial in variant.values()
    }
    for trial in trials:
        if name := shown.pop((trial.run.path, trial.name), None):
            yield dataclasses.replace(trial, model=name)


def _group(trials: Iterable[MergedTrial]) -> list[Variant]:
    """Return the trials of each model of each run. Models that their run trained come first."""
    groups = groupby(trials, key=lambda trial: (trial.run.path, trial.own_model))
    owns = [{trial.name: trial for trial in group} for _, group in groups]
    return sorted(owns, key=lambda own: not next(iter(own.values())).trained)


def _holds(variant: Variant, own: Variant) -> bool:
    """Return whether a variant already contains every weights file of a run that only scored.

    The files may have other names there. The keys must agree too, because networks with different code may have the
    same weights.
    """
    runs = {trial.run.path for trial in own.values()}
    there = {(trial.weights, trial.model_key) for trial in variant.values() if trial.run.path not in runs}
    return all(
        not trial.trained and trial.weights is not None and (trial.weights, trial.model_key) in there
        for trial in own.values()
    )


def _is_same_model(variant: Variant, own: Variant) -> bool:
    """Return whether a run's trials belong to a variant: they have its name, and shared seeds have equal weights."""
    one, other = next(iter(variant.values())), next(iter(own.values()))
    return one.own_model == other.own_model and not any(
        _have_other_weights(variant[name], trial) for name, trial in own.items() if name in variant
    )


def _have_other_weights(one: MergedTrial, other: MergedTrial) -> bool:
    """Return whether two trials of one name are known to have different weights.

    Two trainings with the same key count as the same, although computers round differently. Weights that are not
    known count as the same too.
    """
    if (one.trained and other.trained) or None in (one.weights, other.weights):
        return False
    return one.weights != other.weights


# --- Names ------------------------------------------------------------------------------------------------------


def _name_variants(variants: Sequence[Variant]) -> list[str]:
    """Return the name of each variant.

    Variants of one name get a label: their origins, or their digests if the origins do not tell them apart.
    """
    models = [next(iter(variant.values())).own_model for variant in variants]
    names: list[str] = []
    for describe in (_describe_origin, _shorten_digest):
        labels = [_join(map(describe, variant.values())) for variant in variants]
        names = [
            f"{model} ({label})" if models.count(model) > 1 else model
            for model, label in zip(models, labels, strict=True)
        ]
        if len(set(names)) == len(names):
            break
    return names


def _describe_origin(trial: MergedTrial) -> str:
    """Return the name of the file that a trial's weights come from, or of the run that trained it."""
    if trial.trained:
        return show_name(trial.run.path.resolve().name)
    return show_name(trial.run.files.get(trial.name) or _shorten_digest(trial))


def _shorten_digest(trial: MergedTrial) -> str:
    return str(trial.weights)[:DIGITS]


def _join(labels: Iterable[str]) -> str:
    """Return the label of a model from those of its seeds."""
    return name_some(list(dict.fromkeys(labels)), 2)
