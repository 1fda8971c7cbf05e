"""A smooth random displacement of the whole heart, so that no two ventricles have the same regular shape."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.phantom.fields import Map, smooth_field
from lvzoo.phantom.ranges import Ranges

FINE_KNOTS = (8, 8)
COARSE_KNOTS = (4, 4)
"""Knots of the displacement field over its whole size: about 20 px and 60 px apart."""
MARGIN_PX = 30
SIZE = 112 + 2 * MARGIN_PX
MIDDLE_PX = 56.0
REACH_PX = 7.5
"""A bend of 1 displaces by 1 px at this height above or below the middle; it grows with the square of the height."""
ROUNDS = 10
"""Iterations in which `undo` converges."""


class Warp:
    """Moves a point p of the regular heart to p + u(p) in the frame, px."""

    def __init__(self, rng: Generator, ranges: Ranges) -> None:
        fine_px, coarse_px = ranges.fine_warp_px.draw(rng), ranges.coarse_warp_px.draw(rng)
        shear, bend = ranges.shear.draw(rng), ranges.bend.draw(rng)
        shape = (SIZE, SIZE)
        u = np.dstack(
            [
                fine_px * smooth_field(rng, shape, FINE_KNOTS)
                + coarse_px * smooth_field(rng, shape, COARSE_KNOTS)
                for _ in range(2)
            ]
        )
        # Shear and bend move points sideways, depending on their height above or below the frame's middle.
        from_middle = np.arange(SIZE, dtype=np.float32)[:, None] - np.float32(MARGIN_PX + MIDDLE_PX)
        u[..., 0] += shear * from_middle + bend * (from_middle / REACH_PX) ** 2
        self._u = u.astype(np.float32)

    def _at(self, x: Map, y: Map) -> Map:
        """Return the displacement u (two channels, px) at points of the regular heart."""
        sampled = cv2.remap(
            self._u, x + MARGIN_PX, y + MARGIN_PX, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(sampled, dtype=np.float32)

    def move(self, points_P2: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return where points (P, 2) of the regular heart appear in the frame."""
        x, y = np.asarray(points_P2, dtype=np.float32).T[..., None]
        return np.asarray(points_P2 + self._at(x, y).reshape(-1, 2), dtype=np.float64)

    def undo(self, x: Map, y: Map) -> tuple[Map, Map]:
        """Return the points p of the regular heart that appear at x, y, by iterating p = (x, y) - u(p)."""
        from_x, from_y = x, y
        for _ in range(ROUNDS):
            moved = self._at(from_x, from_y)
            from_x, from_y = x - moved[..., 0], y - moved[..., 1]
        return from_x, from_y
