"""Noise that the machine adds: it knows no beam and fills the whole frame."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.noise.scene import Scene

INDEX_BITS: Final = 24
"""The low bits of a pixel's draw hold its index instead, so that no two pixels ever draw the same."""


def dropout(frame_HW: NDArray[np.uint8], share: float, scene: Scene) -> NDArray[np.uint8]:
    """Set exactly `round(share x pixels)` pixels to black: those that drew the lowest numbers.

    A graver severity keeps the holes of the milder one. Source: EchoNet-Dynamic's simulated noise (Ouyang et
    al. 2020, doi 10.1038/s41586-020-2145-8, Extended Data Fig. 6).
    """
    lots = _lots(scene)
    holes = round(share * lots.size)
    if holes == 0:
        return frame_HW.copy()
    highest_hole = np.partition(lots, holes - 1)[holes - 1]
    return np.where((lots <= highest_hole).reshape(frame_HW.shape), np.uint8(0), frame_HW)


@lru_cache(maxsize=2)
def _lots(scene: Scene) -> NDArray[np.uint64]:
    """Return a different number for every pixel of a frame, in reading order, once for all severities."""
    pixels = scene.size_HW[0] * scene.size_HW[1]
    low = np.uint64(INDEX_BITS)
    lots = (scene.frame_draws().raw(pixels) >> low << low) | np.arange(pixels, dtype=np.uint64)
    lots.setflags(write=False)
    return lots
