"""Cleans and smooths a clip's area or volume curve in time, at the frames' true times.

Letters in names: N frames of the clip, U usable frames (finite value, trusted), G points of an even grid in time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

MEDIAN_S: Final = 0.06
"""Length of the median filter, which removes single frames that stand out. It has at least three frames."""
ROUNDING_S: Final = 1e-4
"""Times are equal if they differ by less."""
SMOOTH_S: Final = 0.14
"""Length of the Savitzky-Golay filter (a moving parabola, fitted by least squares)."""
GRID_S: Final = 0.005
"""Spacing of the even grid. It is finer than any clip's frames, so the filters are the same at every frame rate."""
LEAST_FPS: Final = 15.0
"""At lower rates, the frames of a beat are too few for its ED and ES."""
LEAST_FRAMES: Final = 6
LEAST_S: Final = 0.4
MOST_S: Final = 3600.0
"""A shorter clip has no whole beat. A longer one has wrong times, and its grid would need much memory."""
LEAST_RANGE: Final = 2.6
"""The smoothed curve's range must be at least so many times the frames' flicker (see `_find_flicker`)."""
NORMAL_MEDIAN: Final = 0.6745
"""Median absolute value of a standard normal number."""
RANGE_PERCENT: Final = (5.0, 95.0)
"""The percentiles between which the range of a curve is measured: single frames do not count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """A curve over the usable frames of a clip, cleaned, and smoothed on an even grid."""

    frames_U: NDArray[np.int64]
    """Indices of the usable frames in the clip."""
    times_s_U: NDArray[np.float64]
    times_s_G: NDArray[np.float64]
    smooth_G: NDArray[np.float64]
    """Median filtered, interpolated linearly, and smoothed by the Savitzky-Golay filter."""

    @property
    def spread(self) -> float:
        """The range of the smoothed curve, from its 5th to its 95th percentile."""
        low, high = np.percentile(self.smooth_G, RANGE_PERCENT)
        return float(high - low)


def smooth_curve(
    values_N: Sequence[float] | NDArray[np.floating],
    times_s_N: Sequence[float] | NDArray[np.floating],
) -> Curve | str:
    """Return the smoothed curve of a clip, or the reason in words why there is none.

    Frames whose value is NaN are left out. The times must increase; their spacing may be uneven.
    """
    values = np.asarray(values_N, dtype=np.float64)
    times_s = np.asarray(times_s_N, dtype=np.float64)
    frames_U = np.flatnonzero(np.isfinite(values))
    if len(frames_U) < LEAST_FRAMES:
        return (
            f"the clip has too few frames that could be measured: {len(frames_U)}, fewer than {LEAST_FRAMES}"
        )
    if len(times_s) != len(values) or not np.isfinite(times_s).all() or (np.diff(times_s) <= 0).any():
        return "the times of the frames are not known, or do not increase"
    values_U, times_s_U = values[frames_U], times_s[frames_U]
    span_s, spacing_s = float(np.ptp(times_s_U)), float(np.median(np.diff(times_s)))
    if not LEAST_S <= span_s <= MOST_S:
        return f"the measured frames span {span_s:.3g} s, not {LEAST_S} to {MOST_S:.0f} s"
    if spacing_s > 1 / LEAST_FPS:
        return f"the clip has {1 / spacing_s:.3g} frames per second, fewer than {LEAST_FPS:.0f}"
    times_s_G = np.arange(times_s_U[0], times_s_U[-1] + GRID_S / 2, GRID_S)
    even_G = np.interp(times_s_G, times_s_U, remove_outliers(values_U, times_s_U))
    smooth_G = savgol_filter(even_G, round(SMOOTH_S / GRID_S) + 1, 2)
    curve = Curve(frames_U=frames_U, times_s_U=times_s_U, times_s_G=times_s_G, smooth_G=smooth_G)
    if curve.spread < LEAST_RANGE * _find_flicker(values_U):
        return "the curve changes no more in a beat than from frame to frame"
    return curve


def remove_outliers(values_U: NDArray[np.float64], times_s_U: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a curve after a median filter over `MEDIAN_S`, and over at least three frames.

    The window is one of time, so it has more frames where they follow each other faster.
    """
    # A mirrored end has no second copy of the first or last frame, so it cannot outvote its neighbours.
    before = len(values_U) - 1
    values = np.pad(values_U, before, mode="reflect")
    times_s = np.pad(times_s_U, before, mode="reflect", reflect_type="odd")
    place_U = before + np.arange(len(values_U))
    reach_s = MEDIAN_S / 2 + ROUNDING_S
    low_U = np.minimum(np.searchsorted(times_s, times_s_U - reach_s), place_U - 1)
    high_U = np.maximum(np.searchsorted(times_s, times_s_U + reach_s), place_U + 2)
    return np.array([np.median(values[low:high]) for low, high in zip(low_U, high_U, strict=True)])


def _find_flicker(values_U: NDArray[np.float64]) -> float:
    """Return the SD of white noise from frame to frame: that of the second differences, which remove the beat, by √6.

    The SD comes from the median absolute value, so that single frames that stand out do not count.
    """
    return float(np.median(np.abs(np.diff(values_U, n=2))) / (NORMAL_MEDIAN * math.sqrt(6)))
