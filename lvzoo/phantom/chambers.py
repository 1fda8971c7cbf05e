"""The other three chambers: closed outlines that are attached to the left ventricle's base and move with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lvzoo.phantom.anatomy import Heart, Pose

RIGHT_BASE = 0.93
"""Position of the tricuspid valve along the left ventricle's axis: nearer to the apex than the mitral valve."""
RIGHT_NARROWING = 0.22
"""Share of its width that the right ventricle loses at end-systole."""


def other_chambers(heart: Heart, pose: Pose) -> list[NDArray[np.float64]]:
    """Return the closed outlines of the right ventricle and of both atria that the view shows, px.

    Their far walls stand still and the annuli move with the left ventricle's base, so the atria fill while the
    ventricles empty.
    """
    corners = []
    if heart.rv_width_mm is not None:
        width_px = heart.px(heart.rv_width_mm) * (1 - RIGHT_NARROWING * pose.contraction)
        corners.append(_right_ventricle(heart, pose, width_px))
        corners.append(
            _right_atrium(heart, pose, width_px) + _displacements(heart, slice(8, 15), fixed=[0, 6])
        )
    if heart.la_height_mm is not None:
        height_px = heart.px(heart.la_height_mm)
        corners.append(
            _left_atrium(heart, pose, height_px) + _displacements(heart, slice(0, 8), fixed=[0, 1])
        )
    return [_round_corners(heart.place(pose, *corners_P2.T)) for corners_P2 in corners]


def _displacements(heart: Heart, part: slice, *, fixed: list[int]) -> NDArray[np.float64]:
    """Return the displacements of an atrium's corners, px; the `fixed` corners, at its valve, are not moved."""
    moved_P2 = heart.unevenness_mm[part] / heart.mm_per_px
    moved_P2[fixed] = 0
    return moved_P2


def _left_atrium(heart: Heart, pose: Pose, height: float) -> NDArray[np.float64]:
    """Return the left atrium's corners (z, d), px: mitral annulus, lateral wall, roof, septum."""
    base, rest = pose.length_px, pose.base_at_rest_px
    septum, lateral = heart.annulus_px(pose)
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


def _right_atrium(heart: Heart, pose: Pose, rv_width: float) -> NDArray[np.float64]:
    """Return the right atrium's corners (z, d), px, from the septal end of the tricuspid annulus to its far end."""
    rest, (septum, _) = pose.base_at_rest_px, heart.annulus_px(pose)
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


def _right_ventricle(heart: Heart, pose: Pose, width: float) -> NDArray[np.float64]:
    """Return the right ventricle's corners (z, d), px: down the septum to the tricuspid valve, up the free wall."""
    along = np.linspace(heart.rv_apex, RIGHT_BASE, 8)
    septum = -heart.half_width_at(pose, -1, along) - heart.px(pose.thickness_mm)
    # The width grows from 0 at the right ventricle's apex to all of it at the valve.
    opening = np.sin(np.pi / 2 * (along - heart.rv_apex) / (RIGHT_BASE - heart.rv_apex)) ** 0.8
    free_wall = septum - width * opening
    z = along * pose.length_px
    return np.concatenate([np.stack([z, septum], axis=1), np.stack([z, free_wall], axis=1)[:0:-1]])


def _round_corners(points_P2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round a closed polygon by cutting its corners three times (Chaikin 1974)."""
    for _ in range(3):
        following = np.roll(points_P2, -1, axis=0)
        points_P2 = np.stack(
            [0.75 * points_P2 + 0.25 * following, 0.25 * points_P2 + 0.75 * following], axis=1
        )
        points_P2 = points_P2.reshape(-1, 2)
    return points_P2
