"""What perfect landmarks would score: the ceiling of a landmark model, on the same frames and by the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.contour import landmark_stride, spline
from lvzoo.geometry.raster import rasterise

if TYPE_CHECKING:
    from numpy.typing import NDArray


def ceiling_N(
    contours_NP2: NDArray[np.floating], masks_NHW: NDArray[np.bool_], *, landmarks: int
) -> NDArray[np.float64]:
    """Return the Dice that K perfect landmarks get on each frame, through our spline and our rasteriser.

    The landmarks are the reference contour's own points, at equal arc lengths on each wall. What is missing to 1 is
    what K points cannot say, and what the tracing's straight cap above the first chord leaves out.

    Raises:
        UsageError: K landmarks cannot be spread evenly over both walls.
    """
    if not len(masks_NHW):
        return np.zeros(0)
    landmarks_NK2 = contours_NP2[:, :: landmark_stride(landmarks)]
    size_HW = (masks_NHW.shape[1], masks_NHW.shape[2])
    drawn_NHW = np.stack([rasterise(spline(points_K2), size_HW) for points_K2 in landmarks_NK2])
    return dice_N(drawn_NHW, masks_NHW)
