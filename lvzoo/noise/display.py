"""Converts between grey levels on the display and amplitudes of the echo, on which acoustic noise acts.

A grey level x (0..1) is a log-compressed envelope. With an assumed dynamic range DR of 50 dB its amplitude is
`a(x) = 10^((x - 1) DR / 20)`, and 0 at x = 0. The inverse is `x(a) = 1 + 20 log10(a) / DR`. A gain of g dB is
therefore a step of g / DR on the display.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

DYNAMIC_RANGE_DB: Final = 50.0
WHITE: Final = 255.0

_FAINTEST: Final = 10.0 ** (-DYNAMIC_RANGE_DB / 20.0)
"""The amplitude that the display shows as black; lower ones are black too."""
_AMPLITUDES: Final = 10.0 ** ((np.arange(256) / WHITE - 1.0) * DYNAMIC_RANGE_DB / 20.0)
_AMPLITUDES[0] = 0.0
_AMPLITUDES.setflags(write=False)


def amplitude(frame_HW: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the amplitude of each pixel: 1 for white, 0 for black."""
    return _AMPLITUDES[frame_HW]


def display(amplitude_HW: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the grey levels of amplitudes."""
    return quantise(WHITE * (1.0 + (20.0 / DYNAMIC_RANGE_DB) * np.log10(np.maximum(amplitude_HW, _FAINTEST))))


def from_db(level_db: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the amplitude at a level in dB: 0 dB is 1.

    >>> float(from_db(-20.0))
    0.1
    """
    return np.asarray(10.0 ** (np.asarray(level_db) / 20.0))


def quantise(levels_HW: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Round grey levels (0..255) half to even and clip them, once at the end of a corruption.

    >>> quantise(np.array([-3.0, 0.5, 1.5, 254.51, 300.0])).tolist()
    [0, 0, 2, 255, 255]
    """
    return np.clip(np.rint(levels_HW), 0.0, WHITE).astype(np.uint8)
