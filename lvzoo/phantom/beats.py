"""Further traced frames of a beat, for models that are to read whole clips rather than ED and ES only.

The mitral valve is shut at ED, and nearly shut at ES. In the frames between, its leaflets reach far into the
cavity. The ventricle also moves so fast there that the picture, which still shows the frames before, lags behind.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.phantom.motion import Beat


def choose_further_frames(rng: Generator, beat: Beat, count: int) -> list[int]:
    """Choose `count` frames other than ED and ES: cut the clip into `count` parts and draw one frame from each."""
    others = [frame for frame in range(beat.frames) if frame not in (beat.ed_frame, beat.es_frame)]
    bounds = np.linspace(0, len(others), count + 1).round().astype(int).tolist()
    return [others[rng.integers(low, high)] for low, high in pairwise(bounds)]


def lag_contours(contours_NP2: NDArray[np.floating], persistence: float) -> NDArray[np.float64]:
    """Return the contours where the picture shows them: smoothed in time by the display's recursive mean.

    `seen[t] = (1 - persistence) true[t] + persistence seen[t - 1]`, which lags p / (1 - p) frames behind a steady
    motion.
    """
    seen_NP2 = np.array(contours_NP2, dtype=np.float64)
    for frame in range(1, len(seen_NP2)):
        seen_NP2[frame] += persistence * (seen_NP2[frame - 1] - seen_NP2[frame])
    return seen_NP2
