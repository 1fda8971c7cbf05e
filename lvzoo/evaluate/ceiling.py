"""What perfect landmarks would score: the ceiling of a landmark model, on the same frames and by the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.contour import landmark_stride

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Draw: TypeAlias = "Callable[[NDArray[np.floating], tuple[int, int]], NDArray[np.bool_]]"
"""From landmarks (N, K, 2) and a frame's size to masks (N, H, W): `LandmarkModel.draw`."""


def ceiling_N(
    contours_NP2: NDArray[np.floating], masks_NHW: NDArray[np.bool_], *, landmarks: int, draw: Draw
) -> NDArray[np.float64]:
    """Return the Dice that K perfect landmarks get on each frame, drawn as the model draws its own.

    The landmarks are the reference contour's own points, at equal arc lengths on each wall. What is missing to 1 is
    what K points and their curve cannot say, and what the tracing's straight cap above the first chord leaves out.

    Raises:
        UsageError: K landmarks cannot be spread evenly over both walls.
    """
    if not len(masks_NHW):
        return np.zeros(0)
    landmarks_NK2 = contours_NP2[:, :: landmark_stride(landmarks)]
    drawn_NHW = draw(landmarks_NK2, (masks_NHW.shape[1], masks_NHW.shape[2]))
    return dice_N(drawn_NHW, masks_NHW)
