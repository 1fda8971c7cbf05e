"""The record of ejection fractions in a ranking: how well each model's EF agrees with the references, and under what.

Letters, units and conventions are those of `lvzoo.types`. EF is in percent, and its errors are in points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

EFReference: TypeAlias = Literal["tracings", "listed"]
"""What a predicted EF is compared with: the EF of the traced contours, or the one that the data set lists."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EjectionResults:
    """Ejection fractions from the traced ED and ES frame of each video. `lvzoo.rank.ejection_tables` makes it.

    docs/ranking.md defines every figure. The error is predicted minus reference. Columns that end in `_listed` are
    those against the listed EF, NaN where the data set lists none; the others are those against the tracings' EF.
    Columns that end in `_low` and `_high` are the ends of a 95 % interval from the bootstrap over patients that the
    ranking uses. They are NaN with one patient.

    `table`: one row per model and scope, the models in the order of the ranking.
        model, kind
        scope                           "overall" (averaged over conditions as the headline is), "clean" or a family.
                                        Without noise there is no "clean", since "overall" is the same
        mae, bias                       mean absolute and mean error
        lower_limit, upper_limit        limits of agreement: bias - 1.96 SD and bias + 1.96 SD of the errors
        r                               Pearson's correlation; NaN if all EF are equal
        mae_listed, bias_listed, lower_limit_listed, upper_limit_listed, r_listed
        shared                          share of the size error that ED and ES have in common; it cancels in EF
        failed                          share of EF that could not be computed or lay outside of 0 to 100 %
        n, n_listed                     patients with a reference
        perfect_mae, perfect_mae_listed MAE of perfect masks, or perfect landmarks, measured in the model's way
        Each of them down to `shared` has its _low and _high.
    `response`: one row per model, corruption and severity (0 is clean), with the same figures; only mae and
    mae_listed have _low and _high.
        model, family, corruption, severity, mae, bias, lower_limit, upper_limit, r, ..., shared, failed
    `contests`: the mask model against the landmark model with the lowest `mae` overall, one row per track, scope
    ("overall" and "clean") and reference; no rows for a track that lacks a kind.
        track, scope, reference         "tracings" or "listed"
        mask, landmark                  the names of the two models
        mask_mae, landmark_mae          their MAE
        difference                      mask minus landmark; also difference_low, difference_high. Below 0, masks are
                                        better
        p, p_holm, verdict, winner      as in `Ranking.contests`, with the margin `margin`
    `cases`: one row per model, training seed and video, on clean frames.
        model, seed, patient, video, ef_pred, ef_tracings, ef_listed
    """

    table: pd.DataFrame
    response: pd.DataFrame
    contests: pd.DataFrame
    cases: pd.DataFrame
    references: tuple[EFReference, ...] = ()
    """Those that are known for at least one patient."""
    margin: float
    """The smallest difference in MAE that counts as a win, in points."""
    patients: int = 0
    """The number of patients with a traced ED and ES."""
    tracings: Mapping[str, float] = field(default_factory=dict)
    """How the tracings' EF agrees with the listed one: "mae", "bias", "sd", "r" and "n". Empty if none is listed."""
    lacking: tuple[str, ...] = ()
    """The trials whose scores hold no volumes, because an earlier version of lvzoo wrote them."""

    @property
    def known(self) -> bool:
        """Whether there is an ejection fraction of any model."""
        return not self.table.empty
