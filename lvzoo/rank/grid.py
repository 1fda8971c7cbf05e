"""Arranges scores as a grid, every trial on every frame under every condition once, and checks that it is full.

Letters: T trials (a model with a training seed), S training seeds of a model, M models, F frames, P patients,
C conditions, R rows of a trial's table.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lvzoo.errors import DataError, name_some
from lvzoo.rank.rows import NUMBERS, name_condition, read_trials
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.rank.rows import Frame, Layout, TrialRows
    from lvzoo.types import Condition, Scores

MOST_NAMED: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A full grid of T x F x C scores. Frames are sorted by patient."""

    numbers: Mapping[str, Sequence[NDArray[Any]]]
    """The array (F, C) of each trial, by column; trials of equal values share one."""
    models: tuple[str, ...]
    model_T: NDArray[np.int64]
    """The index of each trial's model in `models`."""
    seed_T: NDArray[np.int64]
    patients: tuple[str, ...]
    patient_F: NDArray[np.int64]
    """The index of each frame's patient in `patients`."""
    video_F: NDArray[np.str_]
    phase_F: NDArray[np.str_]
    quality_F: NDArray[np.str_]
    """The picture quality of each frame; "" where it is not known."""
    conditions: tuple[Condition, ...]

    @property
    def shape_TFC(self) -> tuple[int, int, int]:
        """The numbers of trials, frames and conditions."""
        return len(self.model_T), len(self.patient_F), len(self.conditions)

    def cube_TFC(self, column: str) -> NDArray[np.float64]:
        """Return one column of the table as an array (T, F, C)."""
        return self.some_TFC(column, np.arange(len(self.model_T)), np.arange(len(self.patient_F)))

    def some_TFC(
        self, column: str, trials_T: NDArray[np.int64], frames_F: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return one column of the table for some trials and frames, given as their indices."""
        values_TFC = np.empty((len(trials_T), len(frames_F), len(self.conditions)))
        for values_FC, trial in zip(values_TFC, trials_T, strict=True):
            values_FC[:] = self.numbers[column][trial][frames_F]
        return values_TFC

    def on_condition_TF(self, column: str, condition: int) -> NDArray[np.float64]:
        """Return one column of the table under one condition, given as its index."""
        return np.stack([values_FC[:, condition].astype(np.float64) for values_FC in self.numbers[column]])

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


def make_grid(scores: Scores | Iterable[Scores], suite: NoiseSuite) -> Grid:
    """Arrange scores as a grid, and check that the models can be compared.

    `scores` is one table of all trials, or several tables with whole trials. They are read in turn, so an iterator
    that reads each from a file needs little memory.

    Raises:
        DataError: a column, the clean condition or some scores are missing; scores are doubled or not valid numbers;
            or there are conditions that the suite does not have.
    """
    trials = sorted(read_trials(scores), key=lambda each: (each.model, each.seed))
    layouts = {id(trial.layout): trial.layout for trial in trials}
    frames = sorted({frame for layout in layouts.values() for frame in layout.frames})
    conditions = tuple(sorted({each for layout in layouts.values() for each in layout.conditions}))
    _check_conditions(conditions, suite)
    cells = {name: _find_cells(layout, frames, conditions) for name, layout in layouts.items()}
    _check_full(trials, cells, frames, conditions)

    models = sorted({trial.model for trial in trials})
    patients = sorted({patient for patient, *_ in frames})
    model_number, patient_number = (
        {name: number for number, name in enumerate(names)} for names in (models, patients)
    )
    labels_of = {
        frame: labels
        for layout in layouts.values()
        for frame, *labels in zip(layout.frames, layout.phases, layout.qualities, strict=True)
    }
    phases, qualities = zip(*(labels_of[frame] for frame in frames), strict=True)
    return Grid(
        numbers=_arrange(trials, cells, (len(frames), len(conditions))),
        models=tuple(map(str, models)),
        model_T=np.array([model_number[trial.model] for trial in trials]),
        seed_T=np.array([trial.seed for trial in trials]),
        patients=tuple(map(str, patients)),
        patient_F=np.array([patient_number[patient] for patient, *_ in frames]),
        video_F=np.array([str(video) for _, video, _ in frames]),
        phase_F=np.array(phases),
        quality_F=np.array(qualities),
        conditions=conditions,
    )


def _find_cells(
    layout: Layout, frames: Sequence[Frame], conditions: Sequence[Condition]
) -> NDArray[np.int64]:
    """Return the place of each row (R) in a flattened array (F, C)."""
    frame_place, condition_place = (
        {each: place for place, each in enumerate(all_of_them)} for all_of_them in (frames, conditions)
    )
    frame_places = np.array([frame_place[frame] for frame in layout.frames])
    condition_places = np.array([condition_place[condition] for condition in layout.conditions])
    return np.asarray(frame_places[layout.frame_R] * len(conditions) + condition_places[layout.condition_R])


def _arrange(
    trials: Sequence[TrialRows], cells: Mapping[int, NDArray[np.int64]], shape_FC: tuple[int, int]
) -> dict[str, list[NDArray[Any]]]:
    """Return the array (F, C) of each column and trial. The trials lose their rows, so that both never coexist."""
    arranged: dict[str, list[NDArray[Any]]] = {name: [] for name in NUMBERS}
    for name, arrays in arranged.items():
        known: dict[tuple[int, int], NDArray[Any]] = {}
        kept = []  # an array that is gone could leave its identity to another
        for trial in trials:
            values_R = trial.numbers.pop(name)
            kept.append(values_R)
            key = (id(values_R), id(trial.layout))
            if key not in known:
                known[key] = np.empty(shape_FC, values_R.dtype)
                known[key].reshape(-1)[cells[id(trial.layout)]] = values_R
            arrays.append(known[key])
    return arranged


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
    trials: Sequence[TrialRows],
    cells: Mapping[int, NDArray[np.int64]],
    frames: Sequence[Frame],
    conditions: Sequence[Condition],
) -> None:
    """Check that every trial has exactly one score for each frame and condition."""
    counts = {
        layout: np.bincount(cell_R, minlength=len(frames) * len(conditions)).reshape(-1, len(conditions))
        for layout, cell_R in cells.items()
    }
    known = set()
    for trial in trials:
        count_FC, name = counts[id(trial.layout)], f"{trial.model} seed {trial.seed}"
        missing = [
            f"{frames[f][1]} frame {frames[f][2]} under {name_condition(conditions[c])}"
            for f, c in np.argwhere(count_FC == 0)
        ]
        if missing:
            raise DataError(
                f"{name} lacks {len(missing):,} of {count_FC.size:,} scores "
                f"({name_some(missing, MOST_NAMED, separator='; ')}); models are only ranked over the same frames "
                "and conditions: score it again or leave it out"
            )
        if count_FC.max() > 1 or (trial.model, trial.seed) in known:
            raise DataError(f"{name} has several scores for one frame and condition; give each trial once")
        known.add((trial.model, trial.seed))
