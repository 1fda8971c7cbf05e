"""Measures how much the areas of a clip's masks flicker from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def measure_jitter(
    areas_px: Sequence[float] | NDArray[Any], frames: Sequence[int] | NDArray[Any] | None = None
) -> float | None:
    """Return the mean absolute second difference of an area curve, divided by the curve's range.

    `frames` are the numbers of the frames; by default, they are consecutive. Three areas count only if their frames
    are consecutive: around a damaged frame, the heart moves further from one area to the next.

    It needs no reference. It is small for a smooth curve, but not 0, because the heart moves: compare it with that of
    the reference's curve or of other masks of the same clip. It depends on the frame rate, so it cannot be compared
    between clips of different rates. Return None if no three frames are consecutive, and if all areas are equal.

    >>> measure_jitter([1.0, 2.0, 3.0, 4.0]), measure_jitter([1.0, 3.0, 1.0, 3.0])
    (0.0, 2.0)
    >>> measure_jitter([1.0, 2.0, 3.0, 5.0, 6.0, 7.0], frames=[0, 1, 2, 4, 5, 6])
    0.0
    """
    areas_N = np.asarray(areas_px, dtype=np.float64)
    frames_N = np.arange(len(areas_N)) if frames is None else np.asarray(frames)
    if len(areas_N) < 3 or not np.ptp(areas_N):
        return None
    steps_N = np.diff(frames_N)
    consecutive_N = (steps_N[:-1] == 1) & (steps_N[1:] == 1)
    if not consecutive_N.any():
        return None
    return float(np.abs(np.diff(areas_N, n=2)[consecutive_N]).mean() / np.ptp(areas_N))
