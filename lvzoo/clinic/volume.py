"""Measures one ventricle: area, length, and volume by disks and by area and length.

Single-plane formulas (Lang et al. 2015, doi 10.1016/j.echo.2014.10.003):

    method of disks: V = pi/4 * sum d_i^2 * L/20, with the diameters d_i of 20 equally thick disks along the axis
    area-length:     V = 8 A^2 / (3 pi L)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.clinic.axis import LongAxis, find_anatomical_axis, find_principal_axis
from lvzoo.clinic.outline import RasterRule, find_map_outline, find_mask_outline, signed_area
from lvzoo.geometry.shape import LEAST_PIXELS
from lvzoo.geometry.ventricle import MM3_PER_ML, disks_volume

DISKS: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How large a ventricle is in one frame. If it could not be measured, all numbers are NaN and `reason` says why.

    `mm_per_px` is None where the size of a pixel is not known; then nothing is known in millilitres.
    """

    area_px2: float = math.nan
    length_px: float = math.nan
    disks_px3: float = math.nan
    """Volume by the method of disks."""
    area_length_px3: float = math.nan
    """Volume from area and length."""
    axis: LongAxis | None = None
    mm_per_px: float | None = None
    reason: str | None = None

    @property
    def disks_ml(self) -> float | None:
        """Volume by the method of disks in millilitres; None where the size of a pixel is not known."""
        return to_ml(self.disks_px3, self.mm_per_px)

    @property
    def area_length_ml(self) -> float | None:
        """Volume from area and length in millilitres; None where the size of a pixel is not known."""
        return to_ml(self.area_length_px3, self.mm_per_px)


def to_ml(volume_px3: float, mm_per_px: float | None) -> float | None:
    """Return a volume in millilitres; None where the size of a pixel is not known. Pixels are square.

    >>> to_ml(8000.0, 0.5), to_ml(8000.0, None)
    (1.0, None)
    """
    return None if mm_per_px is None else volume_px3 * mm_per_px**3 / MM3_PER_ML


def measure_mask(
    mask_HW: NDArray[np.bool_],
    *,
    rule: RasterRule = "border pixels inside",
    mm_per_px: float | None = None,
) -> Size:
    """Measure the largest piece of a mask about its principal axis.

    The default rule is that of `lvzoo.geometry.raster`: the border runs half a pixel inside the outer edges of the
    mask's outermost pixels (see `lvzoo.clinic.outline`). Without this correction, volumes are too large and ejection
    fractions too small, because a small ventricle gains more than a large one.
    """
    pixels = int(np.count_nonzero(mask_HW))
    if pixels < LEAST_PIXELS:
        return Size(mm_per_px=mm_per_px, reason=f"the mask has {pixels} pixels, fewer than {LEAST_PIXELS}")
    return measure_outline(find_mask_outline(mask_HW, rule), mm_per_px)


def measure_map(
    map_HW: NDArray[np.floating[Any]],
    *,
    level: float = 0.5,
    rule: RasterRule = "border pixels inside",
    mm_per_px: float | None = None,
) -> Size:
    """Measure the largest piece of a map above a level about its principal axis, with a sub-pixel border.

    The level is 0.5 for probabilities and 0 for logits. The rule is that of the masks that the network was trained
    on (see `lvzoo.clinic.outline`).
    """
    if not np.isfinite(map_HW).all():
        return Size(mm_per_px=mm_per_px, reason="the map has values that are not finite")
    return measure_outline(find_map_outline(map_HW, level=level, rule=rule), mm_per_px)


def measure_contour(
    contour_P2: NDArray[np.floating],
    *,
    apex_2: NDArray[np.floating] | None = None,
    mm_per_px: float | None = None,
) -> Size:
    """Measure an open contour (left annulus, apex, right annulus), (P, 2) px, about its own apex and annulus.

    The straight line between the annulus points closes it. Without `apex_2`, the apex is the middle point.
    """
    points_P2: NDArray[np.float64] = np.asarray(contour_P2, dtype=np.float64)
    if len(points_P2) < 3 or not np.isfinite(points_P2).all():
        return Size(mm_per_px=mm_per_px, reason="the contour has no three points, or one that is not finite")
    return _measure(points_P2, find_anatomical_axis(points_P2, apex_2), mm_per_px)


def measure_outline(outline_P2: NDArray[np.float64] | None, mm_per_px: float | None = None) -> Size:
    """Measure the outline of a mask or a map, as `lvzoo.clinic.outline` finds it, about its principal axis."""
    if outline_P2 is None or abs(signed_area(outline_P2)) < LEAST_PIXELS:
        return Size(mm_per_px=mm_per_px, reason=f"no piece has an area of {LEAST_PIXELS} px or more")
    return _measure(outline_P2, find_principal_axis(outline_P2), mm_per_px)


def _measure(outline_P2: NDArray[np.float64], axis: LongAxis, mm_per_px: float | None) -> Size:
    area_px2, length_px = abs(signed_area(outline_P2)), axis.length_px
    if area_px2 < LEAST_PIXELS or length_px == 0:
        return Size(mm_per_px=mm_per_px, reason=f"the contour encloses less than {LEAST_PIXELS} px")
    return Size(
        area_px2=area_px2,
        length_px=length_px,
        disks_px3=disks_volume(find_diameters(outline_P2, axis), length_px),
        area_length_px3=8 * area_px2**2 / (3 * math.pi * length_px),
        axis=axis,
        mm_per_px=mm_per_px,
    )


def find_diameters(
    outline_P2: NDArray[np.floating], axis: LongAxis, disks: int = DISKS
) -> NDArray[np.float64]:
    """Return the diameters of equally thick disks across an axis, from apex to base, in px: the chords' lengths."""
    chords_R22 = find_chords(outline_P2, axis, disks)
    return np.asarray(np.linalg.norm(chords_R22[:, 1] - chords_R22[:, 0], axis=1))


def find_chords(outline_P2: NDArray[np.floating], axis: LongAxis, disks: int = DISKS) -> NDArray[np.float64]:
    """Return the chords (R, 2, 2) across an axis, from apex to base, as (x, y) px; if it points down, left end first.

    The disks fill the extent of the closed polygon along the axis, and each chord is taken at the middle of its
    disk, from the outermost crossing of the polygon to the other: a gap between two stretches counts as inside.
    """
    down_2 = np.array(axis.direction)
    across_2 = np.array([down_2[1], -down_2[0]])
    from_apex_P2 = np.asarray(outline_P2, dtype=np.float64) - axis.apex_px
    z_P, d_P = from_apex_P2 @ down_2, from_apex_P2 @ across_2
    levels_R = z_P.min() + (np.arange(disks) + 0.5) / disks * np.ptp(z_P)
    z_next_P, d_next_P = np.roll(z_P, -1), np.roll(d_P, -1)
    crosses_RP = (z_P <= levels_R[:, None]) != (z_next_P <= levels_R[:, None])
    slope_P = (d_next_P - d_P) / np.where(z_next_P == z_P, 1.0, z_next_P - z_P)
    d_RP = d_P + (levels_R[:, None] - z_P) * slope_P
    low_R = np.where(crosses_RP, d_RP, np.inf).min(axis=1)
    high_R = np.where(crosses_RP, d_RP, -np.inf).max(axis=1)
    middles_R2 = axis.apex_px + np.outer(levels_R, down_2)
    return np.stack([middles_R2 + np.outer(d_R, across_2) for d_R in (low_R, high_R)], axis=1)
