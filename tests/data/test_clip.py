"""Single clips: AVI, MP4 and DICOM, recognised by their content."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pydicom.examples
import pytest
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, JPEGLSLossless

from lvzoo.data.clip import read_clip
from lvzoo.data.dicom import read_dicom
from lvzoo.errors import DataError
from tests.data.echonet_folders import write_clip

if TYPE_CHECKING:
    from pydicom import Dataset


FOUR_CHAMBERS = Path(str(pydicom.examples.get_path("ybr_color")))
"""A real apical four-chamber clip of 30 frames that pydicom ships: JPEG baseline, YBR_FULL_422."""


@pytest.fixture
def grey_dicom() -> Dataset:
    """An uncompressed grey clip of three frames."""
    dataset = pydicom.dcmread(str(pydicom.examples.get_path("rgb_color")))
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    del dataset.PlanarConfiguration
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 4, 6, 3
    dataset.PixelData = bytes(range(72))
    return dataset


def test_the_real_four_chamber_clip_is_read() -> None:
    clip = read_clip(FOUR_CHAMBERS)
    assert (clip.frames_NHW.shape, clip.way) == ((30, 240, 320), "dicom")
    assert clip.frames_NHW.dtype == np.uint8
    assert clip.fps == pytest.approx(30.0, rel=1e-3)


def test_its_grey_is_the_weighted_sum_of_its_colours() -> None:
    """The weights are those of ITU-R BT.601, as in BGR2GRAY. Without a conversion from YBR it would be far off."""
    colours = pixel_array(pydicom.dcmread(FOUR_CHAMBERS), decoding_plugin="pillow").astype(np.float64)
    expected = colours @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read_clip(FOUR_CHAMBERS).frames_NHW - expected).max() <= 1.0


def test_a_dicom_file_is_known_by_its_content(tmp_path: Path) -> None:
    disguised = tmp_path / "clip.avi"
    disguised.write_bytes(FOUR_CHAMBERS.read_bytes())
    assert read_clip(disguised).way == "dicom"


@pytest.mark.parametrize(
    ("name", "codec", "way"), [("clip.avi", "MJPG", "mjpg-index"), ("clip.mp4", "mp4v", "opencv")]
)
def test_videos_are_read_whole(tmp_path: Path, name: str, codec: str, way: str) -> None:
    path = tmp_path / name
    write_clip(path, 14, codec=codec, size_HW=(96, 128))
    clip = read_clip(path)
    assert (clip.frames_NHW.shape, clip.way) == ((14, 96, 128), way)
    assert clip.fps == pytest.approx(50.0)


def test_uncompressed_grey_is_read_as_it_is(tmp_path: Path, grey_dicom: Dataset) -> None:
    grey_dicom.CineRate = 40
    grey_dicom.save_as(tmp_path / "clip.dcm")
    frames_NHW, fps = read_dicom(tmp_path / "clip.dcm")
    assert np.array_equal(frames_NHW, np.arange(72).reshape(3, 4, 6))
    assert fps == 40.0


def test_inverted_grey_is_turned_round(tmp_path: Path, grey_dicom: Dataset) -> None:
    grey_dicom.PhotometricInterpretation = "MONOCHROME1"
    grey_dicom.save_as(tmp_path / "clip.dcm")
    frames_NHW, fps = read_dicom(tmp_path / "clip.dcm")
    assert np.array_equal(frames_NHW, 255 - np.arange(72).reshape(3, 4, 6))
    assert fps is None


def test_a_palette_is_applied() -> None:
    frames_NHW, _ = read_dicom(Path(str(pydicom.examples.get_path("palette_color"))))
    assert frames_NHW.shape == (1, 350, 800)
    assert frames_NHW.max() > 100


def test_an_undecodable_transfer_syntax_is_named(tmp_path: Path, grey_dicom: Dataset) -> None:
    grey_dicom.file_meta.TransferSyntaxUID = UID(JPEGLSLossless)
    grey_dicom.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8"] * 3)
    grey_dicom["PixelData"].is_undefined_length = True
    grey_dicom.save_as(tmp_path / "clip.dcm")
    message = r"clip\.dcm: pixels in transfer syntax 'JPEG-LS Lossless .+' do not decode \(.+\); export"
    with pytest.raises(DataError, match=message):
        read_clip(tmp_path / "clip.dcm")


def test_pixels_that_are_cut_off_are_told(tmp_path: Path, grey_dicom: Dataset) -> None:
    grey_dicom.PixelData = bytes(10)
    grey_dicom.save_as(tmp_path / "clip.dcm")
    with pytest.raises(
        DataError, match=r"clip\.dcm: pixels in transfer syntax 'Explicit VR Little Endian' do not"
    ):
        read_clip(tmp_path / "clip.dcm")


def test_bytes_that_are_not_what_the_header_says_are_told_in_a_line(tmp_path: Path) -> None:
    content = bytearray(FOUR_CHAMBERS.read_bytes())
    rows = content.index(b"\x28\x00\x10\x00US\x02\x00")
    content[rows + 4 : rows + 6] = b"UL"  # a number of 32 bits in two bytes
    (tmp_path / "clip.dcm").write_bytes(content)
    with pytest.raises(
        DataError, match=r"clip\.dcm: pixels .+ do not decode \(.{10,160}\); export"
    ) as raised:
        read_clip(tmp_path / "clip.dcm")
    assert "\n" not in str(raised.value)


def test_what_is_no_dicom_is_told(tmp_path: Path) -> None:
    path = tmp_path / "clip.dcm"
    path.write_bytes(b"no dicom")
    with pytest.raises(DataError, match=r"clip\.dcm: is not a DICOM file; .*AVI or MP4"):
        read_clip(path)


def test_a_dicom_without_a_picture_is_told(tmp_path: Path, grey_dicom: Dataset) -> None:
    del grey_dicom.PixelData
    grey_dicom.save_as(tmp_path / "report.dcm")
    with pytest.raises(DataError, match=r"report\.dcm: is a DICOM file without pixel data"):
        read_clip(tmp_path / "report.dcm")


def test_a_picture_of_16_bits_is_told() -> None:
    with pytest.raises(DataError, match=r"has 16 bits.* 8"):
        read_clip(Path(str(pydicom.examples.get_path("ct"))))


@pytest.mark.parametrize("make", [Path.mkdir, None])
def test_what_is_no_file_is_told(tmp_path: Path, make: object) -> None:
    path = tmp_path / "clip.avi"
    if callable(make):
        make(path)
    with pytest.raises(DataError, match=r"clip\.avi: cannot be read \((No such file|Is a directory)"):
        read_clip(path)
