"""Area and volume curves of made-up hearts whose beats are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TENSION_S = 0.04
RELAXATION_S = 0.07
"""How long the ventricle stands still at its largest, and at its smallest."""


@dataclass(frozen=True, kw_only=True)
class MadeClip:
    """One clip of a heart: the curve as it is, as it was measured, and the middles of its ED and ES in time."""

    times_s: NDArray[np.float64]
    true: NDArray[np.float64]
    measured: NDArray[np.float64]
    ed_s: NDArray[np.float64]
    es_s: NDArray[np.float64]
    cycle_s: float
    ef: float


def make_clip(
    rng: np.random.Generator,
    *,
    bpm: float = 70.0,
    fps: float = 50.0,
    seconds: float = 3.5,
    ef: float = 58.0,
    noise: float = 0.0,
    outliers: float = 0.0,
    start: float | None = None,
    uneven: float = 0.0,
    kick: float = 0.28,
    area: bool = False,
) -> MadeClip:
    """Make a clip that begins at a position 0..1 of the cycle (0 is ED; drawn unless it is given).

    `noise` is the SD of white noise and `outliers` the share of frames that are 25 to 60 % off, both relative to the
    curve; `uneven` the SD of the frames' times, as a share of their spacing. `kick` is the atrium's share of filling.
    The curve is a volume, or the area that belongs to it if length and width shrink alike.
    """
    start = float(rng.random()) if start is None else start
    cycle_s = 60 / bpm
    count = round(seconds * fps)
    steps = np.clip(1 + uneven * rng.standard_normal(count), 0.3, 2.5)
    times_s = np.asarray(np.concatenate([[0.0], np.cumsum(steps)[:-1]]) / fps, dtype=np.float64)
    systole = float(np.clip(0.31 / cycle_s, 0.25, 0.5))
    relaxation = min(RELAXATION_S / cycle_s, 0.15)
    tension = TENSION_S / cycle_s
    volume = 1 - ef / 100 * _contract((start + times_s / cycle_s) % 1, systole, tension, relaxation, kick)
    true = 100 * volume ** (2 / 3 if area else 1)
    measured = true * (1 + noise * rng.standard_normal(count))
    off = rng.random(count) < outliers
    measured[off] *= 1 + rng.choice([-1, 1], count)[off] * rng.uniform(0.25, 0.6, count)[off]
    first_s, last_s = -start * cycle_s, float(times_s[-1])
    beats_s = first_s + cycle_s * np.arange(int((last_s - first_s) / cycle_s) + 2, dtype=np.float64)
    # ED lasts from the end of the atrial kick to the start of ejection, ES to the opening of the mitral valve.
    ed_s, es_s = beats_s + tension * cycle_s / 2, beats_s + (systole + relaxation / 2) * cycle_s
    return MadeClip(
        times_s=times_s,
        true=true,
        measured=measured,
        ed_s=ed_s[(ed_s >= 0) & (ed_s <= last_s)],
        es_s=es_s[(es_s >= 0) & (es_s <= last_s)],
        cycle_s=cycle_s,
        ef=ef,
    )


def _contract(
    position: NDArray[np.float64], systole: float, tension: float, relaxation: float, kick: float
) -> NDArray[np.float64]:
    """Return how far the ventricle has ejected (0..1): half a cosine, then early filling and the atrial kick."""
    ejected = (1 - np.cos(np.pi * np.clip((position - tension) / (systole - tension), 0, 1))) / 2
    begins = systole + relaxation
    early = _smoothstep((position - begins) / min(0.22, 0.45 * (1 - begins)))
    last = min(0.16, 0.3 * (1 - begins))
    late = _smoothstep((position - 1 + last) / last)
    return np.asarray(np.where(position < systole, ejected, 1 - (1 - kick) * early - kick * late))


def _smoothstep(position: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(position, 0, 1)
    return np.asarray(clipped * clipped * (3 - 2 * clipped))
