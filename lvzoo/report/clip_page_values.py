"""What the parts of a clip's page share: the times, the sizes in the unit shown, and which frames are trusted.

Everything is by position in the arrays of the answer; the words for a reader use the frame's number in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from lvzoo.report.formats import decimals
from lvzoo.types.answer import LEAST_DICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lvzoo.types.answer import ClipAnswer, ClipBeat

LOW_DICE: Final = f"expected Dice below {LEAST_DICE:g}"
NO_DICE: Final = "no expected Dice"
NO_TIMES_FPS: Final = 25.0
"""How fast a clip plays whose times and frame rate are not known."""

Phase: TypeAlias = Literal["ED", "ES"]
PHASES: Final[dict[Phase, str]] = {"ED": "end-diastole", "ES": "end-systole"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """One size of every frame, in the unit that the page shows; NaN where it could not be measured."""

    title: str
    """What it is, with its unit, for the axis: `volume, mL`."""
    unit: str
    values_N: NDArray[np.float64]
    factor: float
    """From the answer's px² or px³ to the unit."""

    def write(self, value: float) -> str:
        """Write a size in the unit, in about three digits."""
        places = 0 if not np.isfinite(value) or abs(value) >= 100 or self.unit in ("%", "px²") else 1
        text = decimals(value, places)
        return text if not np.isfinite(value) else f"{text} {self.unit}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PageMoment:
    """An end-diastole or end-systole: the position of its frame, and its beat."""

    phase: Phase
    position: int
    beat: ClipBeat

    @property
    def words(self) -> str:
        """What it is called: `end-diastole of beat 2`."""
        return f"{PHASES[self.phase]} of beat {self.beat.number}"


def read_volumes(answer: ClipAnswer) -> Sizes:
    """Return the volumes in mL where the calibration is trusted, else in percent of the mean at end-diastole."""
    volumes_N = np.asarray(answer.volumes_px3_N, dtype=np.float64)
    if answer.ml_per_px3 is not None:
        return _sizes("volume, mL", "mL", volumes_N, answer.ml_per_px3)
    used = [beat.edv_px3 for beat in used_beats(answer) if beat.edv_px3]
    if used:
        return _sizes("volume, % of the mean at end-diastole", "%", volumes_N, 100 / float(np.mean(used)))
    known = volumes_N[np.isfinite(volumes_N)]
    largest = float(known.max()) if len(known) and known.max() > 0 else 1.0
    return _sizes("volume, % of the largest", "%", volumes_N, 100 / largest)


def read_areas(answer: ClipAnswer) -> Sizes:
    """Return the areas in cm² where the calibration is trusted, else in px²."""
    areas_N = np.asarray(answer.areas_px2_N, dtype=np.float64)
    if answer.mm_per_px is None:
        return _sizes("area, px²", "px²", areas_N, 1.0)
    return _sizes("area, cm²", "cm²", areas_N, answer.mm_per_px**2 / 100)


def _sizes(title: str, unit: str, sizes_N: NDArray[np.float64], factor: float) -> Sizes:
    return Sizes(title=title, unit=unit, values_N=sizes_N * factor, factor=factor)


def read_times(answer: ClipAnswer) -> NDArray[np.float64] | None:
    """Return the times of the frames as frames.csv has them, if they are known and increase."""
    if answer.times_s_N is None or not len(answer.times_s_N):
        return None
    times_N = np.asarray(answer.times_s_N, dtype=np.float64)
    increase = np.isfinite(times_N).all() and bool((np.diff(times_N) > 0).all())
    return times_N if increase else None


def used_beats(answer: ClipAnswer) -> list[ClipBeat]:
    """Return the beats that give an ejection fraction."""
    return [beat for beat in answer.beats if beat.reason is None and beat.ef_percent is not None]


def list_moments(answer: ClipAnswer) -> list[PageMoment]:
    """Return every end-diastole and end-systole that the clip shows, in order."""
    found = [
        PageMoment(phase=phase, position=position, beat=beat)
        for beat in answer.beats
        for phase, position in _list_positions(beat)
        if position is not None
    ]
    return sorted(found, key=lambda moment: moment.position)


def _list_positions(beat: ClipBeat) -> tuple[tuple[Phase, int | None], ...]:
    return ("ED", beat.ed), ("ES", beat.es)


def list_flags(answer: ClipAnswer) -> list[tuple[str, ...]]:
    """Return what is odd about each frame. A frame that is not trusted has at least one flag."""
    return [
        flags if flags or trusted else (NO_DICE if np.isnan(dice) else LOW_DICE,)
        for flags, trusted, dice in zip(
            answer.trust.flags_N, answer.trust.trusted_N, answer.trust.dice_N, strict=True
        )
    ]


def find_runs(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending whole numbers as runs, each with its first and last.

    >>> find_runs([3, 4, 5, 9])
    [(3, 5), (9, 9)]
    """
    runs = []
    for _, run in groupby(enumerate(positions), key=lambda item: item[1] - item[0]):
        found = [position for _, position in run]
        runs.append((found[0], found[-1]))
    return runs
