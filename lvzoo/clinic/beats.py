"""Finds the beats of a clip in its area curve: end-diastole (ED) and end-systole (ES) of each.

ES is a minimum of the smoothed curve, and ED the maximum before it; both lie at the middle of their flat stretch.
Letters in names are those of `lvzoo.clinic.curve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from lvzoo.clinic.curve import GRID_S, Curve, smooth_curve

LEAST_CYCLE_S: Final = 0.33
"""Two ES are at least so far apart: no more than 180 beats per minute are told apart."""
PROMINENCE: Final = 0.4
"""How far the curve falls before an ES and rises after it at least, as a share of the curve's range."""
EDGE_S: Final = 0.06
"""A maximum nearer to the clip's start may belong to a beat that had already begun."""
PARTIAL: Final = 0.1
"""A fall at the clip's start or end counts as part of a beat if it is at least this share of the range."""
FLAT: Final = 0.03
"""The curve is flat at an ED or ES where it is so near to its extreme value, as a share of the range."""
HOLE_S: Final = 0.15
"""A beat with no measured frame for so long is left out."""
NEAR_S: Final = 0.07
"""Frames so near to an ED or ES decide where it is: half of the smoothing filter's length."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """An ED or ES: its place on the smoothed curve in time, and the measured frame that is nearest to it."""

    frame: int
    """Index in the clip."""
    time_s: float
    """It may lie between two frames."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beat:
    """One beat, from its ED to its ES and on to the ES of the next beat. What the clip does not show is None.

    `reason` says in words why the beat gives no ejection fraction. It is None for a whole beat, which has ED and ES.
    """

    ed: Moment | None
    es: Moment | None
    next_es: Moment | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Beats:
    """The beats of a clip in order, partial ones included. `reason` says why there is no whole beat, if so."""

    beats: tuple[Beat, ...] = ()
    curve: Curve | None = None
    """The smoothed curve in which they were found, unless there is none."""
    es_intervals_s: tuple[float, ...] = ()
    """Times from ES to ES, without those in which frames are missing for too long."""
    ed_intervals_s: tuple[float, ...] = ()
    """Times from ED to ED, likewise."""
    reason: str | None = None

    @property
    def whole(self) -> tuple[Beat, ...]:
        """The beats that give an ejection fraction."""
        return tuple(beat for beat in self.beats if beat.reason is None)

    @property
    def heart_rate_bpm(self) -> float | None:
        """Beats per minute: 60 by the median time from ES to ES; None with fewer than two ES."""
        return _rate(self.es_intervals_s)

    @property
    def heart_rate_from_ed_bpm(self) -> float | None:
        """The same from ED to ED. A great difference to the other rate says that a beat was missed or made up."""
        return _rate(self.ed_intervals_s)


def find_beats(
    areas_N: Sequence[float] | NDArray[np.floating],
    times_s_N: Sequence[float] | NDArray[np.floating],
) -> Beats:
    """Find the beats in the area curve of a clip (a volume curve will do). NaN marks frames that do not count.

    The times are those of the frames in seconds, and may be unevenly spaced. Nothing is raised: if the curve is too
    short, too coarse or shows no beat, the result has no beats and says why.

    A beat needs its ED and its ES, not the next ED. The ED before the first ES counts if it lies at least 0.06 s
    after the clip's first measured frame, because only then the curve is seen to rise to it, or to stand still.
    """
    curve = smooth_curve(areas_N, times_s_N)
    if isinstance(curve, str):
        return Beats(reason=curve)
    lowest = find_peaks(
        -curve.smooth_G, distance=LEAST_CYCLE_S / GRID_S, prominence=PROMINENCE * curve.spread
    )[0].tolist()
    minima = [_centre(curve, point) for point in lowest]
    maxima = [
        _centre(curve, low + int(np.argmax(curve.smooth_G[low : high + 1])))
        for low, high in pairwise([0, *minima, len(curve.smooth_G) - 1])
    ]
    beats = _join(curve, minima, maxima)
    holes_s = _find_holes(curve.times_s_U)
    beats = [_judge(beat, holes_s) for beat in beats]
    eds = [beat.ed.time_s for beat in beats if beat.ed]
    return Beats(
        beats=tuple(beats),
        curve=curve,
        es_intervals_s=_intervals(curve.times_s_G[minima].tolist(), holes_s),
        ed_intervals_s=_intervals(eds, holes_s),
        reason=None if any(beat.reason is None for beat in beats) else "the clip shows no whole beat",
    )


def _centre(curve: Curve, extreme: int) -> int:
    """Return the middle of the flat stretch around a minimum or maximum, given and returned as a point of the grid.

    Before and after ejection all valves are shut, for some 40 and 80 ms, and the ventricle stands still. Noise
    decides which of these frames is the largest or smallest, but it hardly moves the middle of the stretch.
    """
    apart_G = np.abs(curve.smooth_G - curve.smooth_G[extreme]) > FLAT * curve.spread
    before, after = np.flatnonzero(apart_G[:extreme]), np.flatnonzero(apart_G[extreme:])
    first = before[-1] + 1 if len(before) else 0
    last = extreme + after[0] - 1 if len(after) else len(apart_G) - 1
    return int(first + last) // 2


def _join(curve: Curve, minima: list[int], maxima: list[int]) -> list[Beat]:
    """Return the beats around the ES, given as points of the grid, and the partial ones at the clip's ends.

    There is one maximum before each minimum, and one after the last.
    """
    moments = [_locate(curve, point) for point in minima]
    beats = []
    for place, (maximum, es) in enumerate(zip(maxima, moments, strict=False)):
        next_es = moments[place + 1] if place + 1 < len(moments) else None
        late = place == 0 and maximum * GRID_S < EDGE_S
        beats.append(
            Beat(
                ed=None if late else _locate(curve, maximum),
                es=es,
                next_es=next_es,
                reason="the clip starts after its end-diastole" if late else None,
            )
        )
    smooth_G, least = curve.smooth_G, PARTIAL * curve.spread
    if maxima[0] * GRID_S >= EDGE_S and smooth_G[0] - smooth_G[: maxima[0] + 1].min() >= least:
        first = Beat(
            ed=None,
            es=None,
            next_es=moments[0] if moments else None,
            reason="the clip starts too late in its systole",
        )
        beats.insert(0, first)
    if smooth_G[maxima[-1]] - smooth_G[maxima[-1] :].min() >= least:
        ends = "the clip ends before or just after its end-systole"
        beats.append(Beat(ed=_locate(curve, maxima[-1]), es=None, reason=ends))
    return beats


def _locate(curve: Curve, point: int) -> Moment:
    """Return the moment of a point of the grid."""
    time_s = float(curve.times_s_G[point])
    nearest = int(np.argmin(np.abs(curve.times_s_U - time_s)))
    return Moment(frame=int(curve.frames_U[nearest]), time_s=time_s)


def _find_holes(times_s_U: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return the times between which no frame was measured for too long."""
    return [(start, end) for start, end in pairwise(times_s_U.tolist()) if end - start > HOLE_S]


def _judge(beat: Beat, holes_s: list[tuple[float, float]]) -> Beat:
    """Return the beat, with a reason if frames that decide it are missing."""
    if beat.ed is None or beat.es is None or beat.reason:
        return beat
    first_s, last_s = beat.ed.time_s - NEAR_S, beat.es.time_s + NEAR_S
    missing_s = max((end - start for start, end in holes_s if start < last_s and end > first_s), default=0.0)
    if not missing_s:
        return beat
    reason = f"no frame could be measured for {missing_s:.2f} s"
    return Beat(ed=beat.ed, es=beat.es, next_es=beat.next_es, reason=reason)


def _intervals(moments_s: list[float], holes_s: list[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(
        later - sooner
        for sooner, later in pairwise(moments_s)
        if not any(start < later and end > sooner for start, end in holes_s)
    )


def _rate(intervals_s: tuple[float, ...]) -> float | None:
    return float(60 / np.median(intervals_s)) if intervals_s else None
