"""Measures how much the areas of a clip's masks flicker from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def measure_jitter(areas_px: Sequence[float] | NDArray[Any]) -> float | None:
    """Return the mean absolute second difference of an area curve, divided by the curve's range.

    It needs no reference. It is small for a smooth curve, but not 0, because the heart moves: compare it with that of
    the reference's curve or of other masks of the same clip. It depends on the frame rate, so it cannot be compared
    between clips of different rates. Return None for fewer than three frames, and if all areas are equal.

    >>> measure_jitter([1.0, 2.0, 3.0, 4.0]), measure_jitter([1.0, 3.0, 1.0, 3.0])
    (0.0, 2.0)
    """
    areas_N = np.asarray(areas_px, dtype=np.float64)
    spread = float(np.ptp(areas_N)) if len(areas_N) >= 3 else 0.0
    return float(np.abs(np.diff(areas_N, n=2)).mean()) / spread if spread else None
