"""Measures the shape of a ventricle's mask about its long axis, and how the shape changes from ED to ES.

The axis is the principal axis of the pixels of the end-diastolic mask, and points down in the frame, where the base
of an apical view lies. The end-systolic mask is measured about the same axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVELS: Final = (0.10, 0.25, 0.50, 0.75, 0.90)
"""Where the width is measured: shares of the length, counted from the apex."""
ENDS_PERCENT: Final = (0.5, 99.5)
"""The percentiles of the pixels' positions along the axis that count as apex and base: a single pixel is no apex."""
HALF_BAND_PX: Final = 1.0
"""A width is the extent of the pixels at most this far from its level."""
LEAST_PIXELS: Final = 20
"""A smaller mask has no shape that could be measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """The long axis of a ventricle in the frame."""

    centre_2: NDArray[np.float64]
    """Mean of the mask's pixels, (x, y) px."""
    direction_2: NDArray[np.float64]
    """Unit vector from apex to base."""

    @property
    def tilt_deg(self) -> float:
        """Angle from the vertical, positive where the base lies to the right."""
        return float(np.degrees(np.arctan2(self.direction_2[0], self.direction_2[1])))


@dataclass(frozen=True, kw_only=True, slots=True)
class Silhouette:
    """A mask as seen along an axis; positions are px along the axis from its centre, and grow towards the base."""

    apex_px: float
    base_px: float
    widths_px: tuple[float, ...]
    """Width at each of `LEVELS`."""
    area_px: float

    @property
    def length_px(self) -> float:
        """Distance from apex to base."""
        return self.base_px - self.apex_px

    @property
    def width_px(self) -> float:
        """The widest of the measured widths."""
        return max(self.widths_px)


def find_axis(mask_HW: NDArray[np.bool_]) -> Axis | None:
    """Return the principal axis of a mask's pixels; None if the mask has fewer than 20 of them."""
    y_P, x_P = np.nonzero(mask_HW)
    if len(x_P) < LEAST_PIXELS:
        return None
    points_P2 = np.stack([x_P, y_P], axis=1).astype(np.float64)
    centre_2 = points_P2.mean(axis=0)
    _, axes_22 = np.linalg.eigh(np.cov((points_P2 - centre_2).T))
    direction_2 = axes_22[:, 1]
    return Axis(centre_2=centre_2, direction_2=direction_2 if direction_2[1] >= 0 else -direction_2)


def look_along(mask_HW: NDArray[np.bool_], axis: Axis) -> Silhouette | None:
    """Measure a mask about an axis; None if it has fewer than 20 pixels, or none at any of the levels.

    The latter happens if the mask is in pieces that lie between the levels.
    """
    y_P, x_P = np.nonzero(mask_HW)
    if len(x_P) < LEAST_PIXELS:
        return None
    places_P2 = np.stack([x_P, y_P], axis=1) - axis.centre_2
    along_P = places_P2 @ axis.direction_2
    across_P = places_P2 @ np.array([axis.direction_2[1], -axis.direction_2[0]])
    apex_px, base_px = np.percentile(along_P, ENDS_PERCENT).tolist()
    widths_px = []
    for level in LEVELS:
        near_P = np.abs(along_P - (apex_px + level * (base_px - apex_px))) <= HALF_BAND_PX
        # The extent of the pixels' centres, and half a pixel at either end.
        widths_px.append(float(np.ptp(across_P[near_P])) + 1 if near_P.any() else 0.0)
    if not any(widths_px):
        return None
    return Silhouette(
        apex_px=apex_px, base_px=base_px, widths_px=tuple(widths_px), area_px=float(len(along_P))
    )


def measure_shape(ed_HW: NDArray[np.bool_], es_HW: NDArray[np.bool_]) -> dict[str, float] | None:
    """Return the shape of a ventricle at ED and ES, and its change, by the name of each figure.

    Widths are shares of the widest one, movements shares of the length at ED. None if a mask is too small, or in
    pieces between which its width would be measured.
    """
    axis = find_axis(ed_HW)
    if axis is None:
        return None
    ed, es = look_along(ed_HW, axis), look_along(es_HW, axis)
    if ed is None or es is None:
        return None
    widths = {
        f"{phase} width at {level:.0%}": width_px / each.width_px
        for phase, each in (("ED", ed), ("ES", es))
        for level, width_px in zip(LEVELS, each.widths_px, strict=True)
    }
    return widths | {
        "ED length by width": ed.length_px / ed.width_px,
        "ES length by width": es.length_px / es.width_px,
        "ES length by ED length": es.length_px / ed.length_px,
        "apex moves in, of the ED length": (es.apex_px - ed.apex_px) / ed.length_px,
        "base moves up, of the ED length": (ed.base_px - es.base_px) / ed.length_px,
        "tilt of the axis, degrees": axis.tilt_deg,
        "centre x, px": float(axis.centre_2[0]),
        "centre y, px": float(axis.centre_2[1]),
        "ED area, px": ed.area_px,
        "ES area, px": es.area_px,
        "fractional area change": 1 - es.area_px / ed.area_px,
    }
