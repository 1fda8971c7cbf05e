"""Further traced frames of a beat: what a model must know that is to read whole clips, and not ED and ES alone.

At ED the mitral valve is shut, and at ES nearly so. Between them its leaflets stand far in the cavity, and the
ventricle moves so fast that the picture, in which the frames before are still seen, lags behind it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.phantom.motion import Beat


def further_frames(rng: Generator, beat: Beat, count: int) -> list[int]:
    """Return so many frames beside ED and ES: one from each of as many stretches of the clip."""
    others = [frame for frame in range(beat.frames) if frame not in (beat.ed_frame, beat.es_frame)]
    bounds = np.linspace(0, len(others), count + 1).round().astype(int).tolist()
    return [others[rng.integers(low, high)] for low, high in pairwise(bounds)]


def as_seen(contours_NP2: NDArray[np.floating], persistence: float) -> NDArray[np.float64]:
    """Return the contours where a reader sees them: they lag as the picture does, by the same recursive mean."""
    seen_NP2 = np.array(contours_NP2, dtype=np.float64)
    for frame in range(1, len(seen_NP2)):
        seen_NP2[frame] += persistence * (seen_NP2[frame - 1] - seen_NP2[frame])
    return seen_NP2
