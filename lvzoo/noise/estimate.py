"""Estimates the noise of a clip: which corruption of noise-v1, how strong, and how sure that is.

A small network turns the figures of a clip's frames (`lvzoo.noise.statistics`) into a probability for every condition
of the suite, clean among them. Its numbers were fitted to noisy clips of the phantom by
`python -m tests.noise.fit_estimate`; `estimate.json` beside this file says on which.

Letters: N frames, F figures, U units, C conditions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from lvzoo.geometry.sector import fit_sector
from lvzoo.noise.statistics import find_place, measure_frame
from lvzoo.types import FRAME_SIZE_HW, Condition

NUMBERS: Final = Path(__file__).with_name("estimate.npz")
CARD: Final = Path(__file__).with_name("estimate.json")
LIKELY: Final = 0.8
"""The interval of a severity holds this probability."""
FARTHEST: Final = 8.0
"""Figures that differ by more standard deviations from their mean are cut to this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseEstimate:
    """What a clip's noise may be. The probabilities sum to 1."""

    suite: str
    probabilities: Mapping[Condition, float] = field(repr=False)
    oddity: float
    """How unlike the clips of the fit this one is; 1 is as odd as the oddest one in a hundred of theirs."""

    @property
    def corruptions(self) -> dict[str, float]:
        """The probability of each corruption, and of clean, the highest first."""
        sums: dict[str, float] = {}
        for condition, probability in self.probabilities.items():
            sums[condition.corruption] = sums.get(condition.corruption, 0.0) + probability
        return dict(sorted(sums.items(), key=lambda each: -each[1]))

    @property
    def corruption(self) -> str:
        """The most likely corruption, or "clean"."""
        return next(iter(self.corruptions))

    @property
    def severity(self) -> float:
        """The mean severity over all conditions; clean counts as 0."""
        return sum(each.severity * probability for each, probability in self.probabilities.items())

    @property
    def severity_range(self) -> tuple[float, float]:
        """The interval of the severity that holds 8 of 10 of the probability, and as much above it as below."""
        highest = max(each.severity for each in self.probabilities)
        shares = np.zeros(highest + 1)
        for each, probability in self.probabilities.items():
            shares[each.severity] += probability
        # each severity stands for half a step to either side, so that the ends are no whole numbers by force
        edges, below = np.arange(highest + 2) - 0.5, np.concatenate([[0.0], np.cumsum(shares)])
        low, high = np.interp([(1 - LIKELY) / 2, (1 + LIKELY) / 2], below, edges)
        return max(0.0, float(low)), min(float(highest), float(high))


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseModel:
    """The numbers of the estimate: a network of one hidden layer, and where the figures of each condition lie."""

    suite: str
    names: tuple[str, ...]
    """The names of the figures."""
    conditions: tuple[Condition, ...]
    centre_F: NDArray[np.float32]
    scale_F: NDArray[np.float32]
    """Mean and standard deviation of the figures."""
    hidden_FU: NDArray[np.float32]
    hidden_U: NDArray[np.float32]
    output_UC: NDArray[np.float32]
    output_C: NDArray[np.float32]
    """Weights and offsets of the two layers."""
    whitening_FF: NDArray[np.float32]
    """Turns standardised figures into ones that are uncorrelated within a condition."""
    middle_CF: NDArray[np.float32]
    """The mean of each condition's whitened figures."""
    usual_C: NDArray[np.float32]
    """The distance to the mean of each condition that few of its clips exceed."""

    def standardise(self, figures_NF: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return figures in standard deviations from their mean."""
        return np.clip((figures_NF - self.centre_F) / self.scale_F, -FARTHEST, FARTHEST)

    def estimate_figures(self, figures_NF: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of the conditions (N, C) from figures, each row those of one clip."""
        hidden_NU = np.maximum(self.standardise(figures_NF) @ self.hidden_FU + self.hidden_U, 0.0)
        return np.asarray(softmax(hidden_NU @ self.output_UC + self.output_C, axis=1), dtype=np.float64)

    def measure_oddity(self, figures_NF: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far figures lie from the nearest condition (N): the distance from its mean, by what is usual."""
        white_NF = self.standardise(figures_NF) @ self.whitening_FF
        distance_NC = np.linalg.norm(white_NF[:, None] - self.middle_CF, axis=2)
        return np.asarray((distance_NC / self.usual_C).min(axis=1), dtype=np.float64)

    def estimate(self, frames_NHW: NDArray[np.uint8]) -> NoiseEstimate:
        """Return the noise of one clip from some of its frames of 112 x 112; eight spread over the clip are enough.

        Raises:
            ValueError: there are no frames, or they have another size.
        """
        if not len(frames_NHW) or frames_NHW.shape[1:] != FRAME_SIZE_HW:
            raise ValueError(f"frames of {frames_NHW.shape}; give at least one of {FRAME_SIZE_HW}")
        place = find_place(fit_sector(frames_NHW), FRAME_SIZE_HW)
        measured = [measure_frame(frame_HW, place) for frame_HW in frames_NHW]
        means_1F = np.array([[np.mean([each[name] for each in measured]) for name in self.names]])
        (probability_C,), (oddity,) = self.estimate_figures(means_1F), self.measure_oddity(means_1F)
        return NoiseEstimate(
            suite=self.suite,
            probabilities=dict(zip(self.conditions, probability_C.tolist(), strict=True)),
            oddity=float(oddity),
        )


@cache
def read_noise_model() -> NoiseModel:
    """Return the estimate that lvzoo ships."""
    card: dict[str, Any] = json.loads(CARD.read_text(encoding="utf-8"))
    with np.load(NUMBERS, allow_pickle=False) as numbers:
        return NoiseModel(
            suite=card["suite"],
            names=tuple(card["figures"]),
            conditions=read_conditions(card["conditions"]),
            **{name: numbers[name] for name in numbers.files},
        )


def read_conditions(names: Sequence[str]) -> tuple[Condition, ...]:
    """Return conditions by their names.

    >>> read_conditions(["clean 0", "haze 3"])
    (Condition(corruption='clean', severity=0), Condition(corruption='haze', severity=3))
    """
    pairs = (name.split() for name in names)
    return tuple(Condition(corruption=corruption, severity=int(severity)) for corruption, severity in pairs)
