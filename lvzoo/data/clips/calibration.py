"""The size of a clip's pixels: the calibrated regions that a DICOM file states, and which one holds the sector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lvzoo.data.clips.clip import Region
from lvzoo.data.clips.dicom.elements import UNUSED, Elements
from lvzoo.types import Sector

SEQUENCE: Final = "SequenceOfUltrasoundRegions"
TWO_D: Final = 1
TISSUE: Final = 1
CENTIMETRES: Final = 3
"""The codes of `RegionSpatialFormat`, `RegionDataType` and `PhysicalUnitsXDirection` in DICOM PS3.3 C.8.5.5."""
MM_PER_CM: Final = 10.0

MOST_BEYOND_PX: Final = 1
"""Some machines state the first column and row outside a region instead of the last ones inside."""
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


# --- What a DICOM file states -----------------------------------------------------------------------------------


def read_regions(elements: Elements, size_HW: tuple[int, int]) -> tuple[Region, ...]:
    """Read a clip's calibrated regions from its `SequenceOfUltrasoundRegions`.

    Only regions of 2-D tissue in centimetres have a spacing; the others say why not. A region that ends beyond the
    picture belongs to a picture of another size, so that its spacing is refused. If the file has no regions,
    `PixelSpacing` is read, which holds for the whole picture.
    """
    if SEQUENCE not in elements:
        return _read_pixel_spacing(elements, size_HW)
    items = elements.read_items(SEQUENCE)
    regions = (_read_region(item, number, size_HW) for number, item in enumerate(items, 1))
    return tuple(region for region in regions if region is not None)


def _read_region(item: Elements, number: int, size_HW: tuple[int, int]) -> Region | None:
    corners = [item.read_count(f"RegionLocation{corner}") for corner in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
    left, top, right, bottom = corners
    if left is None or top is None or right is None or bottom is None or left > right or top > bottom:
        item.warn(f"region {number} of {SEQUENCE} has no corners, {UNUSED}")
        return None
    spacing_mm, refused = _read_spacing(item)
    height, width = size_HW
    if not refused and (right >= width + MOST_BEYOND_PX or bottom >= height + MOST_BEYOND_PX):
        refused = (
            f"region ends at column {right} and row {bottom}, beyond the picture of {width} x {height}, so that "
            "it belongs to a picture of another size"
        )
    return Region(
        left=left,
        top=top,
        right=min(right, width - 1) if not refused else right,
        bottom=min(bottom, height - 1) if not refused else bottom,
        spacing_mm=None if refused else spacing_mm,
        source=f"{SEQUENCE} {number}",
        refused=refused,
    )


def _read_spacing(item: Elements) -> tuple[tuple[float, float] | None, str]:
    """Return the height and width of a region's pixels in mm, and the reason if they cannot be used."""
    for keyword, expected, what in (
        ("RegionSpatialFormat", TWO_D, "is no 2-D picture"),
        ("RegionDataType", TISSUE, "does not show tissue"),
        ("PhysicalUnitsXDirection", CENTIMETRES, "is not measured in cm"),
        ("PhysicalUnitsYDirection", CENTIMETRES, "is not measured in cm"),
    ):
        code = item.read_count(keyword)
        if code != expected:
            return None, f"region {what} ({keyword} {'is missing' if code is None else code})"
    across_cm, down_cm = item.read_number("PhysicalDeltaX"), item.read_number("PhysicalDeltaY")
    if not across_cm or not down_cm:
        return None, "region states no size of its pixels (PhysicalDeltaX and PhysicalDeltaY)"
    return (abs(down_cm) * MM_PER_CM, abs(across_cm) * MM_PER_CM), ""


def _read_pixel_spacing(elements: Elements, size_HW: tuple[int, int]) -> tuple[Region, ...]:
    spacing_mm = elements.read_numbers("PixelSpacing")
    if not spacing_mm:
        return ()
    if len(spacing_mm) != 2 or min(spacing_mm) <= 0:
        elements.warn(f"PixelSpacing is not two numbers greater than 0, {UNUSED}")
        return ()
    return (cover_picture(size_HW, (spacing_mm[0], spacing_mm[1]), "PixelSpacing"),)


def cover_picture(size_HW: tuple[int, int], spacing_mm: tuple[float, float], source: str) -> Region:
    """Return the region that covers a whole picture. `spacing_mm` is the height and width of a pixel."""
    return Region(
        left=0, top=0, right=size_HW[1] - 1, bottom=size_HW[0] - 1, spacing_mm=spacing_mm, source=source
    )


# --- Which region holds the sector ------------------------------------------------------------------------------


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
