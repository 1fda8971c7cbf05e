"""The other three chambers: closed outlines that hang on the left ventricle's base and move with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.phantom.anatomy import Heart, Pose

RIGHT_BASE = 0.93
"""The tricuspid valve stands a little nearer to the apex than the mitral valve."""
RIGHT_NARROWING = 0.22


def other_chambers(heart: Heart, pose: Pose) -> list[NDArray[np.float64]]:
    """Return the closed outlines of the right ventricle and both atria, px.

    Their far walls stand still; the annuli move with the left ventricle's base, so that the atria fill as the
    ventricles empty. What the view does not show is left out.
    """
    corners = []
    if heart.rv_width_mm is not None:
        width_px = heart.px(heart.rv_width_mm) * (1 - RIGHT_NARROWING * pose.contraction)
        corners.append(_right_ventricle(heart, pose, width_px))
        corners.append(_right_atrium(heart, pose, width_px) + _unevenness(heart, slice(8, 15), still=[0, 6]))
    if heart.la_height_mm is not None:
        height_px = heart.px(heart.la_height_mm)
        corners.append(_left_atrium(heart, pose, height_px) + _unevenness(heart, slice(0, 8), still=[0, 1]))
    return [_smooth(heart.place(pose, *corners_P2.T)) for corners_P2 in corners]


def _unevenness(heart: Heart, part: slice, *, still: list[int]) -> NDArray[np.float64]:
    """Return the displacements of an atrium's corners, px; those at its valve stay."""
    moved_P2 = heart.unevenness_mm[part] / heart.mm_per_px
    moved_P2[still] = 0
    return moved_P2


def _septal_edge(heart: Heart, pose: Pose) -> float:
    """Return the septal annulus point's place across the axis, px."""
    return -pose.half_width_px * float(heart.septal.half_width(np.array(1.0)))


def _left_atrium(heart: Heart, pose: Pose, height: float) -> NDArray[np.float64]:
    """Return the left atrium's corners (z, d): the mitral annulus, then round by the lateral wall and the roof."""
    base, rest = pose.length_px, pose.base_at_rest_px
    septum, lateral = (
        _septal_edge(heart, pose),
        pose.half_width_px * float(heart.lateral.half_width(np.array(1.0))),
    )
    width = heart.px(heart.la_width_mm)
    middle = (septum + lateral) / 2
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
    """Return the right atrium's corners (z, d), from the septal end of the tricuspid annulus to its far end."""
    rest, septum = pose.base_at_rest_px, _septal_edge(heart, pose)
    outer = septum - heart.px(pose.thickness_mm)
    width, height = heart.px(heart.ra_width_mm), heart.px(heart.ra_height_mm)
    right = septum - heart.px(5)
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
    """Return the right ventricle's corners (z, d): down the septum to the tricuspid valve, up the free wall."""
    along = np.linspace(heart.rv_apex, RIGHT_BASE, 8)
    septum = -pose.half_width_px * heart.septal.half_width(along) - heart.px(pose.thickness_mm)
    opening = np.sin(np.pi / 2 * (along - heart.rv_apex) / (RIGHT_BASE - heart.rv_apex)) ** 0.8
    free_wall = septum - width * opening
    z = along * pose.length_px
    return np.concatenate([np.stack([z, septum], axis=1), np.stack([z, free_wall], axis=1)[:0:-1]])


def _smooth(points_P2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round a closed polygon by cutting its corners three times (Chaikin 1974)."""
    for _ in range(3):
        following = np.roll(points_P2, -1, axis=0)
        points_P2 = np.stack(
            [0.75 * points_P2 + 0.25 * following, 0.25 * points_P2 + 0.75 * following], axis=1
        )
        points_P2 = points_P2.reshape(-1, 2)
    return points_P2
