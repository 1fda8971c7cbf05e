"""The long axis of a ventricle: the principal axis of an outline, or apex to annulus of a contour.

A mask does not show where the mitral valve is. Its principal axis is steadier from frame to frame than any guess at
the valve (docs/clinic.md has the figures). A contour of landmarks knows its annulus and its apex, so they are used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvzoo.clinic.outline import signed_area


@dataclass(frozen=True, kw_only=True, slots=True)
class LongAxis:
    """The two ends of the long axis, (x, y) px."""

    apex_px: tuple[float, float]
    base_px: tuple[float, float]

    @property
    def length_px(self) -> float:
        """The distance from apex to base."""
        return math.dist(self.apex_px, self.base_px)

    @property
    def direction(self) -> tuple[float, float]:
        """The unit vector from apex to base. The length must not be 0."""
        (apex_x, apex_y), (base_x, base_y) = self.apex_px, self.base_px
        return (base_x - apex_x) / self.length_px, (base_y - apex_y) / self.length_px


def find_principal_axis(outline_P2: NDArray[np.floating]) -> LongAxis:
    """Return the principal axis of the area inside a closed polygon, from end to end of the polygon.

    It passes through the centre of the area, in the direction in which the area spreads most. The end with the
    greater y is called the base, because an apical view has the apex at the top. The area must not be 0.
    """
    points_P2 = np.asarray(outline_P2, dtype=np.float64)
    centre_2, spread_22 = _find_moments(points_P2)
    _, axes_22 = np.linalg.eigh(spread_22)
    down_2 = axes_22[:, 1] if axes_22[1, 1] >= 0 else -axes_22[:, 1]
    along_P = (points_P2 - centre_2) @ down_2
    return _join(centre_2 + along_P.min() * down_2, centre_2 + along_P.max() * down_2)


def find_anatomical_axis(
    contour_P2: NDArray[np.floating], apex_2: NDArray[np.floating] | None = None
) -> LongAxis:
    """Return the axis of an open contour (left annulus, apex, right annulus): its apex, and the annulus' middle.

    Without `apex_2`, the apex is the middle point of the contour, as in the contours of 121 points and in every odd
    number of landmarks. The points of a curve through landmarks are not evenly spaced, so give its apex.
    """
    contour_P2 = np.asarray(contour_P2, dtype=np.float64)
    apex = contour_P2[len(contour_P2) // 2] if apex_2 is None else np.asarray(apex_2, dtype=np.float64)
    return _join(apex, (contour_P2[0] + contour_P2[-1]) / 2)


def _join(apex_2: NDArray[np.float64], base_2: NDArray[np.float64]) -> LongAxis:
    return LongAxis(
        apex_px=(float(apex_2[0]), float(apex_2[1])), base_px=(float(base_2[0]), float(base_2[1]))
    )


def _find_moments(points_P2: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centre of the area inside a polygon, and its second central moments (2, 2) divided by the area.

    Integrals over the area become sums over the edges (Green's theorem).
    """
    origin_2 = points_P2.mean(axis=0)
    x, y = (points_P2 - origin_2).T
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    cross = x * y_next - x_next * y
    area = signed_area(points_P2)
    mean_2 = np.array([(x + x_next) @ cross, (y + y_next) @ cross]) / (6 * area)
    xx = (x * x + x * x_next + x_next * x_next) @ cross / (12 * area)
    yy = (y * y + y * y_next + y_next * y_next) @ cross / (12 * area)
    xy = (x * y_next + 2 * x * y + 2 * x_next * y_next + x_next * y) @ cross / (24 * area)
    return origin_2 + mean_2, np.array([[xx, xy], [xy, yy]]) - np.outer(mean_2, mean_2)
