"""Checks a table of scores and arranges it as a grid: every trial on every frame under every condition, once.

The rows of the table are numbered once, so that all later sums run over plain arrays.

Letters: T trials (a model with a training seed), S training seeds of a model, M models, F frames, P patients,
C conditions, R rows of the table.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import pandas as pd

from lvzoo.errors import DataError, name_some
from lvzoo.types import CLEAN, SCORE_COLUMNS, VOLUME_COLUMNS, Condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.types import Scores

KEYS: Final = ("model", "seed", "patient", "video", "frame", "corruption", "severity", "phase")
FRACTIONS: Final = ("dice", "nsd1", "nsd2")
DISTANCES: Final = ("hd95", "assd")
MOST_NAMED: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A full grid of T x F x C scores. Frames are sorted by patient."""

    scores: Scores
    cell_R: NDArray[np.int64]
    """The cell of each row in the flattened grid."""
    models: tuple[str, ...]
    model_T: NDArray[np.int64]
    """The index of each trial's model in `models`."""
    patients: tuple[str, ...]
    patient_F: NDArray[np.int64]
    """The index of each frame's patient in `patients`."""
    video_F: NDArray[np.str_]
    phase_F: NDArray[np.str_]
    conditions: tuple[Condition, ...]

    @property
    def shape_TFC(self) -> tuple[int, int, int]:
        """The numbers of trials, frames and conditions."""
        return len(self.model_T), len(self.patient_F), len(self.conditions)

    def cube_TFC(self, column: str) -> NDArray[np.float64]:
        """Return one column of the table as an array (T, F, C)."""
        values = np.empty(len(self.cell_R))
        values[self.cell_R] = self.scores[column].to_numpy(dtype=np.float64)
        return values.reshape(self.shape_TFC)

    def mean_over_seeds(self, values_Tx: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the means over each model's trials, (M, ...), of values with the shape (T, ...)."""
        return np.stack([values_Sx.mean(axis=0) for values_Sx in self.by_model(values_Tx)])

    def by_model(self, values_Tx: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return, for each model, the values of its training seeds, (S, ...), out of those of all trials (T, ...)."""
        return [values_Tx[self.model_T == m] for m in range(len(self.models))]

    def reorder_models(self, order_M: Sequence[int]) -> Grid:
        """Return the same grid with its models in another order, given as their present indices."""
        place_M = np.argsort(np.asarray(order_M))
        models = tuple(self.models[m] for m in order_M)
        return dataclasses.replace(self, models=models, model_T=place_M[self.model_T])


def make_grid(scores: Scores, suite: NoiseSuite) -> Grid:
    """Arrange a table of scores as a grid, and check that its models can be compared.

    Raises:
        DataError: a column, the clean condition or some scores are missing; scores are doubled or not valid numbers;
            or there are conditions that the suite does not have.
    """
    _check_columns(scores)
    unsized = [column for column in VOLUME_COLUMNS if column not in scores.columns]
    scores = scores.assign(**dict.fromkeys(unsized, np.nan))

    # Number the trials, frames and conditions
    trial_R, of_trials = _number_combinations(scores, ["model", "seed"])
    frame_R, of_frames = _number_combinations(scores, ["patient", "video", "frame"])
    condition_R, of_conditions = _number_combinations(scores, ["corruption", "severity"])
    conditions = tuple(
        Condition(corruption=str(corruption), severity=int(level)) for corruption, level in of_conditions
    )
    _check_conditions(conditions, suite)

    # Find the cell of each row, and check that every cell has one row
    trials = [f"{model} seed {seed}" for model, seed in of_trials]
    frames = [f"{video} frame {index}" for _, video, index in of_frames]
    shape = (len(trials), len(frames), len(conditions))
    cell_R = np.ravel_multi_index((trial_R, frame_R, condition_R), shape).astype(np.int64)
    _check_full(np.bincount(cell_R, minlength=int(np.prod(shape))).reshape(shape), trials, frames, conditions)

    row_F = np.empty(len(frames), dtype=np.int64)  # a row of each frame
    row_F[frame_R] = np.arange(len(frame_R))
    return Grid(
        scores=scores,
        cell_R=cell_R,
        models=tuple(map(str, of_trials.levels[0])),
        model_T=np.asarray(of_trials.codes[0], dtype=np.int64),
        patients=tuple(map(str, of_frames.levels[0])),
        patient_F=np.asarray(of_frames.codes[0], dtype=np.int64),
        video_F=scores["video"].iloc[row_F].to_numpy(dtype=np.str_),
        phase_F=scores["phase"].iloc[row_F].to_numpy(dtype=np.str_),
        conditions=conditions,
    )


def _check_columns(scores: Scores) -> None:
    """Check that the table has all columns, and that the metrics are numbers in their range."""
    needed = [column for column in SCORE_COLUMNS if column not in VOLUME_COLUMNS]
    missing = [column for column in needed if column not in scores.columns]
    if missing:
        raise DataError(
            f"the table of scores lacks the columns {name_some(missing)}; write it with 'lvzoo bench'"
        )
    if scores.empty:
        raise DataError("the table of scores is empty; there is nothing to rank")
    for column in KEYS:
        if scores[column].isna().any():
            raise DataError(f"some scores have no {column}; write them with 'lvzoo bench'")
    for column in (*FRACTIONS, *DISTANCES):
        values_R = scores[column].to_numpy(dtype=np.float64)
        highest = 1.0 if column in FRACTIONS else np.finfo(np.float64).max
        wrong_R = ~((values_R >= 0.0) & (values_R <= highest))
        if wrong_R.any():
            row = scores.iloc[int(np.argmax(wrong_R))]
            condition = Condition(corruption=str(row["corruption"]), severity=int(row["severity"]))
            what = "fraction" if column in FRACTIONS else "distance"
            name = "Dice" if column == "dice" else column
            raise DataError(
                f"{row['model']} on {row['video']} frame {row['frame']} under {name_condition(condition)}: "
                f"{name} is {row[column]}, which is not a valid {what}; score the model again"
            )


def _check_conditions(conditions: Sequence[Condition], suite: NoiseSuite) -> None:
    """Check that the clean condition is present, and that all other conditions are the suite's."""
    known = {name for names in suite.families.values() for name in names}
    corruptions = sorted({each.corruption for each in conditions} - known - {CLEAN.corruption})
    severities = [
        f"{each.corruption} {each.severity}"
        for each in conditions
        if each != CLEAN and (each.corruption not in known or each.severity not in suite.severities)
    ]
    for what, unknown in (("corruptions", corruptions), ("severities", severities)):
        if unknown:
            raise DataError(
                f"the scores have {what} that {suite.name} does not have: {name_some(unknown)}; "
                "rank only scores of the same suite together"
            )
    if CLEAN not in conditions:
        raise DataError("there are no scores on clean frames; a ranking needs them beside the noisy ones")


def _check_full(
    count_TFC: NDArray[np.int64],
    trials: Sequence[str],
    frames: Sequence[str],
    conditions: Sequence[Condition],
) -> None:
    """Check that every trial has exactly one score for each frame and condition."""
    for count_FC, trial in zip(count_TFC, trials, strict=True):
        missing = [
            f"{frames[f]} under {name_condition(conditions[c])}" for f, c in np.argwhere(count_FC == 0)
        ]
        if missing:
            raise DataError(
                f"{trial} lacks {len(missing):,} of {count_FC.size:,} scores "
                f"({name_some(missing, MOST_NAMED, separator='; ')}); models are only ranked over the same frames "
                "and conditions: score it again or leave it out"
            )
        if count_FC.max() > 1:
            raise DataError(f"{trial} has several scores for one frame and condition; give each trial once")


def name_condition(condition: Condition) -> str:
    """Return a condition in words: "clean" or "haze 3"."""
    return f"{condition.corruption} {condition.severity}" if condition.severity else condition.corruption


def _number_combinations(scores: Scores, columns: list[str]) -> tuple[NDArray[np.int64], pd.MultiIndex]:
    """Return the number of each row's combination of values of some columns, and the combinations in sorted order."""
    groups = scores.groupby(columns, sort=True, observed=True)
    combinations = cast("pd.MultiIndex", groups.size().index).remove_unused_levels()
    return np.asarray(groups.ngroup(), dtype=np.int64), combinations
