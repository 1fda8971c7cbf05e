"""From a row a frame and condition to a score a patient: what the ranking and its bootstrap work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.errors import DataError
from lvzoo.types import CLEAN, SCORE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.types import Scores

FRAME: Final = ["patient", "video", "frame"]
CONDITION: Final = ["corruption", "severity"]
MOST_NAMED: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientScores:
    """Dice of M models on P patients, averaged over seeds and over each patient's frames.

    `families` holds a matrix a family that was run; `noisy_MP` is their mean (None where none was run), so
    that the mean of a row is the model's headline exactly.
    """

    models: tuple[str, ...]
    clean_MP: NDArray[np.float64]
    families: Mapping[str, NDArray[np.float64]]

    @property
    def noisy_MP(self) -> NDArray[np.float64] | None:
        """S[m, p]: the mean over families of the means over their corruptions of the means over severities."""
        return np.mean(list(self.families.values()), axis=0) if self.families else None


def patient_scores(scores: Scores, suite: NoiseSuite) -> PatientScores:
    """Average a checked table of scores within patients, severities, corruptions and families, in this order."""
    by_severity = scores.pivot_table("dice", ["model", *CONDITION], "patient", aggfunc="mean", observed=True)
    by_corruption = by_severity.groupby(level=["model", "corruption"]).mean()
    present = set(by_corruption.index.get_level_values("corruption"))

    def matrix(corruption: str) -> NDArray[np.float64]:
        return by_corruption.xs(corruption, level="corruption").to_numpy(dtype=np.float64)

    return PatientScores(
        models=tuple(by_corruption.xs(CLEAN.corruption, level="corruption").index.astype(str)),
        clean_MP=matrix(CLEAN.corruption),
        families={
            family: np.mean([matrix(name) for name in names if name in present], axis=0)
            for family, names in suite.families.items()
            if present.intersection(names)
        },
    )


def check(scores: Scores, suite: NoiseSuite) -> None:
    """See that models can be compared: each trial has each frame under each condition, once.

    Raises:
        DataError: a column, the clean condition or some scores are missing, doubled, or no numbers; or there
            are corruptions that the suite does not have.
    """
    missing = [column for column in SCORE_COLUMNS if column not in scores.columns]
    if missing:
        raise DataError(
            f"the table of scores lacks the columns {', '.join(missing)}; write it with 'lvzoo bench'"
        )
    if scores.empty:
        raise DataError("the table of scores is empty; there is nothing to rank")
    wrong = scores[~scores["dice"].between(0.0, 1.0)]
    if len(wrong):
        raise DataError(
            f"{_told(wrong)}: a Dice of {wrong['dice'].iloc[0]} is no fraction; score the model again"
        )
    known = {CLEAN.corruption, *(name for names in suite.families.values() for name in names)}
    strange = sorted(set(scores["corruption"].unique()) - known)
    if strange:
        raise DataError(
            f"the scores hold corruptions that {suite.name} does not have: {', '.join(strange)}; "
            "results of different suites never share a ranking"
        )
    _check_grid(scores)


def _check_grid(scores: Scores) -> None:
    """See that every trial's scores fill the whole grid of frames and conditions, each cell once."""
    trial_R, trials = _numbered(scores, ["model", "seed"])
    frame_R, frames = _numbered(scores, FRAME)
    condition_R, conditions = _numbered(scores, CONDITION)
    if CLEAN.corruption not in conditions["corruption"].to_list():
        raise DataError("there are no scores on clean frames; a ranking needs them beside the noisy ones")
    shape = (len(trials), len(frames), len(conditions))
    cell_R = np.ravel_multi_index((trial_R, frame_R, condition_R), shape)
    count_TFC = np.bincount(cell_R, minlength=int(np.prod(shape))).reshape(shape)
    for count_FC, model, seed in zip(count_TFC, trials["model"], trials["seed"], strict=True):
        lacking = np.argwhere(count_FC == 0)
        if len(lacking):
            first = "; ".join(_cell(frames.iloc[f], conditions.iloc[c]) for f, c in lacking[:MOST_NAMED])
            more = f" and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
            raise DataError(
                f"{model} seed {seed} lacks {len(lacking)} of {count_FC.size} scores ({first}{more}); models "
                "are only ranked over the same frames and conditions: score it again or leave it out"
            )
        if count_FC.max() > 1:
            raise DataError(
                f"{model} seed {seed} has several scores for one frame and condition; give each trial once"
            )


def _numbered(scores: Scores, columns: list[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Return each row's number among the distinct values of some columns, and those values."""
    groups = scores.groupby(columns, sort=True, observed=True)
    distinct = groups.size().reset_index()[columns]
    return np.asarray(groups.ngroup(), dtype=np.int64), distinct


def _cell(frame: pd.Series, condition: pd.Series) -> str:
    named = f"{condition['corruption']} {condition['severity']}" if condition["severity"] else "clean"
    return f"{frame['video']} frame {frame['frame']} under {named}"


def _told(rows: pd.DataFrame) -> str:
    """Name the first of some rows of scores."""
    row = rows.iloc[0]
    return f"{row['model']} on {_cell(row, row)}"
