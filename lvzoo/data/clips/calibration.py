"""Finds the size of a clip's pixels: which of its calibrated regions holds the sector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lvzoo.data.clips.clip import Clip, Region
from lvzoo.data.crop import Crop
from lvzoo.types import Sector

MOST_OUTSIDE: Final = 0.02
"""The share of the sector's width or height that may lie outside its region: its edges are found to a few pixels."""
SAME_SPACING: Final = 0.005
"""Spacings whose ratio is nearer to 1 than this are the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """The size of the pixels inside a clip's sector, as height and width, or the reason why it is not known."""

    spacing_mm: tuple[float, float] | None
    source: str | None
    refused: str = ""


def find_spacing(regions: Sequence[Region], size_HW: tuple[int, int], sector: Sector | None) -> Calibration:
    """Return the size of the pixels in a clip's sector.

    A spacing holds only inside its region. Therefore the hull of the sector must lie in a region, up to 2 % of its
    size. If no sector was fitted, the region must cover the whole picture.

    >>> find_spacing((), (240, 320), None).refused
    'the file states no pixel size'
    """
    usable = [region for region in regions if region.spacing_mm is not None and not region.refused]
    if not usable:
        reasons = dict.fromkeys(region.refused for region in regions if region.refused)
        return _refuse("; ".join(reasons) or "the file states no pixel size")
    bounds = _find_bounds(sector, size_HW)
    holding = [region for region in usable if _holds(region, bounds)]
    if not holding:
        what = "the picture, in which no sector was found," if _is_unknown(sector) else "the sector"
        return _refuse(f"{what} reaches beyond the calibrated region")
    if any(_differ(region, holding[0]) for region in holding[1:]):
        return _refuse(f"{len(holding)} regions hold the sector and state different pixel sizes")
    return Calibration(spacing_mm=holding[0].spacing_mm, source=holding[0].source)


def trusted_mm_per_px(clip: Clip, crop: Crop | None) -> tuple[float | None, str | None]:
    """Return the side of a clip's pixels in mm where its calibration is trusted; otherwise None and the reason.

    Volumes in millilitres need it. `find_spacing` says which calibration is trusted. Besides, the pixels must be
    square (to 0.5 %), because areas, lengths and volumes are measured in px of the picture.
    """
    sector = None if crop is None else crop.sector
    found = find_spacing(clip.regions, clip.size_HW, sector)
    if found.spacing_mm is None:
        return None, found.refused
    height_mm, width_mm = found.spacing_mm
    if not math.isclose(height_mm, width_mm, rel_tol=SAME_SPACING):
        return None, f"its pixels are not square ({width_mm:.4g} x {height_mm:.4g} mm)"
    return (height_mm + width_mm) / 2, None


def _refuse(reason: str) -> Calibration:
    return Calibration(spacing_mm=None, source=None, refused=reason)


def _is_unknown(sector: Sector | None) -> bool:
    return sector is None or not sector.fitted


def _find_bounds(sector: Sector | None, size_HW: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the first and last column and row of the sector or the picture as left, top, right and bottom."""
    last_row, last_column = size_HW[0] - 1.0, size_HW[1] - 1.0
    if sector is None or not sector.fitted:
        return 0.0, 0.0, last_column, last_row
    columns, rows = zip(*sector.hull_px, strict=True)
    return (
        max(min(columns), 0.0),
        max(min(rows), 0.0),
        min(max(columns), last_column),
        min(max(rows), last_row),
    )


def _holds(region: Region, bounds: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = bounds
    spare_across, spare_down = MOST_OUTSIDE * (right - left), MOST_OUTSIDE * (bottom - top)
    outside_across = max(region.left - left, 0.0) + max(right - region.right, 0.0)
    outside_down = max(region.top - top, 0.0) + max(bottom - region.bottom, 0.0)
    return outside_across <= spare_across and outside_down <= spare_down


def _differ(one: Region, other: Region) -> bool:
    return not all(
        math.isclose(a, b, rel_tol=SAME_SPACING)
        for a, b in zip(one.spacing_mm or (), other.spacing_mm or (), strict=True)
    )
