"""Fits the Dice to expect of masks to frames whose true Dice is known.

The curves are fitted by least squares on one half of the clips. On the other half, the interval is found by
split-conformal prediction: there, the errors of the fit are those on unseen patients. Letters: N frames, F figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from lvzoo.clinic.evidence import EVIDENCE
from lvzoo.clinic.expected import DiceFit, RisingCurve
from lvzoo.types import Kind

SITUATIONS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    ("mask", ("agreement", "border", "confidence", "solidity", "largest piece")),
    ("mask", ("border", "confidence", "solidity", "largest piece")),
    ("landmark", ("agreement", "check border", "check confidence", "solidity")),
    ("landmark", ("agreement", "solidity")),
    ("landmark", ("flicker", "solidity")),
    ("landmark", ("solidity",)),
)
"""Which figures may be known, and the kind of model that answers in the frames of the fit. The first whose figures
are known is used: a mask model with a second opinion and without; a landmark model with the opinion of a mask model,
with one that has no logits (so has the mean of several models), and without any, smoothed in time or not."""

COVERAGE: Final = 0.8
"""The share of frames whose Dice the interval shall hold."""
QUANTILES: Final = (0.01, 0.255, 0.5, 0.745, 0.99)
"""The pieces of a curve lie between these quantiles of its figure, and one more piece below."""
LOWEST: Final = 0.5
"""The first piece begins here at the latest: worse evidence is rare in the frames of a fit, but not elsewhere."""
STIFFNESS: Final = 3.0
"""Weight of the squared heights of the pieces, which keeps those small of which the frames say little."""
BANDS: Final = 8
"""The interval is found separately in so many bands of the expected Dice, with equally many frames each."""
LEAST_IN_A_BAND: Final = 20
GOOD_DICE: Final = 0.8
LOST: Final = 0.03
"""So many of the clips whose mean Dice is at least 0.8 are not recognised as an apical view."""
DIGITS: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownFrames:
    """Frames whose true Dice is known, with their evidence. Each clip is of another patient."""

    evidence_NF: NDArray[np.float64]
    dice_N: NDArray[np.float64]
    clips_N: NDArray[np.str_]

    def name_figures(self) -> dict[str, NDArray[np.float64]]:
        """Return each figure (N,) by its name."""
        return dict(zip(EVIDENCE, self.evidence_NF.T, strict=True))

    def take(self, chosen_N: NDArray[np.bool_]) -> KnownFrames:
        """Return some of the frames."""
        return KnownFrames(
            evidence_NF=self.evidence_NF[chosen_N],
            dice_N=self.dice_N[chosen_N],
            clips_N=self.clips_N[chosen_N],
        )

    def split(self) -> list[KnownFrames]:
        """Return the frames of each clip."""
        return [self.take(self.clips_N == clip) for clip in dict.fromkeys(self.clips_N.tolist())]


def fit_situations(frames: Mapping[Kind, KnownFrames]) -> tuple[DiceFit, ...]:
    """Fit each of `SITUATIONS` to frames in which a model of the given kind answered."""
    return tuple(fit_dice(frames[kind], figures) for kind, figures in SITUATIONS)


def fit_dice(frames: KnownFrames, figures: Sequence[str]) -> DiceFit:
    """Fit the expected Dice to frames, from some figures. There must be frames of two clips or more.

    Every second clip, in the order of their first frames, is kept for the interval.
    """
    numbers = {clip: number for number, clip in enumerate(dict.fromkeys(frames.clips_N.tolist()))}
    kept_N = np.array([numbers[clip] % 2 == 1 for clip in frames.clips_N.tolist()])
    fit = _fit_curves(frames.take(~kept_N), figures)
    return _add_likeness(_add_interval(fit, frames.take(kept_N)), frames)


def _fit_curves(frames: KnownFrames, figures: Sequence[str]) -> DiceFit:
    """Fit the curves: least squares with pieces that do not fall."""
    evidence = frames.name_figures()
    places = {name: _place(evidence[name]) for name in figures}
    ramps = [
        np.clip((evidence[name] - start) / (end - start), 0, 1)
        for name, at in places.items()
        for start, end in pairwise(at.tolist())
    ]
    count = len(ramps)
    terms = np.column_stack([*ramps, np.ones(len(frames.dice_N))])
    stiff = np.sqrt(STIFFNESS) * np.eye(count, count + 1)  # the constant is free
    solved = lsq_linear(
        np.vstack([terms, stiff]),
        np.concatenate([frames.dice_N, np.zeros(count)]),
        bounds=(np.concatenate([np.zeros(count), [-np.inf]]), np.inf),
    )
    heights = iter(solved.x[:-1].tolist())
    curves = []
    for name, at in places.items():
        adds = np.cumsum([0.0, *(next(heights) for _ in at[1:])])
        curves.append(RisingCurve(figure=name, at=_round(at), adds=_round(adds)))
    return DiceFit(curves=tuple(curves), constant=round(float(solved.x[-1]), DIGITS))


def _place(values_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the pieces of a curve begin and end."""
    quantiles = np.quantile(values_N, QUANTILES)
    at = np.unique(np.round([min(LOWEST, quantiles[0]), *quantiles], DIGITS))
    return at if len(at) > 1 else np.array([at[0] - 0.01, at[0]])


def _add_interval(fit: DiceFit, frames: KnownFrames) -> DiceFit:
    """Return the fit with an interval, from frames that it has not seen."""
    expected_N = fit.expect(frames.name_figures())
    order_N = np.argsort(expected_N, kind="stable")
    at, below, above = [], [], []
    for band in np.array_split(order_N, min(BANDS, max(1, len(order_N) // LEAST_IN_A_BAND))):
        excess = expected_N[band] - frames.dice_N[band]
        at.append(float(expected_N[band].mean()))
        below.append(max(0.0, _take_quantile(excess)))
        above.append(max(0.0, _take_quantile(-excess)))
    return replace(fit, at=_round(at), below=_round(below), above=_round(above))


def _take_quantile(errors: NDArray[np.float64]) -> float:
    """Return the conformal quantile: 9 of 10 further errors do not exceed it, so that 8 of 10 lie in the interval."""
    rank = math.ceil((len(errors) + 1) * (1 + COVERAGE) / 2)
    return float(np.sort(errors)[min(rank, len(errors)) - 1])


def _add_likeness(fit: DiceFit, frames: KnownFrames) -> DiceFit:
    """Return the fit with the least likeness of a clip."""
    clips = frames.split()
    good = [clip for clip in clips if clip.dice_N.mean() >= GOOD_DICE] or clips
    likeness = [fit.measure_likeness(clip.name_figures()) for clip in good]
    return replace(fit, least_likeness=round(float(np.quantile(likeness, LOST)), DIGITS))


def _round(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)
