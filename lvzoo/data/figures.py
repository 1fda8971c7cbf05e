"""Summarises figures that were measured on many clips, and compares their means with those of real clips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

PERCENTILES: Final = (10, 90)


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistic:
    """One figure over clips: mean, standard deviation (n - 1), 10th and 90th percentile.

    They are NaN if no clip has the figure: for instance, a still picture has no successive frames. A single clip has
    no standard deviation, so that is NaN too.
    """

    name: str
    mean: float
    sd: float
    low: float
    high: float
    real: tuple[float, float] | None = None
    """The range in which the mean lies if the clips are like real ones; None if it is not known."""

    @property
    def as_real(self) -> bool | None:
        """Whether the mean lies in the range of real clips; None without a range or a mean."""
        if self.real is None or math.isnan(self.mean):
            return None
        return self.real[0] <= self.mean <= self.real[1]


def summarise(
    measured: Sequence[Mapping[str, float]], real: Mapping[str, tuple[float, float]]
) -> tuple[Statistic, ...]:
    """Return a statistic for each figure that was measured; clips whose figure is NaN are left out of it."""
    return tuple(
        _summarise_one(name, [each[name] for each in measured], real.get(name))
        for name in (measured[0] if measured else ())
    )


def _summarise_one(name: str, figures: Sequence[float], real: tuple[float, float] | None) -> Statistic:
    known = [figure for figure in figures if not math.isnan(figure)]
    low, high = np.percentile(known, PERCENTILES) if known else (math.nan, math.nan)
    return Statistic(
        name=name,
        mean=mean_without_nan(known),
        sd=float(np.std(known, ddof=1)) if len(known) > 1 else math.nan,
        low=float(low),
        high=float(high),
        real=real,
    )


def mean_without_nan(figures: Iterable[float]) -> float:
    """Return the mean of the figures that are not NaN; NaN if there are none."""
    known = [figure for figure in figures if not math.isnan(figure)]
    return float(np.mean(known)) if known else math.nan


def null_for_nan(figure: float) -> float | None:
    """Return None for NaN: JSON has no NaN."""
    return None if math.isnan(figure) else figure


def say_synthetic(synthetic: int, of: int, *, what: str) -> str:
    """Return the words that say in a title whether clips are synthetic: none, all or some of them.

    >>> say_synthetic(0, 4, what="clips"), say_synthetic(4, 4, what="clips"), say_synthetic(3, 4, what="clips")
    ('', ', synthetic', ', partly synthetic (3 of the clips)')
    """
    if synthetic in (0, of):
        return ", synthetic" if synthetic else ""
    return f", partly synthetic ({synthetic:,} of the {what})"
