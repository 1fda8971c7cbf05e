"""The size of a clip's pixels: which of its calibrated regions holds the sector."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lvzoo.data.clips.calibration import Calibration, find_spacing, trusted_mm_per_px
from lvzoo.data.clips.clip import Clip, Region
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.crop import Crop, find_crop
from lvzoo.types import Sector
from tests.data.clips.made_dicom import FOUR_CHAMBERS

SIZE_HW = (60, 80)
SECTOR = Sector(
    apex_px=(40.0, 5.0),
    half_angle_deg=40.0,
    radius_px=45.0,
    hull_px=((40.0, 5.0), (65.0, 40.0), (40.0, 50.0), (15.0, 40.0)),
    fitted=True,
)
REGION = Region(left=10, top=2, right=69, bottom=55, spacing_mm=(0.4, 0.5), source="first")


def find_in(*regions: Region, sector: Sector | None = SECTOR) -> Calibration:
    return find_spacing(regions, SIZE_HW, sector)


def test_the_region_that_holds_the_sector_is_chosen() -> None:
    trace = Region(left=0, top=51, right=79, bottom=59, spacing_mm=None, source="trace", refused="a trace")
    small = Region(left=60, top=40, right=79, bottom=59, spacing_mm=(0.4, 0.1), source="small")
    assert find_in(trace, small, REGION) == Calibration(spacing_mm=(0.4, 0.5), source="first")


def test_a_sector_that_reaches_beyond_its_region_is_refused() -> None:
    assert find_in(replace(REGION, left=30)).refused == "the sector reaches beyond the calibrated region"


def test_a_sector_may_reach_a_pixel_beyond_its_region() -> None:
    assert find_in(replace(REGION, left=16, top=5, right=65, bottom=50)).spacing_mm is not None


def test_regions_that_state_different_sizes_are_refused() -> None:
    found = find_in(REGION, replace(REGION, spacing_mm=(0.4, 0.6)))
    assert found.refused == "2 regions hold the sector and state different pixel sizes"
    assert find_in(REGION, REGION).spacing_mm is not None


def test_without_a_sector_the_region_must_cover_the_picture() -> None:
    found = find_in(REGION, sector=None)
    assert found.refused.startswith("the picture, in which no sector was found, reaches beyond")
    whole = replace(REGION, left=0, top=0, right=79, bottom=59)
    assert find_in(whole, sector=None).spacing_mm is not None


def test_the_reasons_of_refused_regions_are_told_once() -> None:
    refused = [replace(REGION, spacing_mm=None, refused=reason) for reason in ("a trace", "no cm", "a trace")]
    assert find_in(*refused) == Calibration(spacing_mm=None, source=None, refused="a trace; no cm")
    assert find_in().refused == "the file states no pixel size"


def trust(*regions: Region, sector: Sector | None = SECTOR) -> tuple[float | None, str | None]:
    clip = Clip(
        path=Path("clip.dcm"),
        way="dicom",
        size_HW=SIZE_HW,
        stated_frames=1,
        likely_frames=1,
        times_from=None,
        fps=None,
        read_frames=lambda _indices: iter(()),
        regions=regions,
    )
    return trusted_mm_per_px(clip, None if sector is None else Crop(left=0, top=0, side=60, sector=sector))


def test_square_pixels_are_trusted() -> None:
    mm_per_px, reason = trust(replace(REGION, spacing_mm=(0.4, 0.401)))
    assert mm_per_px == pytest.approx(0.4005)
    assert reason is None


def test_pixels_that_are_not_square_are_not_trusted() -> None:
    assert trust(REGION) == (None, "its pixels are not square (0.5 x 0.4 mm)")


def test_an_unusable_calibration_is_not_trusted_for_its_own_reason() -> None:
    assert trust() == (None, "the file states no pixel size")
    assert trust(replace(REGION, left=30)) == (None, "the sector reaches beyond the calibrated region")


def test_the_calibration_of_a_picture_of_another_size_is_not_trusted() -> None:
    clip = open_clip(FOUR_CHAMBERS)
    mm_per_px, reason = trusted_mm_per_px(clip, find_crop(clip.sample()))
    assert mm_per_px is None
    assert reason is not None
    assert reason.endswith("so the calibration belongs to a picture of another size")
