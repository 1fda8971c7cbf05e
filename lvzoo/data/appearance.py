"""Measures the appearance of one clip's frames, and holds the range of each figure over real clips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.geometry.sector import evenly_spaced

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIT: Final = 15
"""A pixel whose mean grey level over the clip is higher than this shows tissue that may move."""
DARK: Final = 8
"""Pixels below this grey level count as dark."""

REAL_RANGES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "mean grey level": (20, 46),
        "standard deviation": (45, 68),
        "share of pixels below 8": (0.48, 0.71),
        "median grey level": (1, 10),
        "95th percentile": (128, 206),
        "99th percentile": (183, 248),
        "correlation of successive frames": (0.966, 0.982),
        "correlation of neighbours, x": (0.81, 0.91),
        "correlation of neighbours, y": (0.75, 0.90),
    }
)
"""Measured on nine public demonstration clips of EchoNet-Dynamic, decoded."""


def measure_appearance(frames_NHW: NDArray[np.uint8]) -> dict[str, float]:
    """Return the figures that REAL_RANGES names, for one clip; a figure that cannot be computed is NaN.

    The correlation of successive frames uses all frames, but only the pixels that are bright on average. The other
    figures use evenly spaced frames.
    """
    stills = frames_NHW[evenly_spaced(len(frames_NHW))].astype(np.float64)
    lit = frames_NHW.mean(axis=0) > LIT
    successive = [_correlation(before[lit], after[lit]) for before, after in pairwise(frames_NHW)]
    figures = (
        *(stills.mean(), stills.std(axis=(1, 2)).mean(), (stills < DARK).mean()),
        *np.percentile(stills, [50, 95, 99], axis=(1, 2)).mean(axis=1),
        mean_without_nan(successive),
        mean_without_nan(_correlation(still[:, :-1], still[:, 1:]) for still in stills),
        mean_without_nan(_correlation(still[:-1], still[1:]) for still in stills),
    )
    return {name: float(figure) for name, figure in zip(REAL_RANGES, figures, strict=True)}


def _correlation(first: NDArray[np.number], second: NDArray[np.number]) -> float:
    """Return Pearson's correlation of two arrays; NaN if one is empty or constant."""
    if first.size == 0 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def mean_without_nan(figures: Iterable[float]) -> float:
    """Return the mean of the figures that are not NaN; NaN if there are none."""
    known = [figure for figure in figures if not math.isnan(figure)]
    return float(np.mean(known)) if known else math.nan
