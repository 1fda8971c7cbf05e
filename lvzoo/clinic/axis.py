"""The long axis of a ventricle: the principal axis of an outline, or apex to annulus of a contour.

A mask does not show where the mitral valve is. Its principal axis is steadier from frame to frame than any guess at
the valve (docs/clinic.md has the figures). A contour of landmarks knows its annulus and its apex, so they are used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    """Return the principal axis of the area inside a closed polygon; see `find_principal_axes`."""
    [apex_2], [base_2] = find_principal_axes(np.asarray(outline_P2, dtype=np.float64)[None])
    return _join(apex_2, base_2)


def find_principal_axes(outlines_NP2: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends (N, 2) of the principal axes of closed polygons, apexes and bases, in px.

    An axis passes through the centre of the area, in the direction in which the area spreads most, from end to end of
    the polygon. The end with the greater y is called the base, because an apical view has the apex at the top. An
    area must not be 0. A polygon may repeat a point, which changes nothing.
    """
    centre_N2, xx_N, yy_N, xy_N = _find_moments(outlines_NP2)
    angle_N = np.arctan2(2 * xy_N, xx_N - yy_N) / 2
    down_N2 = np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)
    down_N2 *= np.where(down_N2[:, 1:] >= 0, 1.0, -1.0)
    along_NP = ((outlines_NP2 - centre_N2[:, None]) * down_N2[:, None]).sum(axis=2)
    ends = (along_NP.min(axis=1), along_NP.max(axis=1))
    apex_N2, base_N2 = (centre_N2 + end_N[:, None] * down_N2 for end_N in ends)
    return apex_N2, base_N2


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


def _find_moments(
    outlines_NP2: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres (N, 2) of the areas inside polygons, and their second central moments xx, yy and xy by area.

    Integrals over the area become sums over the edges (Green's theorem).
    """
    origin_N12 = outlines_NP2.mean(axis=1, keepdims=True)
    x, y = np.moveaxis(outlines_NP2 - origin_N12, 2, 0)
    x_next, y_next = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    cross = x * y_next - x_next * y
    area_N = cross.sum(axis=1) / 2

    def integrate(values_NP: NDArray[np.float64], divisor: int) -> NDArray[np.float64]:
        return np.asarray((values_NP * cross).sum(axis=1) / (divisor * area_N))

    x_N, y_N = integrate(x + x_next, 6), integrate(y + y_next, 6)
    xx_N = integrate(x * x + x * x_next + x_next * x_next, 12) - x_N * x_N
    yy_N = integrate(y * y + y * y_next + y_next * y_next, 12) - y_N * y_N
    xy_N = integrate(x * y_next + 2 * x * y + 2 * x_next * y_next + x_next * y, 24) - x_N * y_N
    return origin_N12[:, 0] + np.stack([x_N, y_N], axis=1), xx_N, yy_N, xy_N
