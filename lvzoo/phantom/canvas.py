"""The canvas on which outlines and strokes of the heart are drawn, before the beams sample it.

It covers the frame and a margin around it, with `SCALE` samples per pixel in each direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.phantom.fields import Map

MARGIN_PX = 14
SCALE = 2
CANVAS = SCALE * (FRAME_SIZE_HW[0] + 2 * MARGIN_PX)
FRACTION_BITS = 4
"""Of the fixed-point coordinates that OpenCV's drawing functions take."""
FAR = 200.0
"""A distance beyond everything that the picture shows, in mm as well as in px."""
SMOOTHING = 1.2
"""SD of the blur of distances, in samples of the canvas."""


def fixed_point(points_P2: NDArray[np.floating]) -> NDArray[np.int32]:
    """Turn points of the frame, px, into fixed-point coordinates of the canvas."""
    return np.asarray(np.rint((points_P2 + MARGIN_PX) * SCALE * 2**FRACTION_BITS), dtype=np.int32)


def signed_px(*polygons: NDArray[np.float64]) -> Map:
    """Return the distance to the nearest edge of a union of polygons on the canvas, px, negative inside."""
    inside = np.zeros((CANVAS, CANVAS), np.uint8)
    for polygon_P2 in polygons:
        cv2.fillPoly(inside, [fixed_point(polygon_P2)], 1, shift=FRACTION_BITS)
    if not polygons:
        return np.full(inside.shape, FAR, np.float32)
    outer = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    inner = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    # Distances are between sample centres, so the edge is half a sample nearer than either of them says. OpenCV
    # fills every sample that the edge touches, so the filled shape is half a sample too large all round. Outside the
    # two cancel; inside they add up to one sample.
    signed = (outer - inner + inside.astype(np.float32)) / SCALE
    return np.asarray(cv2.GaussianBlur(signed, (0, 0), SMOOTHING), dtype=np.float32)
