"""Computes the Dice of perfect landmarks on the same frames: the ceiling of a landmark model."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.contour import landmark_stride

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Draw: TypeAlias = "Callable[[NDArray[np.floating], tuple[int, int]], NDArray[np.bool_]]"
"""Draws landmarks (N, K, 2) as masks (N, H, W) of a frame size (H, W); in practice `LandmarkModel.draw`."""


def ceiling_N(
    contours_NP2: NDArray[np.floating], masks_NHW: NDArray[np.bool_], *, landmarks: int, draw: Draw
) -> NDArray[np.float64]:
    """Return the Dice of K perfect landmarks on each frame, drawn as the model draws its own landmarks.

    Perfect landmarks are points of the reference contour, at equal arc lengths on each wall. Their Dice is below 1
    for two reasons: a curve through K points cannot follow every detail, and the reference leaves out the cap above
    the tracing's first chord.

    Raises:
        UsageError: K landmarks cannot be at equal arc lengths on both walls.
    """
    if not len(masks_NHW):
        return np.zeros(0)
    landmarks_NK2 = contours_NP2[:, :: landmark_stride(landmarks)]
    drawn_NHW = draw(landmarks_NK2, (masks_NHW.shape[1], masks_NHW.shape[2]))
    return dice_N(drawn_NHW, masks_NHW)
