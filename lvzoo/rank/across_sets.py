"""Prepares the scores of models on several data sets: the models in one order, and the bootstrap of each set.

Letters: M models in the order of their ranking at home, P patients of a set, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from lvzoo.rank.patients import OVERALL, mean_M, mean_of_frames, weighted_mean
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from lvzoo.rank.bootstrap import Bootstrap
    from lvzoo.rank.grid import Grid
    from lvzoo.rank.patients import PatientScores
    from lvzoo.types import Source

Measure: TypeAlias = Literal["headline", "clean"]
Part: TypeAlias = tuple[str, Measure]
"""A picture quality ("" for all frames) and a measure of Dice."""

SCOPES: Final[Mapping[Measure, str]] = {"headline": OVERALL, "clean": CLEAN.corruption}
MEASURES: Final[tuple[Measure, ...]] = ("headline", "clean")
GRADES: Final = ("good", "medium", "poor")
"""The picture qualities of CAMUS, best first. Others follow them by the alphabet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetScores:
    """The scores of models on the test frames of one data set, and the name by which it is shown."""

    name: str
    source: Source
    patients: PatientScores


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedSet:
    """One set, with the models in the order of home. Rows of models that are not compared here are NaN."""

    name: str
    source: Source
    patients: PatientScores
    place_M: NDArray[np.int64]
    """The index of each model in the set's own grid; -1 if it is not compared here."""
    qualities: tuple[str, ...]
    dice: Mapping[Part, NDArray[np.float64]]
    """Dice (M, P), averaged over frames and seeds; NaN for patients without such a frame."""
    means: Mapping[Part, NDArray[np.float64]]
    """The means over patients in each resample (B, M)."""

    def mean(self, part: Part) -> NDArray[np.float64]:
        """Return the mean over patients of each model (M)."""
        return mean_M(self.dice[part])

    def count_patients(self, quality: str) -> int:
        """Return the number of patients with a frame of a picture quality."""
        return int((~np.isnan(self.dice[quality, "clean"])).any(axis=0).sum())

    def independent_means(self, part: Part) -> NDArray[np.float64]:
        """Return the means in each resample (B, M), to be set against those of another data set.

        All sets are resampled with the same random seed, so that a set has the same intervals here as in its own
        ranking. The b-th resamples of two sets are therefore not independent. These means stand one place further on:
        resample b of one set meets resample b - 1 of the other, which was drawn independently.
        """
        return np.roll(self.means[part], 1, axis=0)


def keep_dice(patients: PatientScores) -> PatientScores:
    """Return the scores of a set without the columns that no comparison across sets needs, to free their memory."""
    numbers = {"dice": patients.grid.numbers["dice"]}
    return replace(patients, grid=replace(patients.grid, numbers=numbers))


def prepare_sets(
    home: SetScores, others: Sequence[SetScores], bootstrap: Bootstrap
) -> tuple[list[PreparedSet], dict[str, str]]:
    """Return home and the other sets, and why some models are not compared on some of the others."""
    left_out: dict[str, str] = {}
    prepared = [_prepare(home, np.arange(len(home.patients.grid.models)), bootstrap)]
    for each in others:
        places, reasons = _find_places(home.patients.grid, each.patients.grid)
        left_out |= {f"{model} on {each.name}": why for model, why in reasons.items()}
        prepared.append(_prepare(each, places, bootstrap))
    return prepared, left_out


def _find_places(home: Grid, other: Grid) -> tuple[NDArray[np.int64], dict[str, str]]:
    """Return the index of each model of home in another grid, -1 for those that lack a seed there, with reasons.

    A mean over other trainings of a model would be compared with its mean at home.
    """
    at_home, there = _seeds(home), _seeds(other)
    reasons = {}
    for model, seeds in at_home.items():
        if model not in there:
            reasons[model] = "was not tested there"
        elif there[model] != seeds:
            reasons[model] = f"has {len(there[model])} of its {len(seeds)} trainings there"
    places = [-1 if model in reasons else other.models.index(model) for model in home.models]
    return np.array(places), reasons


def _seeds(grid: Grid) -> dict[str, set[int]]:
    """Return the training seeds of each model."""
    return {
        model: set(grid.seed_T[grid.model_T == number].tolist()) for number, model in enumerate(grid.models)
    }


def _prepare(scores: SetScores, place_M: NDArray[np.int64], bootstrap: Bootstrap) -> PreparedSet:
    patients, grid = scores.patients, scores.patients.grid
    qualities = order_qualities(grid.quality_F)
    own: dict[Part, NDArray[np.float64]] = {
        ("", measure): patients.scopes[SCOPES[measure]] for measure in MEASURES
    }
    for quality in qualities:
        dice_TPC = mean_of_frames(grid, "dice", grid.quality_F == quality)
        for measure in MEASURES:
            dice_TP = weighted_mean(dice_TPC, patients.weights[SCOPES[measure]])
            own[quality, measure] = grid.mean_over_seeds(dice_TP)
    dice = {part: np.where(place_M[:, None] < 0, np.nan, dice_MP[place_M]) for part, dice_MP in own.items()}
    # one product with the resamples is faster than one for each part
    means_BR = bootstrap.means(np.concatenate(list(dice.values())))
    means = dict(zip(dice, np.split(means_BR, len(dice), axis=1), strict=True))
    return PreparedSet(
        name=scores.name,
        source=scores.source,
        patients=patients,
        place_M=place_M,
        qualities=qualities,
        dice=dice,
        means=means,
    )


def order_qualities(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the different picture qualities, the best first where the words are those of CAMUS.

    >>> order_qualities(["Poor", "", "Good", "odd", "Medium", "Good"])
    ('Good', 'Medium', 'Poor', 'odd')
    """
    known = {str(label) for label in labels} - {""}
    grade = {name: number for number, name in enumerate(GRADES)}
    return tuple(sorted(known, key=lambda label: (grade.get(label.casefold(), len(GRADES)), label)))
