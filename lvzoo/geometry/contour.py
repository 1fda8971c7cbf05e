"""Turns a tracing's chords into an open contour, the contour into K landmarks, and landmarks into a curve.

The open contour runs left annulus -> apex -> right annulus. The mitral valve is the straight line that closes it.
Landmarks are anatomical: in every frame they are the annulus, points at equal arc lengths along one wall, the apex,
points at equal arc lengths along the other wall, and the annulus.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import UsageError
from lvzoo.types import APEX_INDEX, CONTOUR_POINTS

CURVE_POINTS_PER_SPAN = 16
"""Points drawn between two landmarks: less than a pixel apart for K >= 5 on a 112 x 112 frame."""

LANDMARK_COUNTS: Final = tuple(
    landmarks for landmarks in range(3, CONTOUR_POINTS + 1, 2) if (CONTOUR_POINTS - 1) % (landmarks - 1) == 0
)
"""Every K for which landmarks can be at equal arc lengths on each wall, with one of them at the apex."""
FEWEST_WITH_APEX: Final = 3
KEPT_CURVES: Final = 64
"""More than the frames of a batch on the CPU."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tracing:
    """One reader's tracing of one frame in EchoNet-Dynamic's form: the long axis, then chords across it.

    `axis_22` holds the (x, y) ends of the axis. `chords_R22` holds R chords from apex to base, with two ends each.
    """

    axis_22: NDArray[np.float64]
    chords_R22: NDArray[np.float64]

    @property
    def polygon_P2(self) -> NDArray[np.float64]:
        """The reference polygon in the file's own order: the first ends downwards, then the second ends upwards."""
        return np.concatenate([self.chords_R22[:, 0], self.chords_R22[::-1, 1]])


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenContour:
    """A tracing's open contour, how many chords were swapped, and whether the chords ran from base to apex."""

    points_P2: NDArray[np.float32]
    swapped_chords: int
    apex_at_base: bool


def repair_sides(chords_R22: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Return the chords with the left wall first in every row, and how many chords were turned for that.

    A chord is turned if that brings its ends nearer to the ends of the chord before it. Left is the side with the
    smaller mean x; in the usual four-chamber view it is the septum.
    """
    repaired_R22 = chords_R22.copy()
    swapped = 0
    for row in range(1, len(repaired_R22)):
        before, chord = repaired_R22[row - 1], repaired_R22[row]
        kept = np.linalg.norm(chord - before, axis=1).sum()
        turned = np.linalg.norm(chord[::-1] - before, axis=1).sum()
        if turned < kept:
            repaired_R22[row] = chord[::-1]
            swapped += 1
    if repaired_R22[:, 0, 0].mean() > repaired_R22[:, 1, 0].mean():
        repaired_R22 = repaired_R22[:, ::-1]
    return repaired_R22, swapped


def open_contour(tracing: Tracing) -> OpenContour:
    """Return the 121-point open contour of a tracing: left annulus -> apex -> right annulus.

    The apex is the end of the long axis with the smaller y, because the display has the apex at the top.
    `apex_at_base` is true if the file lists the chords from base to apex, and not from apex to base.
    """
    chords_R22, swapped = repair_sides(tracing.chords_R22)
    apex_2 = tracing.axis_22[np.argmin(tracing.axis_22[:, 1])]
    # The chord nearest to the apex must be the first one.
    middles_R2 = chords_R22.mean(axis=1)
    to_first, to_last = (np.linalg.norm(middles_R2[end] - apex_2) for end in (0, -1))
    apex_at_base = bool(to_last < to_first)
    if apex_at_base:
        chords_R22 = chords_R22[::-1]
    # The walls meet at the apex; each is resampled on its own.
    left_P2 = np.vstack([chords_R22[::-1, 0], apex_2])
    right_P2 = np.vstack([apex_2, chords_R22[:, 1]])
    return OpenContour(
        points_P2=join_walls(left_P2, right_P2), swapped_chords=swapped, apex_at_base=apex_at_base
    )


def join_walls(left_P2: NDArray[np.floating], right_P2: NDArray[np.floating]) -> NDArray[np.float32]:
    """Join a left wall (annulus -> apex) and a right wall (apex -> annulus) into the 121-point contour."""
    left = resample(left_P2, APEX_INDEX + 1)
    right = resample(right_P2, APEX_INDEX + 1)
    return np.concatenate([left, right[1:]]).astype(np.float32)


def resample(points_P2: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """Return `count` points at equal arc lengths along a polyline, including both of its ends.

    >>> resample(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]), 5).tolist()
    [[0.0, 0.0], [2.0, 0.0], [4.0, 0.0], [4.0, 2.0], [4.0, 4.0]]
    """
    points = np.asarray(points_P2, dtype=np.float64)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    arc = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, arc[-1], count)
    return np.stack([np.interp(wanted, arc, points[:, axis]) for axis in (0, 1)], axis=1)


def find_normals(points_P2: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the outward unit normals (P, 2) of an open contour or curve, whichever of its ends comes first.

    A point whose neighbours lie at the same place has the normal (0, 0).

    >>> find_normals(np.array([[0.0, 2.0], [1.0, 0.0], [2.0, 2.0]]))[1].tolist()  # the apex, at the top
    [0.0, -1.0]
    """
    points = np.asarray(points_P2, dtype=np.float64)
    tangents_P2 = np.gradient(points, axis=0)
    lengths_P1 = np.linalg.norm(tangents_P2, axis=1, keepdims=True)
    tangents_P2 /= np.where(lengths_P1 > 0, lengths_P1, 1.0)
    # y points down: a contour that runs clockwise on the screen has a positive area, and its left is outside
    x_P, y_P = points.T
    clockwise = np.sign(x_P @ np.roll(y_P, -1) - y_P @ np.roll(x_P, -1))
    return np.asarray(clockwise * np.stack([tangents_P2[:, 1], -tangents_P2[:, 0]], axis=1))


def landmark_stride(landmarks: int) -> int:
    """Return the number of contour points from one of K landmarks to the next.

    Raises:
        UsageError: K landmarks cannot be at equal arc lengths with one of them at the apex.

    >>> landmark_stride(7)
    20
    """
    if landmarks not in LANDMARK_COUNTS:
        raise UsageError(
            f"{landmarks} landmarks cannot be spread evenly over both walls; use one of "
            + ", ".join(map(str, LANDMARK_COUNTS))
        )
    return (CONTOUR_POINTS - 1) // (landmarks - 1)


def has_apex(landmarks: int) -> bool:
    """Return whether one of K landmarks is the apex: the middle one, if their number is odd.

    >>> has_apex(7), has_apex(8)
    (True, False)
    """
    return landmarks >= FEWEST_WITH_APEX and landmarks % 2 == 1


def spline(landmarks_K2: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the points of an open natural cubic spline through K landmarks; the mitral valve's line closes it.

    The parametrisation is centripetal: the parameter grows by the square root of the distance between landmarks, so
    that the curve neither loops nor overshoots between unequal spans. A landmark at the same place as the one before
    it is left out. If fewer than three landmarks remain, they are returned as they are. The array is read-only.
    """
    points = np.ascontiguousarray(landmarks_K2, dtype=np.float64)
    return _draw_spline(points.tobytes(), len(points))


@functools.lru_cache(maxsize=KEPT_CURVES)
def _draw_spline(points: bytes, count: int) -> NDArray[np.float64]:
    """Return the curve of `spline`. The last curves are kept: the mask and the volume of a frame need the same."""
    curve_P2 = _compute_spline(np.frombuffer(points).reshape(count, 2))
    curve_P2.flags.writeable = False
    return curve_P2


def _compute_spline(points: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.interpolate import CubicSpline  # half of a phantom worker's imports, which needs no curve

    steps = np.sqrt(np.linalg.norm(np.diff(points, axis=0), axis=1))
    apart = np.concatenate([[True], steps > 1e-6])
    points, steps = np.asarray(points[apart], dtype=np.float64), steps[apart[1:]]
    if len(points) < 3:
        return points
    knots = np.concatenate([[0.0], np.cumsum(steps)])
    curve = CubicSpline(knots, points, bc_type="natural")
    parameters = np.linspace(0.0, knots[-1], CURVE_POINTS_PER_SPAN * len(points))
    return np.asarray(curve(parameters), dtype=np.float64)
