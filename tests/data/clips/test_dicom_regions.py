"""Calibrated regions of DICOM clips: which ones are used, and why others are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import Dataset

from lvzoo.data.clips.calibration import Calibration, find_spacing
from lvzoo.data.clips.clip import Clip, Region
from lvzoo.data.clips.dicom.reader import open_dicom
from lvzoo.geometry.sector import fit_sector
from lvzoo.types import Sector
from tests.data.clips.made_dicom import FOUR_CHAMBERS, make_dicom, put_raw, save_dicom, smooth_frames

SIZE_HW = (60, 80)
SECTOR = Sector(
    apex_px=(40.0, 5.0),
    half_angle_deg=40.0,
    radius_px=45.0,
    hull_px=((40.0, 5.0), (65.0, 40.0), (40.0, 50.0), (15.0, 40.0)),
    fitted=True,
)


def make_item(*corners: int, **elements: object) -> Dataset:
    """Return a calibrated region of 2-D tissue; its corners are left, top, right and bottom."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 0
    left, top, right, bottom = corners or (10, 2, 69, 55)
    item.RegionLocationMinX0, item.RegionLocationMinY0 = left, top
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = right, bottom
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = 0.05, 0.04
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def open_with(tmp_path: Path, *items: Dataset) -> Clip:
    dataset = make_dicom(smooth_frames(2, SIZE_HW), SequenceOfUltrasoundRegions=list(items))
    return open_dicom(save_dicom(dataset, tmp_path / "clip.dcm"), fps=None)


def find_in(clip: Clip) -> Calibration:
    return find_spacing(clip.regions, clip.size_HW, SECTOR)


def test_a_region_of_tissue_gives_height_and_width_in_mm(tmp_path: Path) -> None:
    clip = open_with(tmp_path, make_item())
    region = clip.regions[0]
    assert (region.left, region.top, region.right, region.bottom) == (10, 2, 69, 55)
    found = find_in(clip)
    assert found.spacing_mm == pytest.approx((0.4, 0.5))
    assert (found.source, found.refused) == ("SequenceOfUltrasoundRegions 1", "")


def test_the_real_clip_is_refused_because_its_region_belongs_to_another_size() -> None:
    clip = open_dicom(FOUR_CHAMBERS, fps=None)
    found = find_spacing(clip.regions, clip.size_HW, fit_sector(clip.sample()))
    assert found == Calibration(
        spacing_mm=None,
        source=None,
        refused="SequenceOfUltrasoundRegions 1 ends at column 595 and row 414, beyond the picture of 320 x 240, so "
        "the calibration belongs to a picture of another size",
    )


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"RegionSpatialFormat": 3}, r"is no 2-D picture \(RegionSpatialFormat 3\)"),
        ({"RegionDataType": 2}, r"does not show tissue \(RegionDataType 2\)"),
        ({"PhysicalUnitsXDirection": 4}, r"is not measured in cm \(PhysicalUnitsXDirection 4\)"),
        ({"PhysicalDeltaY": 0.0}, "states no size of its pixels"),
        ({"PhysicalDeltaX": float("nan")}, "states no size of its pixels"),
        ({"RegionLocationMaxX1": 81}, "ends at column 81 and row 55, beyond the picture of 80 x 60"),
    ],
)
def test_other_regions_are_refused_with_the_reason(
    tmp_path: Path, elements: dict[str, object], reason: str
) -> None:
    clip = open_with(tmp_path, make_item(**elements))
    assert clip.regions[0].spacing_mm is None
    found = find_in(clip)
    assert (found.spacing_mm, found.source) == (None, None)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(found.refused)


def test_a_region_whose_end_is_counted_from_outside_is_used(tmp_path: Path) -> None:
    clip = open_with(tmp_path, make_item(0, 0, 80, 60))
    assert (clip.regions[0].right, clip.regions[0].bottom) == (79, 59)
    assert find_in(clip).spacing_mm is not None


@pytest.mark.parametrize("format_of_second", [1, 3])
def test_one_region_beyond_the_picture_makes_all_be_refused(tmp_path: Path, format_of_second: int) -> None:
    """Two pictures side by side, of which the file was made smaller after the regions were written."""
    second = make_item(80, 2, 139, 55, RegionSpatialFormat=format_of_second)
    clip = open_with(tmp_path, make_item(), second)
    assert [region.spacing_mm for region in clip.regions] == [None, None]
    assert find_in(clip).refused == (
        "SequenceOfUltrasoundRegions 2 ends at column 139 and row 55, beyond the picture of 80 x 60, so the "
        "calibration belongs to a picture of another size"
    )


def test_pixel_spacing_holds_for_the_whole_picture(tmp_path: Path) -> None:
    dataset = make_dicom(smooth_frames(2, SIZE_HW), PixelSpacing=[0.3, 0.2])
    clip = open_dicom(save_dicom(dataset, tmp_path / "clip.dcm"), fps=None)
    assert clip.regions == (
        Region(left=0, top=0, right=79, bottom=59, spacing_mm=(0.3, 0.2), source="PixelSpacing"),
    )
    assert find_in(clip) == Calibration(spacing_mm=(0.3, 0.2), source="PixelSpacing")


def test_pixel_spacing_does_not_replace_a_region_that_is_refused(tmp_path: Path) -> None:
    items = [make_item(RegionLocationMaxX1=200)]
    dataset = make_dicom(
        smooth_frames(2, SIZE_HW), PixelSpacing=[0.3, 0.2], SequenceOfUltrasoundRegions=items
    )
    clip = open_dicom(save_dicom(dataset, tmp_path / "clip.dcm"), fps=None)
    assert "belongs to a picture of another size" in find_in(clip).refused


@pytest.mark.parametrize("value", [b"0,3\\0,3 ", b"0.3 ", b"0.3\\0 ", b"a\\b ", b""])
def test_malformed_pixel_spacing_is_warned_of(tmp_path: Path, value: bytes) -> None:
    dataset = make_dicom(smooth_frames(2, SIZE_HW))
    put_raw(dataset, "PixelSpacing", "DS", value)
    clip = open_dicom(save_dicom(dataset, tmp_path / "clip.dcm"), fps=None)
    assert (clip.regions, len(list(clip.read()))) == ((), 2)
    assert len(clip.warnings) == 1
    assert clip.warnings[0].startswith("PixelSpacing ")


def test_malformed_regions_are_warned_of(tmp_path: Path) -> None:
    item = make_item()
    del item.RegionLocationMinX0
    clip = open_with(tmp_path, item, make_item())
    assert [region.source for region in clip.regions] == ["SequenceOfUltrasoundRegions 2"]
    assert clip.warnings == ("region 1 of SequenceOfUltrasoundRegions has no corners, so it is not used",)


def test_a_file_without_regions_states_no_size(tmp_path: Path) -> None:
    path = save_dicom(make_dicom(smooth_frames(2, SIZE_HW)), tmp_path / "clip.dcm")
    assert find_in(open_dicom(path, fps=None)).refused == "the file states no pixel size"
