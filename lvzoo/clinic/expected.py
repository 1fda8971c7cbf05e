"""The Dice to expect of a mask, from its evidence: a sum of rising curves, and an interval around it.

Each figure of the evidence has a curve of straight pieces that never falls, so that better evidence never lowers the
expected Dice. `lvzoo.clinic.trust_fit` fits the curves. Letters: N frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SOLIDITY_WEIGHT: Final = 1.0
TAPER_WEIGHT: Final = 0.35
ELONGATION_WEIGHT: Final = 0.35
"""How much the shape of the mask counts in `measure_likeness`, beside the expected Dice."""
TAPER_RANGE: Final = (-0.3, 0.2)
MOST_ELONGATION: Final = 1.4
"""Beyond these, a mask is no more like a ventricle, or less like one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RisingCurve:
    """What one figure adds to the expected Dice: straight lines between points, level outside of them."""

    figure: str
    at: tuple[float, ...]
    adds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DiceFit:
    """The curves for one set of known figures, and the interval around their sum."""

    curves: tuple[RisingCurve, ...]
    constant: float
    at: tuple[float, ...] = (0.0,)
    """Values of the expected Dice, for which the interval is known. Between them it is interpolated."""
    below: tuple[float, ...] = (1.0,)
    """How far the interval reaches below each of them."""
    above: tuple[float, ...] = (1.0,)
    least_likeness: float = 0.0
    """A clip with a smaller `measure_likeness` is not recognised as an apical view."""

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures that must be known."""
        return tuple(curve.figure for curve in self.curves)

    def expect(self, evidence: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the expected Dice of frames, 0 to 1, from each figure of theirs (N,)."""
        parts = [np.interp(evidence[curve.figure], curve.at, curve.adds) for curve in self.curves]
        return np.asarray(np.clip(self.constant + np.sum(parts, axis=0), 0.0, 1.0))

    def bound(self, dice_N: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and the upper end of the interval around expected values."""
        low_N = dice_N - np.interp(dice_N, self.at, self.below)
        high_N = dice_N + np.interp(dice_N, self.at, self.above)
        return np.clip(low_N, 0.0, 1.0), np.clip(high_N, 0.0, 1.0)

    def measure_likeness(self, evidence: Mapping[str, NDArray[np.float64]]) -> float:
        """Return how much a clip is like an apical view: one number from the medians over its frames, at least one.

        An apical ventricle is longer than wide, its border is smooth, and its upper end is the narrower one. In other
        views, and in things that are no echocardiograms, the models are less certain, and they find something round,
        frayed, or wide at its top.
        """
        solidity, taper, elongation = (
            float(np.median(evidence[figure])) for figure in ("solidity", "taper", "elongation")
        )
        return (
            float(np.median(self.expect(evidence)))
            + SOLIDITY_WEIGHT * solidity
            - TAPER_WEIGHT * min(max(taper, TAPER_RANGE[0]), TAPER_RANGE[1])
            + ELONGATION_WEIGHT * min(elongation, MOST_ELONGATION)
        )
