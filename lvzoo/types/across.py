"""Records of a comparison across data sets: what models that were trained on one data set reach on others.

The data set on which they were trained is their home, the others are strange to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lvzoo.types.frames import Source

if TYPE_CHECKING:
    import pandas as pd

POOR: Final = "poor"
"""The lowest picture quality, in the words of CAMUS; capitals do not matter."""
FEWEST_MODELS: Final = 3
"""Two models have one order or the other. So an order is only compared with another if there are at least three."""

FEWEST_GRADED: Final = 5
"""A grade of fewer patients has no interval. Four patients have only 35 different resamples, two have three."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TestSet:
    """A data set on whose test frames models were scored. No two sets of a comparison have the same name."""

    name: str
    source: Source
    home: bool
    patients: int
    frames: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AcrossResults:
    """Models on the test frames of several data sets, each set by itself. `lvzoo.rank.across` makes it.

    `headline` is Dice under noise and `clean` Dice on clean frames, as in `lvzoo.types.results.Ranking`. Columns that
    end in `_low` and `_high` are the ends of a 95 % interval from a bootstrap over the patients of a set. Patients of
    different sets are different, so their bootstraps are independent. All differences between sets use that.

    `table`: one row per set and model; home first, and the models in the order of their ranking at home.
        set, home                       the set's name, and whether the models were trained on this data set
        model, kind, seeds              the model, "mask" or "landmark", and the number of its trainings
        patients, frames                the test patients and frames of the set
        clean, headline                 Dice; with intervals
        clean_drop, headline_drop       Dice at home minus Dice here; with intervals; NaN at home
    `contests`: the mask model against the landmark model that lead at home, one row per set, track and scope.
        set, home                       as above
        track, scope, mask, landmark, mask_dice, landmark_dice, difference, p, p_holm, verdict, winner
                                        as in the contests of a ranking, with the scopes "overall" and "clean". On
                                        strange sets, p_holm is adjusted over all of their rows in the track. The rows
                                        of home are those of its ranking
        change                          the difference here minus the difference at home; with an interval; NaN at
                                        home
    `qualities`: one row per set, picture quality and model, for sets that grade their pictures.
        set, home, quality, model, patients (those with such a frame), clean, headline; with intervals, which are NaN
                                        with fewer than FEWEST_GRADED patients
    `orders`: does the order of the models at home tell their order elsewhere? One row per target and predictor.
        set, home                       as above
        quality                         "" if the target is the clean Dice on all frames of the set, else the quality
                                        called poor, whose frames alone are counted
        predictor                       "headline" or "clean": which Dice at home orders the models
        models                          how many models were tested on both
        tau                             Kendall's tau-b of the two orders, with its interval; NaN with fewer than
                                        three models; only the interval with fewer than FEWEST_GRADED patients of a
                                        quality
        advantage                       tau of the headline minus tau of clean Dice at home, with its interval; NaN
                                        for the predictor "clean"
    """

    sets: tuple[TestSet, ...]
    """Home first."""
    table: pd.DataFrame
    contests: pd.DataFrame
    qualities: pd.DataFrame
    orders: pd.DataFrame
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The models that are not compared on a set, by model and set, each with the reason."""

    @property
    def strange(self) -> tuple[TestSet, ...]:
        """The sets on which no model was trained."""
        return tuple(each for each in self.sets if not each.home)
