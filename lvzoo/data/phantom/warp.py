"""A smooth random displacement of the whole heart, so that no two ventricles are built by one formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.data.phantom.fields import Map, smooth_field

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

SIGMA_PX = 1.5
KNOTS = (8, 8)
MARGIN_PX = 30
SIZE = 112 + 2 * MARGIN_PX


class Warp:
    """Moves a point p of the regular heart to p + u(p) on the display."""

    def __init__(self, rng: Generator) -> None:
        shape = (SIZE, SIZE)
        self._u = np.dstack([SIGMA_PX * smooth_field(rng, shape, KNOTS) for _ in range(2)])

    def _at(self, x: Map, y: Map) -> Map:
        sampled = cv2.remap(
            self._u, x + MARGIN_PX, y + MARGIN_PX, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(sampled, dtype=np.float32)

    def move(self, points_P2: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return where points (P, 2) of the regular heart appear."""
        x, y = np.asarray(points_P2, dtype=np.float32).T[..., None]
        return np.asarray(points_P2 + self._at(x, y).reshape(-1, 2), dtype=np.float64)

    def undo(self, x: Map, y: Map) -> tuple[Map, Map]:
        """Return which points of the regular heart appear at x, y (a fixed point, which four rounds reach)."""
        from_x, from_y = x, y
        for _ in range(4):
            moved = self._at(from_x, from_y)
            from_x, from_y = x - moved[..., 0], y - moved[..., 1]
        return from_x, from_y
