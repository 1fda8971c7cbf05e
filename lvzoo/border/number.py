"""Finds the number with which a model's border lies on the tracings, and how sure it is.

Letters in names: N frames, Q patients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import t as student_t

from lvzoo.errors import DataError

MOST_PX: Final = 8.0
"""No two readers differ by more than this. If a border lies further away, something else is wrong."""
CONFIDENCE: Final = 0.95
WANTED_PX: Final = 0.3
"""Half of the width of the interval that `patients_needed` is about."""
MOST_NEEDED: Final = 10_000
NEARBY_PX: Final = 1.0
"""How far the border is moved to either side to see how far one unit of the number moves it."""
TRIED: Final = tuple(4.0**power for power in range(-4, 12))
"""The numbers that are tried, in turn, until the border has moved across the tracings."""
DOES_NOT_MOVE: Final = (
    "adding a constant to its logits (or moving its landmarks) does not change its masks; correct its decode"
)

Measure: TypeAlias = Callable[[float], NDArray[np.float64]]
"""Returns for one value of the number how far outside of the tracing each frame's border lies, in px (N)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """The number with which the border lies on the tracings, in the mean over patients.

    Intervals are of 95 %, over patients: Student's t and the standard error of the patients' mean distances, which
    is also that of the jackknife.
    """

    number: float
    number_half: float
    """Half of the width of the number's interval."""
    shift_px: float
    """How far the number moves the border outwards."""
    shift_half_px: float
    nearby: tuple[float, float]
    """The numbers with which the border lies about 1 px further inside and outside."""
    patients_needed: int
    """About so many patients give an interval of +- 0.3 px."""
    without_Q: dict[str, float]
    """For each patient, the number that the other patients give."""


def find_number(measure: Measure, patients: Sequence[str]) -> Fit:
    """Find the number with which the mean signed distance over patients is 0. A larger number moves outwards.

    Args:
        measure: the distances (N) of the frames for a number.
        patients: the patient of each frame (N), at least two different ones.

    Raises:
        DataError: the border lies more than MOST_PX from the tracings, or the number does not move it.
    """
    names, patient_N = np.unique(patients, return_inverse=True)
    counts_Q = np.bincount(patient_N)

    def mean_Q(number: float) -> NDArray[np.float64]:
        return np.bincount(patient_N, weights=measure(number)) / counts_Q

    def mean(number: float) -> float:
        return float(mean_Q(number).mean())

    start_px = _check_near(mean(0.0))
    low, high = _bracket(mean, start_px)
    number = float(brentq(mean, low, high, xtol=(high - low) / 500, maxiter=100))
    nearby, px_per_unit = _measure_slope(mean, number, low, high)
    left_Q = mean_Q(number)
    spread_px, patients_count = float(left_Q.std(ddof=1)), len(names)
    shift_half_px = _half_width(spread_px, patients_count)
    # without one patient, the mean of the others is off by this, and the number makes up for it
    others_px_Q = (left_Q.mean() - left_Q) / (patients_count - 1)
    return Fit(
        number=number,
        number_half=shift_half_px / px_per_unit,
        shift_px=float(left_Q.mean()) - start_px,
        shift_half_px=shift_half_px,
        nearby=nearby,
        patients_needed=_count_needed(spread_px),
        without_Q={
            str(name): number - px / px_per_unit for name, px in zip(names, others_px_Q.tolist(), strict=True)
        },
    )


def side(distance_px: float) -> str:
    """Return on which side of the tracings a border lies."""
    return "outside of" if distance_px > 0 else "inside of"


def _check_near(distance_px: float) -> float:
    """Return how far the border lies from the tracings with the number 0.

    Raises:
        DataError: it is more than MOST_PX.
    """
    if abs(distance_px) > MOST_PX:
        raise DataError(
            f"its border lies {abs(distance_px):.1f} px {side(distance_px)} the tracings; a reader differs by less "
            f"than {MOST_PX:g} px, so look for another problem (`lvzoo data check`, the overlay of `lvzoo predict`)"
        )
    return distance_px


def _bracket(mean: Callable[[float], float], start_px: float) -> tuple[float, float]:
    """Return two numbers between which the border crosses the tracings, the smaller one first.

    Raises:
        DataError: no number moves the border so far.
    """
    sign = -1.0 if start_px > 0 else 1.0
    before = 0.0
    for number in (sign * size for size in TRIED):
        if sign * mean(number) > 0:
            return min(before, number), max(before, number)
        before = number
    raise DataError(DOES_NOT_MOVE)


def _measure_slope(
    mean: Callable[[float], float], number: float, low: float, high: float
) -> tuple[tuple[float, float], float]:
    """Return numbers that move the border about 1 px in and out from where `number` puts it, and px per unit there.

    Raises:
        DataError: the border does not move outwards between them.
    """
    step = NEARBY_PX * (high - low) / (mean(high) - mean(low))
    nearby = (number - step, number + step)
    px_per_unit = (mean(nearby[1]) - mean(nearby[0])) / (2 * step)
    if px_per_unit <= 0:
        raise DataError(DOES_NOT_MOVE)
    return nearby, px_per_unit


def _half_width(spread_px: float, patients: int) -> float:
    """Return half of the width of the interval of a mean over patients with this standard deviation."""
    return float(student_t.ppf((1 + CONFIDENCE) / 2, patients - 1)) * spread_px / float(np.sqrt(patients))


def _count_needed(spread_px: float) -> int:
    """Return the smallest number of patients whose interval is +- WANTED_PX, if they differ as much as these."""
    counts = range(2, MOST_NEEDED)
    return next((count for count in counts if _half_width(spread_px, count) <= WANTED_PX), MOST_NEEDED)
