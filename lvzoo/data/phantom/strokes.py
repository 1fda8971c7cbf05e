"""The thin bright things: valve leaflets, the fibrous annulus and the septum between the atria."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.data.phantom.anatomy import Heart
    from lvzoo.data.phantom.fields import Map
    from lvzoo.data.phantom.motion import Pose

FRACTION_BITS = 4
BLUR_PX = 0.6


def draw_strokes(
    heart: Heart, pose: Pose, contour_P2: NDArray[np.float64], *, scale: int, margin_px: int, size: int
) -> Map:
    """Return the strokes' amplitude, 0..1, on a canvas of `scale` samples a pixel with a margin."""
    canvas = np.zeros((size, size), np.uint8)

    def line(points_P2: NDArray[np.float64], level: int, width_px: float) -> None:
        corners = np.rint((points_P2 + margin_px) * scale * 2**FRACTION_BITS).astype(np.int32)
        thickness = max(1, round(width_px * scale))
        cv2.polylines(canvas, [corners], False, level, thickness, cv2.LINE_AA, FRACTION_BITS)

    septal_2, lateral_2 = contour_P2[0], contour_P2[-1]
    septum = -pose.half_width_px * float(heart.septal.half_width(np.array(1.0)))
    crux_2 = septal_2 - heart.px(3) * heart.across_2 + heart.px(1) * heart.axis_2
    roof = pose.base_at_rest_px + 0.95 * heart.px(heart.la_height_mm)
    z = np.linspace(pose.length_px + heart.px(1), roof, 8)
    interatrial_P2 = heart.place(pose, z, np.full(8, septum - heart.px(3.2)))
    line(interatrial_P2, 60, heart.px(2.6))
    line(
        np.stack([crux_2 - heart.px(4) * heart.axis_2, crux_2 + heart.px(6) * heart.axis_2]),
        190,
        heart.px(5.0),
    )
    line(np.stack([lateral_2, lateral_2 + heart.px(2.5) * heart.across_2]), 170, heart.px(4.5))
    for hinge_2, other_2, share in ((septal_2, lateral_2, 0.62), (lateral_2, septal_2, 0.42)):
        line(_leaflet(heart, pose, hinge_2, other_2, share), 200, heart.px(1.6))
    hinge_2 = septal_2 - heart.px(pose.thickness_mm) * heart.across_2 - heart.px(5) * heart.axis_2
    far_2 = hinge_2 - heart.px(heart.rv_width_mm * 0.8) * heart.across_2
    line(_leaflet(heart, pose, hinge_2, far_2, 0.5), 110, heart.px(1.4))
    line(_leaflet(heart, pose, far_2, hinge_2, 0.45), 70, heart.px(1.4))
    blurred = cv2.GaussianBlur(canvas, (0, 0), BLUR_PX * scale)
    return np.asarray(blurred, dtype=np.float32) / np.float32(255)


def _leaflet(
    heart: Heart, pose: Pose, hinge_2: NDArray[np.float64], other_2: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Return a leaflet of a share of the valve's width: closed it tents over the valve, open it hangs down."""
    width = float(np.linalg.norm(other_2 - hinge_2))
    inward_2 = (other_2 - hinge_2) / max(width, 1e-6)
    length = max(share * width, 0.75 * share * heart.px(heart.leaflet_mm) * 1.4)
    closed_2 = share * width * inward_2 - heart.px(4) * heart.axis_2
    open_2 = 0.28 * length * inward_2 - 0.96 * length * heart.axis_2
    tip_2 = (1 - pose.opening) * closed_2 + pose.opening * open_2
    middle_2 = 0.5 * tip_2 + (0.12 * length) * ((1 - pose.opening) * -heart.axis_2 + pose.opening * inward_2)
    t = np.linspace(0, 1, 7)[:, None]
    return np.asarray(hinge_2 + 2 * t * (1 - t) * (2 * middle_2 - 0.5 * tip_2) + t * t * tip_2)
