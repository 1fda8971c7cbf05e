"""The canvas on which outlines and strokes of the heart are drawn, before the beams sample it.

It covers the frame and a margin around it, with `SCALE` samples per pixel in each direction. The strokes are the thin
bright structures: valve leaflets, the fibrous annulus and the septum between the atria.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.phantom.anatomy import Heart, Pose
from lvzoo.phantom.fields import Map
from lvzoo.types import FRAME_SIZE_HW

MARGIN_PX = 14
SCALE = 2
CANVAS = SCALE * (FRAME_SIZE_HW[0] + 2 * MARGIN_PX)
FRACTION_BITS = 4
"""Of the fixed-point coordinates that OpenCV's drawing functions take."""
UNITS = SCALE * 2**FRACTION_BITS
"""Such coordinates per pixel."""
FAR = 200.0
"""A distance beyond everything that the picture shows, in mm as well as in px."""
SMOOTHING = 1.2
"""SD of the blur of distances, in samples of the canvas."""
BLUR_PX = 0.6
"""SD of the blur of strokes."""
REACH = 8
"""Samples beyond the farthest one that either blur or an interpolation reads."""
ALL_ROWS = slice(0, CANVAS)
UNEVEN = np.sin(np.linspace(0, 5, 10))
"""The shape of the septum between the atria."""
CURVE = np.linspace(0, 1, 7)[:, None]
TO_MIDDLE, TO_TIP = 2 * CURVE * (1 - CURVE), CURVE * CURVE
"""Weights of the middle and of the last control point of a quadratic Bezier curve, along it."""


def fixed_point(points_P2: NDArray[np.floating]) -> NDArray[np.int32]:
    """Turn points of the frame, px, into fixed-point coordinates of the canvas."""
    return np.asarray(np.rint((points_P2 + MARGIN_PX) * UNITS), dtype=np.int32)


def find_rows(y: Map) -> slice:
    """Return the rows of the canvas that are read to sample it at these heights."""
    first, last = int(y.min()) - REACH, int(y.max()) + REACH
    return slice(max(first, 0), min(last, CANVAS))


def signed_px(*polygons: NDArray[np.float64], rows: slice = ALL_ROWS) -> Map:
    """Return the distance to the nearest edge of a union of polygons on the canvas, px, negative inside.

    Only the given rows hold it, because distances are a large part of what a frame costs. (With fewer columns, too,
    OpenCV would round some sums along the rows differently.)
    """
    signed = np.full((CANVAS, CANVAS), FAR, np.float32)
    if not polygons:
        return signed
    inside = np.zeros((CANVAS, CANVAS), np.uint8)
    for polygon_P2 in polygons:
        cv2.fillPoly(inside, [fixed_point(polygon_P2)], 1, shift=FRACTION_BITS)
    # OpenCV's 5 x 5 mask reaches 2 rows, so 2 empty rows stand for all the others.
    _, top, _, height = cv2.boundingRect(inside)
    filled = slice(max(top - 2, 0), min(top + height + 2, CANVAS))
    needed = slice(min(rows.start, filled.start), max(rows.stop, filled.stop))
    cv2.distanceTransform(1 - inside[needed], cv2.DIST_L2, cv2.DIST_MASK_5, dst=signed[needed])
    signed[filled] -= cv2.distanceTransform(inside[filled], cv2.DIST_L2, cv2.DIST_MASK_5)
    # Distances are between sample centres, so the edge is half a sample nearer than either of them says. OpenCV
    # fills every sample that the edge touches, so the filled shape is half a sample too large all round. Outside the
    # two cancel; inside they add up to one sample.
    signed[filled] += inside[filled]
    signed[needed] /= SCALE
    cv2.GaussianBlur(signed[needed], (0, 0), SMOOTHING, dst=signed[needed])
    return signed


class _Stroke(NamedTuple):
    """A polyline in the frame, px, with its amplitude 0..1."""

    points_P2: NDArray[np.float64]
    level: float
    width_mm: float


def draw_strokes(heart: Heart, pose: Pose, contour_P2: NDArray[np.float64]) -> Map:
    """Return the amplitude of the strokes, 0..1, on the canvas."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    septal_2, lateral_2 = contour_P2[0], contour_P2[-1]
    strokes = (
        *_atrial_septum(heart, pose),
        *_annulus(heart, septal_2, lateral_2),
        *_mitral_valve(heart, pose, septal_2, lateral_2),
        *_tricuspid_valve(heart, pose, septal_2),
        *_strand(heart, contour_P2),
    )
    for stroke in strokes:
        width = max(1, round(heart.px(stroke.width_mm) * SCALE))
        corners = fixed_point(stroke.points_P2)
        cv2.polylines(canvas, [corners], False, round(255 * stroke.level), width, cv2.LINE_AA, FRACTION_BITS)
    # Blur the part that the strokes lie in; the rest is black.
    left, top, width, height = cv2.boundingRect(canvas)
    part = (
        slice(max(top - REACH, 0), top + height + REACH),
        slice(max(left - REACH, 0), left + width + REACH),
    )
    amplitudes = np.zeros((CANVAS, CANVAS), np.float32)
    amplitudes[part] = cv2.GaussianBlur(canvas[part], (0, 0), BLUR_PX * SCALE)
    amplitudes[part] /= np.float32(255)
    return amplitudes


def _atrial_septum(heart: Heart, pose: Pose) -> Iterator[_Stroke]:
    """Yield the septum between the atria: wavy, and faint in its middle, where it is parallel to the beam."""
    if heart.la_height_mm is None:
        return
    septum, _ = heart.annulus_px(pose)
    roof = pose.base_at_rest_px + 0.95 * heart.px(heart.la_height_mm)
    z = np.linspace(pose.length_px + heart.px(2), roof, 10)
    points_P2 = heart.place(pose, z, septum - heart.px(3.2) + heart.px(2.0) * UNEVEN)
    for third, level in enumerate((0.35, 0.11, 0.24)):
        part = slice(3 * third, 3 * third + 4)
        yield _Stroke(points_P2[part], level * heart.echogenicity[4 + third], 2.2)


def _annulus(
    heart: Heart, septal_2: NDArray[np.float64], lateral_2: NDArray[np.float64]
) -> Iterator[_Stroke]:
    """Yield the crux, where the four chambers meet, and the lateral end of the annulus: both fibrous and bright."""
    crux_2 = septal_2 - heart.px(3) * heart.across_2 + heart.px(1) * heart.axis_2
    ends = (crux_2 - heart.px(4) * heart.axis_2, crux_2 + heart.px(5) * heart.axis_2)
    yield _Stroke(np.stack(ends), 0.78 * heart.echogenicity[7], 4.5)
    yield _Stroke(np.stack([lateral_2, lateral_2 + heart.px(2.5) * heart.across_2]), 0.67, 4.5)


def _mitral_valve(
    heart: Heart, pose: Pose, septal_2: NDArray[np.float64], lateral_2: NDArray[np.float64]
) -> Iterator[_Stroke]:
    """Yield the long anterior leaflet at the septum and the short posterior one."""
    anterior, posterior = heart.echogenicity[:2]
    yield _Stroke(_leaflet(heart, pose, septal_2, lateral_2, 0.62), 0.82 * anterior, 1.6)
    yield _Stroke(_leaflet(heart, pose, lateral_2, septal_2, 0.42), 0.82 * posterior, 1.6)


def _tricuspid_valve(heart: Heart, pose: Pose, septal_2: NDArray[np.float64]) -> Iterator[_Stroke]:
    """Yield the two leaflets of the right side, fainter and a little nearer to the apex."""
    if heart.rv_width_mm is None:
        return
    septal, free = heart.echogenicity[2:4]
    hinge_2 = septal_2 - heart.px(pose.thickness_mm) * heart.across_2 - heart.px(5) * heart.axis_2
    far_2 = hinge_2 - heart.px(heart.rv_width_mm * 0.8) * heart.across_2
    yield _Stroke(_leaflet(heart, pose, hinge_2, far_2, 0.5), 0.47 * septal, 1.4)
    yield _Stroke(_leaflet(heart, pose, far_2, hinge_2, 0.45), 0.39 * free, 1.4)


def _strand(heart: Heart, contour_P2: NDArray[np.float64]) -> Iterator[_Stroke]:
    """Yield a false tendon from wall to wall, if the patient has one."""
    if heart.strand:
        ends_22 = contour_P2[[len(contour_P2) // 3, 3 * len(contour_P2) // 4]]
        yield _Stroke(ends_22, 0.2 * heart.echogenicity[5], 1.2)


def _leaflet(
    heart: Heart, pose: Pose, hinge_2: NDArray[np.float64], other_2: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Return a leaflet, from its hinge to its tip, that reaches over a share of the valve's width when it is shut.

    Shut, it bulges from the valve plane towards the apex like a tent; open, it points towards the apex.
    """
    width = float(np.linalg.norm(other_2 - hinge_2))
    inward_2 = (other_2 - hinge_2) / max(width, 1e-6)
    length = max(share * width, 0.75 * share * heart.px(heart.leaflet_mm) * 1.4)
    closed_2 = share * width * inward_2 - heart.px(4) * heart.axis_2
    open_2 = 0.28 * length * inward_2 - 0.96 * length * heart.axis_2
    # The tip moves between both positions; the curve is a quadratic Bezier from the hinge past the middle to the tip.
    tip_2 = (1 - pose.opening) * closed_2 + pose.opening * open_2
    middle_2 = 0.5 * tip_2 + (0.12 * length) * ((1 - pose.opening) * -heart.axis_2 + pose.opening * inward_2)
    return np.asarray(hinge_2 + TO_MIDDLE * (2 * middle_2 - 0.5 * tip_2) + TO_TIP * tip_2)
