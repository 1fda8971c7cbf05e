"""Reads the calibrated regions of a DICOM file: rectangles of the picture, each with the size of its pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lvzoo.data.clips.clip import Region
from lvzoo.data.clips.dicom.elements import UNUSED, Elements

SEQUENCE: Final = "SequenceOfUltrasoundRegions"
TWO_D: Final = 1
TISSUE: Final = 1
CENTIMETRES: Final = 3
"""The codes of `RegionSpatialFormat`, `RegionDataType` and `PhysicalUnitsXDirection` in DICOM PS3.3 C.8.5.5."""
MM_PER_CM: Final = 10.0

MOST_BEYOND_PX: Final = 1
"""Some machines state the first column and row outside a region instead of the last ones inside."""


def read_regions(elements: Elements, size_HW: tuple[int, int]) -> tuple[Region, ...]:
    """Read a clip's calibrated regions from its `SequenceOfUltrasoundRegions`.

    Only regions of 2-D tissue in centimetres have a spacing; the others say why not. If one region ends beyond the
    picture, the calibration belongs to a picture of another size, and every region is refused. If the file has no
    regions, `PixelSpacing` is read, which holds for the whole picture.
    """
    if SEQUENCE not in elements:
        return _read_pixel_spacing(elements, size_HW)
    items = elements.read_items(SEQUENCE)
    found = (_read_region(item, number) for number, item in enumerate(items, 1))
    regions = [region for region in found if region is not None]
    beyond = next((region for region in regions if _ends_beyond(region, size_HW)), None)
    if beyond is not None:
        reason = _explain_beyond(beyond, size_HW)
        return tuple(replace(region, spacing_mm=None, refused=reason) for region in regions)
    return tuple(_end_inside(region, size_HW) for region in regions)


def _read_region(item: Elements, number: int) -> Region | None:
    corners = [item.read_count(f"RegionLocation{corner}") for corner in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
    left, top, right, bottom = corners
    if left is None or top is None or right is None or bottom is None or left > right or top > bottom:
        item.warn(f"region {number} of {SEQUENCE} has no corners, {UNUSED}")
        return None
    spacing_mm, refused = _read_spacing(item)
    return Region(
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        spacing_mm=spacing_mm,
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


def _ends_beyond(region: Region, size_HW: tuple[int, int]) -> bool:
    height, width = size_HW
    return region.right >= width + MOST_BEYOND_PX or region.bottom >= height + MOST_BEYOND_PX


def _explain_beyond(region: Region, size_HW: tuple[int, int]) -> str:
    height, width = size_HW
    return (
        f"{region.source} ends at column {region.right} and row {region.bottom}, beyond the picture of {width} x "
        f"{height}, so the calibration belongs to a picture of another size"
    )


def _end_inside(region: Region, size_HW: tuple[int, int]) -> Region:
    return replace(region, right=min(region.right, size_HW[1] - 1), bottom=min(region.bottom, size_HW[0] - 1))


def _read_pixel_spacing(elements: Elements, size_HW: tuple[int, int]) -> tuple[Region, ...]:
    spacing_mm = elements.read_numbers("PixelSpacing")
    if not spacing_mm:
        return ()
    if len(spacing_mm) != 2 or min(spacing_mm) <= 0:
        elements.warn(f"PixelSpacing is not two numbers greater than 0, {UNUSED}")
        return ()
    return (
        Region(
            left=0,
            top=0,
            right=size_HW[1] - 1,
            bottom=size_HW[0] - 1,
            spacing_mm=(spacing_mm[0], spacing_mm[1]),
            source="PixelSpacing",
        ),
    )
