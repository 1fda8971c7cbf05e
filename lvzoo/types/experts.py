"""The record of a data set's experts in a report: how well each of them agrees with the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

EXPERT_COLUMNS: Final = (
    *("expert", "patient", "video", "frame", "phase", "others"),
    *("dice", "nsd1", "nsd2", "hd95", "assd", "area_pred", "area_ref", "volume_pred", "volume_ref"),
)
"""Columns of the scores of experts, one row per expert and clean frame.

expert, patient, video, frame, phase
others                  the number of other experts whose consensus is the reference of this row
dice ... area_ref       as in SCORE_COLUMNS, with the expert's tracing as the prediction
volume_pred             volume inside the expert's contour about its annulus and apex, px³; NaN if it has none
volume_ref              the median of the same volumes of the others
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpertResults:
    """The experts of a data set, each scored as if a model, against the consensus of the others. Frames are clean.

    `table`: one row per expert, the highest Dice first. Scores are averaged over a patient's frames, then over
    patients. Columns that end in `_low` and `_high` are the ends of a 95 % interval from the bootstrap over patients;
    they are NaN with one patient.
        expert, frames, patients, others        `others` is the mean number of other experts per frame
        dice, dice_low, dice_high, dice_ed, dice_es
        nsd1, nsd2, hd95, assd
        area_bias                               mean of (own area / reference area - 1), percent
        ef_mae, ef_bias                         mean absolute and mean difference in points between the expert's
                                                ejection fraction and that of the others' median volumes; NaN without
                                                a patient whose ED and ES the expert has traced
        ef_patients                             their number
    `band`: one row per measure, over the experts.
        measure                                 a column of `table`: dice, dice_ed, ..., ef_mae
        median, lowest, highest
    """

    table: pd.DataFrame
    band: pd.DataFrame
    resamples: int
