"""Ventricles whose volume is known: half an ellipsoid, and a bullet (half an ellipsoid on a cylinder).

Both are bodies of revolution. Their outlines are open contours (left annulus, apex, right annulus) of 121 points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from lvzoo.geometry.contour import join_walls


@dataclass(frozen=True, kw_only=True)
class MadeShape:
    """The outline of a body of revolution, its volume in px^3, and the area of its outline in px^2."""

    contour_P2: NDArray[np.float64]
    volume_px3: float
    area_px2: float
    length_px: float


def make_shape(
    *,
    length_px: float = 55.0,
    width_px: float = 30.0,
    cylinder: float = 0.0,
    tilt_deg: float = 0.0,
    middle_px: tuple[float, float] = (56.3, 55.6),
) -> MadeShape:
    """Make a shape whose lower part, a share `cylinder` of its length, is a cylinder, and the rest half an ellipsoid.

    A positive tilt moves the base to the right. `middle_px` is the middle of the long axis.
    """
    cap_px, radius_px = length_px * (1 - cylinder), width_px / 2
    # Evenly spaced angles put many points where the cap bends most.
    angle = np.linspace(0, np.pi / 2, 400)
    z = np.concatenate([cap_px * (1 - np.cos(angle)), [length_px]])
    half = np.concatenate([radius_px * np.sin(angle), [radius_px]])
    tilt = math.radians(tilt_deg)
    down_2, across_2 = np.array([math.sin(tilt), math.cos(tilt)]), np.array([math.cos(tilt), -math.sin(tilt)])
    apex_2 = np.array(middle_px) - down_2 * length_px / 2
    left_P2, right_P2 = (apex_2 + np.outer(z, down_2) + side * np.outer(half, across_2) for side in (-1, 1))
    cap_volume, cap_area = 2 / 3 * math.pi * radius_px**2 * cap_px, math.pi / 2 * radius_px * cap_px
    return MadeShape(
        contour_P2=join_walls(left_P2[::-1], right_P2).astype(np.float64),
        volume_px3=cap_volume + math.pi * radius_px**2 * length_px * cylinder,
        area_px2=cap_area + width_px * length_px * cylinder,
        length_px=length_px,
    )


def cover(contour_P2: NDArray[np.floating], size: int = 112, fine: int = 8) -> NDArray[np.float64]:
    """Return the share of each pixel that a closed polygon covers, (size, size), from a finer grid of points."""
    # Pixel i covers i - 0.5 .. i + 0.5; its points are in the middles of its parts.
    fine_P2 = (np.asarray(contour_P2) + 0.5) * fine - 0.5
    inside = polygon2mask((size * fine, size * fine), fine_P2[:, ::-1])  # type: ignore[no-untyped-call]
    return np.asarray(inside.reshape(size, fine, size, fine).mean(axis=(1, 3)))
