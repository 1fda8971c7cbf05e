"""Computes the ejection fraction of each video from the volumes of its traced ED and ES frame.

Letters: T trials whose scores hold volumes, V videos with a traced ED and ES, F frames, P patients, C conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.types import FAILURE_DICE, trial_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.rank.grid import Grid
    from lvzoo.types.ejection import EFReference

TRACINGS: Final[EFReference] = "tracings"
LISTED: Final[EFReference] = "listed"
MOST_EF: Final = 100.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ejections:
    """Ejection fractions in percent, by trial, video and condition. Videos are sorted by patient."""

    grid: Grid
    trials_T: NDArray[np.int64]
    """The places of the trials in the grid."""
    patient_V: NDArray[np.int64]
    """The index of each video's patient in the grid."""
    video_V: tuple[str, ...]
    predicted_TVC: NDArray[np.float64]
    """From 0 to 100. If a volume cannot be measured, it counts as 0."""
    failed_TVC: NDArray[np.bool_]
    """Where a volume could not be measured, or the EF lay outside of 0 to 100 and was moved to this range."""
    references: Mapping[EFReference, NDArray[np.float64]]
    """The EF (V) of the tracings, and the listed one; NaN where it is not known."""
    perfect_TV: NDArray[np.float64]
    """The EF of a perfect prediction."""
    common_TVC: NDArray[np.float64]
    own_TVC: NDArray[np.float64]
    """Product of the size errors of ED and ES, and half the sum of their squares; 0 where a frame is a failure."""
    lacking: tuple[str, ...]
    """The trials whose scores hold no volumes."""

    @property
    def model_T(self) -> NDArray[np.int64]:
        """The index of each trial's model in the grid."""
        return self.grid.model_T[self.trials_T]

    @property
    def models(self) -> tuple[int, ...]:
        """The indices of the models that have a trial here, best first."""
        return tuple(sorted(set(self.model_T.tolist())))


def find_ejections(grid: Grid) -> Ejections:
    """Return the ejection fractions of a grid of scores; of no trial if none has volumes."""
    sized_T = np.array([np.isfinite(ref_FC).any() for ref_FC in grid.numbers["volume_ref"]])
    trials_T = np.flatnonzero(sized_T)
    ed_V, es_V = _pair_frames(grid)
    ed_TVC, es_TVC = (grid.some_TFC("volume_pred", trials_T, frame_V) for frame_V in (ed_V, es_V))
    predicted_TVC, failed_TVC = limited_ef(ed_TVC, es_TVC)
    any_ref_F = _first_known(grid.on_condition_TF("volume_ref", 0)[sized_T])
    perfect_TF = grid.on_condition_TF("volume_perfect", 0)[sized_T]
    found_TVC = np.all(
        [grid.some_TFC("dice", trials_T, frame_V) >= FAILURE_DICE for frame_V in (ed_V, es_V)], axis=0
    )
    common_TVC, own_TVC = _share_errors(
        _find_errors(ed_TVC, any_ref_F[ed_V]), _find_errors(es_TVC, any_ref_F[es_V]), found_TVC
    )
    return Ejections(
        grid=grid,
        trials_T=trials_T,
        patient_V=grid.patient_F[ed_V],
        video_V=tuple(grid.video_F[ed_V].tolist()),
        predicted_TVC=predicted_TVC,
        failed_TVC=failed_TVC,
        references={
            TRACINGS: _plain_ef(any_ref_F[ed_V], any_ref_F[es_V]),
            LISTED: _first_known(grid.on_condition_TF("ef_listed", 0)[sized_T])[ed_V],
        },
        perfect_TV=_plain_ef(perfect_TF[:, ed_V], perfect_TF[:, es_V]),
        common_TVC=common_TVC,
        own_TVC=own_TVC,
        lacking=tuple(
            trial_name(grid.models[grid.model_T[t]], int(grid.seed_T[t])) for t in np.flatnonzero(~sized_T)
        ),
    )


def limited_ef(
    ed_volume: NDArray[np.float64], es_volume: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return EF in percent, limited to 0 to 100, and where it could not be computed or was limited.

    To leave failures out would reward them. So a volume that cannot be measured (NaN) counts as 0, and the EF of an
    ED volume of 0 is 0: a model that finds no ventricle sees no ejection.

    >>> [each.tolist() for each in limited_ef(np.array([8.0, 4.0, np.nan, 8.0]), np.array([2.0, 5.0, 1.0, np.nan]))]
    [[75.0, 0.0, 0.0, 100.0], [False, True, True, True]]
    """
    ed, es = np.nan_to_num(ed_volume), np.nan_to_num(es_volume)
    ef = np.zeros_like(ed)
    np.divide(100.0 * (ed - es), ed, out=ef, where=ed > 0)
    failed = np.isnan(ed_volume) | np.isnan(es_volume) | (ed <= 0) | (ef < 0)
    return ef.clip(0.0, MOST_EF), failed


def _plain_ef(ed_volume: NDArray[np.float64], es_volume: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return EF in percent; NaN where a volume is NaN."""
    return np.asarray(100.0 * (ed_volume - es_volume) / ed_volume)


def _pair_frames(grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the frames of ED and of ES of every video that has both; the first of each, if there are more."""
    found: dict[tuple[int, str], dict[str, int]] = {}
    for frame, (patient, video, phase) in enumerate(
        zip(grid.patient_F.tolist(), grid.video_F.tolist(), grid.phase_F.tolist(), strict=True)
    ):
        found.setdefault((patient, video), {}).setdefault(phase, frame)
    pairs = [(each["ED"], each["ES"]) for each in found.values() if {"ED", "ES"} <= each.keys()]
    ed_es_V2 = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return ed_es_V2[:, 0], ed_es_V2[:, 1]


def _first_known(values_TF: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the value of each frame in the first trial that has one; all trials have the same frames."""
    if not len(values_TF):
        return np.full(values_TF.shape[1], np.nan)
    first_F = np.isfinite(values_TF).argmax(axis=0)
    return np.asarray(values_TF[first_F, np.arange(values_TF.shape[1])])


def _find_errors(volume_TVC: NDArray[np.float64], ref_V: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the size error of each volume, ln(predicted / reference); not finite if one of the two is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(volume_TVC / ref_V[:, None]))


def _share_errors(
    ed_TVC: NDArray[np.float64], es_TVC: NDArray[np.float64], found_TVC: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return l_ED l_ES and (l_ED² + l_ES²) / 2 of the size errors l of ED and ES.

    They are 0 if a volume is not known, or if one of the two frames is a failure: it has no contour error.
    """
    counts_TVC = found_TVC & np.isfinite(ed_TVC) & np.isfinite(es_TVC)
    ed_TVC, es_TVC = (np.where(counts_TVC, each_TVC, 0.0) for each_TVC in (ed_TVC, es_TVC))
    return ed_TVC * es_TVC, (ed_TVC**2 + es_TVC**2) / 2
