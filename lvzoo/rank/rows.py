"""Reads tables of scores trial by trial, checks them, and keeps their columns in arrays that take little memory.

The tables of a large run do not fit into memory as they are: a row of text and numbers takes 400 bytes, and 20 models
with 5 seeds have 17 million rows on EchoNet-Dynamic's test split. Nearly all trials have the same frames under the
same conditions in the same order. This is kept once, and so is a column that equals that of the trial before.

Letter: R rows of one trial's table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lvzoo.errors import DataError, name_some
from lvzoo.types import LABEL_COLUMNS, SCORE_COLUMNS, VOLUME_COLUMNS, Condition, Scores

TRIAL: Final = ("model", "seed")
FRAME: Final = ("patient", "video", "frame")
CONDITION: Final = ("corruption", "severity")
PHASE: Final = "phase"
QUALITY: Final = "quality"
KEYS: Final = (*TRIAL, *FRAME, *CONDITION, PHASE)
NUMBERS: Final = tuple(column for column in SCORE_COLUMNS if column not in (*KEYS, *LABEL_COLUMNS))
FRACTIONS: Final = ("dice", "nsd1", "nsd2")
DISTANCES: Final = ("hd95", "assd")

Frame: TypeAlias = "tuple[Any, Any, int]"
"""The patient, the video and the number of a frame."""
Column: TypeAlias = "tuple[NDArray[Any], pd.Index]"
"""The codes of a column and what they stand for; for a column of numbers, the numbers and nothing."""
NO_NAMES: Final = pd.Index([])


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The frame and the condition of each row of a table."""

    columns: tuple[Column, ...]
    """The columns of the table that decide the layout."""
    frames: tuple[Frame, ...]
    phases: tuple[str, ...]
    """The phase of each frame."""
    qualities: tuple[str, ...]
    """The picture quality of each frame; "" where it is not known."""
    frame_R: NDArray[np.int32]
    """The index of each row's frame in `frames`."""
    conditions: tuple[Condition, ...]
    condition_R: NDArray[np.int32]
    """The index of each row's condition in `conditions`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialRows:
    """The scores of one trial, row by row."""

    model: Any
    seed: int
    layout: Layout
    numbers: dict[str, NDArray[Any]]
    """The columns NUMBERS (R)."""


def read_trials(scores: Scores | Iterable[Scores]) -> list[TrialRows]:
    """Return the rows of each trial, from one table of all trials or from several tables, which are read in turn.

    Raises:
        DataError: there is no row, a column or a key is missing, or scores are not valid numbers.
    """
    trials: list[TrialRows] = []
    for table in [scores] if isinstance(scores, pd.DataFrame) else scores:
        _check_columns(table)
        for part in _split(table):
            trials.append(_read_trial(part, trials[-1] if trials else None))
    return trials


def _split(table: Scores) -> Iterator[Scores]:
    """Yield the rows of each trial of a table."""
    if all((table[name] == table[name].iloc[0]).all() for name in TRIAL):
        yield table
    else:
        yield from (part for _, part in table.groupby(list(TRIAL), sort=False, observed=True))


def _read_trial(table: Scores, before: TrialRows | None) -> TrialRows:
    """Return the rows of one trial; what equals that of the trial before is shared with it."""
    if QUALITY not in table.columns:
        table = table.assign(**{QUALITY: pd.Categorical([""]).repeat(len(table))})
    columns = tuple(_read_column(table[name]) for name in (*FRAME, *CONDITION, PHASE, QUALITY))
    layout = None if before is None or not _are_equal(before.layout.columns, columns) else before.layout
    numbers = {
        name: _shrink(table[name].to_numpy()) if name in table.columns else np.full(len(table), np.nan)
        for name in NUMBERS
    }
    shared = {} if before is None else before.numbers
    return TrialRows(
        model=table["model"].iloc[0],
        seed=int(table["seed"].iloc[0]),
        layout=layout or _make_layout(table, columns),
        numbers={
            name: shared[name] if name in shared and _is_same(shared[name], values_R) else values_R
            for name, values_R in numbers.items()
        },
    )


def _read_column(column: pd.Series[Any]) -> Column:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(), NO_NAMES
    codes_R, names = pd.factorize(column)
    return codes_R, pd.Index(names)


def _are_equal(some: tuple[Column, ...], others: tuple[Column, ...]) -> bool:
    """Return whether two tables have the same columns."""
    return all(
        names.equals(other_names) and np.array_equal(codes_R, other_R)
        for (codes_R, names), (other_R, other_names) in zip(some, others, strict=True)
    )


def _make_layout(table: Scores, columns: tuple[Column, ...]) -> Layout:
    frame_R, frames = _number(table, FRAME)
    condition_R, conditions = _number(table, CONDITION)
    row_F = np.empty(len(frames), dtype=np.int64)  # a row of each frame
    row_F[frame_R] = np.arange(len(frame_R))
    return Layout(
        columns=columns,
        frames=tuple((patient, video, int(frame)) for patient, video, frame in frames),
        phases=tuple(map(str, table[PHASE].iloc[row_F])),
        qualities=tuple(map(str, table[QUALITY].iloc[row_F])),
        frame_R=frame_R,
        conditions=tuple(Condition(corruption=str(name), severity=int(level)) for name, level in conditions),
        condition_R=condition_R,
    )


def _number(table: Scores, names: tuple[str, ...]) -> tuple[NDArray[np.int32], list[tuple[Any, ...]]]:
    """Return the number of each row's combination of values of some columns, and the combinations."""
    groups = table.groupby(list(names), sort=True, observed=True)
    return np.asarray(groups.ngroup(), dtype=np.int32), groups.size().index.tolist()


def _shrink(values_R: NDArray[Any]) -> NDArray[Any]:
    """Return a copy in a type that takes less memory and holds the same values."""
    if values_R.dtype.kind in "iu":
        smallest = np.result_type(np.min_scalar_type(values_R.min()), np.min_scalar_type(values_R.max()))
        return values_R.astype(smallest)
    return np.array(values_R, dtype=np.bool_ if values_R.dtype.kind == "b" else np.float64)


def _is_same(one_R: NDArray[Any], other_R: NDArray[Any]) -> bool:
    """Return whether two arrays of numbers are the same bit for bit, NaN included."""
    return one_R.dtype == other_R.dtype and np.array_equal(one_R.view(np.uint8), other_R.view(np.uint8))


def _check_columns(scores: Scores) -> None:
    """Check that the table has all columns, and that the metrics are numbers in their range."""
    needed = [column for column in SCORE_COLUMNS if column not in (*VOLUME_COLUMNS, *LABEL_COLUMNS)]
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


def name_condition(condition: Condition) -> str:
    """Return a condition in words: "clean" or "haze 3"."""
    return f"{condition.corruption} {condition.severity}" if condition.severity else condition.corruption
