"""The other three chambers: closed outlines that are attached to the left ventricle's base and move with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lvzoo.phantom.anatomy import Heart, Pose

RIGHT_BASE = 0.93
"""Position of the tricuspid valve along the left ventricle's axis: nearer to the apex than the mitral valve."""
RIGHT_NARROWING = 0.22
"""Share of its width that the right ventricle loses at end-systole."""
CUTS = 3
"""How often the corners of an outline are cut."""


class Chambers:
    """The right ventricle and both atria of one patient, as far as the view shows them."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        # The right ventricle's levels along the axis, the distance of the septum from it at end-diastole, and the
        # width, which grows from 0 at the right ventricle's apex to all of it at the valve.
        self._along = np.linspace(heart.rv_apex, RIGHT_BASE, 8)
        self._septum_px = heart.half_width_px * heart.septal.half_width(self._along)
        self._opening = (
            np.sin(np.pi / 2 * (self._along - heart.rv_apex) / (RIGHT_BASE - heart.rv_apex)) ** 0.8
        )
        # How far the corners of the atria are moved; those at the valve stay.
        moved_P2 = heart.unevenness_mm / heart.mm_per_px
        moved_P2[[0, 1, 8, 14]] = 0
        self._left_moved_P2, self._right_moved_P2 = moved_P2[:8], moved_P2[8:]

    def outlines(self, pose: Pose) -> list[NDArray[np.float64]]:
        """Return the closed outlines in a pose, px.

        The far walls stand still and the annuli move with the left ventricle's base, so the atria fill while the
        ventricles empty.
        """
        heart, annulus_px = self._heart, self._heart.annulus_px(pose)
        corners = []
        if heart.rv_width_mm is not None:
            width_px = heart.px(heart.rv_width_mm) * (1 - RIGHT_NARROWING * pose.contraction)
            corners.append(self._right_ventricle(pose, width_px))
            corners.append(_right_atrium(heart, pose, annulus_px, width_px) + self._right_moved_P2)
        if heart.la_height_mm is not None:
            corners.append(
                _left_atrium(heart, pose, annulus_px, heart.px(heart.la_height_mm)) + self._left_moved_P2
            )
        if not corners:
            return []
        placed_P2 = heart.place(pose, *np.concatenate(corners).T)
        return _round_corners(placed_P2, [len(each_P2) for each_P2 in corners])

    def _right_ventricle(self, pose: Pose, width: float) -> NDArray[np.float64]:
        """Return the right ventricle's corners (z, d), px: down the septum to the valve, up the free wall."""
        septum = -(self._septum_px * pose.kept(-1, self._along)) - self._heart.px(pose.thickness_mm)
        free_wall = septum - width * self._opening
        z = self._along * pose.length_px
        return np.concatenate([np.stack([z, septum], axis=1), np.stack([z, free_wall], axis=1)[:0:-1]])


def _left_atrium(
    heart: Heart, pose: Pose, annulus_px: tuple[float, float], height: float
) -> NDArray[np.float64]:
    """Return the left atrium's corners (z, d), px: mitral annulus, lateral wall, roof, septum."""
    base, rest = pose.length_px, pose.base_at_rest_px
    septum, lateral = annulus_px
    width = heart.px(heart.la_width_mm)
    middle = (septum + lateral) / 2
    # The left edge stays at least 1 mm inside of the septum.
    left, right = max(middle - width / 2, septum + heart.px(1)), middle + width / 2
    corners = [
        (base - 2.0, septum + 1.0),
        (base - 2.0, lateral - 1.0),
        (rest + 0.30 * height, right),
        (rest + 0.72 * height, right - 0.02 * width),
        (rest + 1.02 * height, middle + 0.22 * width),
        (rest + 1.02 * height, middle - 0.22 * width),
        (rest + 0.70 * height, left),
        (rest + 0.25 * height, left + 0.02 * width),
    ]
    return np.array(corners)


def _right_atrium(
    heart: Heart, pose: Pose, annulus_px: tuple[float, float], rv_width: float
) -> NDArray[np.float64]:
    """Return the right atrium's corners (z, d), px, from the septal end of the tricuspid annulus to its far end."""
    rest, (septum, _) = pose.base_at_rest_px, annulus_px
    outer = septum - heart.px(pose.thickness_mm)
    width, height = heart.px(heart.ra_width_mm), heart.px(heart.ra_height_mm)
    right = septum - heart.px(5)  # the atrial septum, and the left atrium beyond it
    annulus = pose.length_px - heart.px(5) - 5.0
    corners = [
        (annulus, outer + 0.5),
        (rest + 0.20 * height, right),
        (rest + 0.75 * height, right),
        (rest + 0.98 * height, right - 0.30 * width),
        (rest + 0.90 * height, right - 0.75 * width),
        (rest + 0.50 * height, right - 1.05 * width),
        (annulus, outer - 0.95 * rv_width),
    ]
    return np.array(corners)


def _round_corners(points_P2: NDArray[np.float64], corners: list[int]) -> list[NDArray[np.float64]]:
    """Round closed polygons by cutting their corners three times (Chaikin 1974).

    `points_P2` holds the polygons one after the other, each with as many points as `corners` says.
    """
    counts = np.array(corners)
    ends = np.cumsum(counts)
    for _ in range(CUTS):
        following = np.arange(1, len(points_P2) + 1)
        following[ends - 1] = ends - counts  # after a polygon's last point comes its first one
        following_P2 = points_P2[following]
        cut_P22 = np.empty((len(points_P2), 2, 2))
        cut_P22[:, 0] = 0.75 * points_P2 + 0.25 * following_P2
        cut_P22[:, 1] = 0.25 * points_P2 + 0.75 * following_P2
        points_P2, ends, counts = cut_P22.reshape(-1, 2), 2 * ends, 2 * counts
    return np.split(points_P2, ends[:-1])
