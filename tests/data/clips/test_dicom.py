"""DICOM clips: how they are recognised, what odd headers change, and how much memory they need."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pydicom.examples
import pytest
from pydicom import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from lvzoo.data.clips.clip import DamagedFrame, Frame
from lvzoo.data.clips.dicom.reader import is_dicom, open_dicom
from lvzoo.data.clips.recognise import HEAD_BYTES, open_clip
from lvzoo.errors import DataError
from tests.data.clips.made_dicom import (
    FOUR_CHAMBERS,
    make_dicom,
    put_raw,
    read_frames,
    save_dicom,
    smooth_frames,
)

# --- The real clip ----------------------------------------------------------------------------------------------


def test_the_real_four_chamber_clip_is_read() -> None:
    clip = open_clip(FOUR_CHAMBERS)
    frames = list(clip.read())
    assert (len(frames), clip.size_HW, clip.way, clip.stated_frames) == (30, (240, 320), "dicom", 30)
    assert (clip.times_from, clip.warnings) == ("FrameTime", ())
    last = frames[-1]
    assert isinstance(last, Frame)
    assert last.time_s == pytest.approx(29 * 0.033333)


def test_its_grey_is_the_weighted_sum_of_its_colours() -> None:
    """The weights are those of ITU-R BT.601, as in BGR2GRAY. Without a conversion from YBR it would be far off."""
    colours = pixel_array(pydicom.dcmread(FOUR_CHAMBERS), decoding_plugin="pillow").astype(np.float64)
    expected = colours @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read_frames(FOUR_CHAMBERS) - expected).max() <= 1.0


def test_its_pixels_are_those_of_the_whole_clip_decoded_at_once() -> None:
    colours = pixel_array(pydicom.dcmread(FOUR_CHAMBERS), decoding_plugin="pillow")
    expected = [cv2.cvtColor(colours_HW3, cv2.COLOR_RGB2GRAY) for colours_HW3 in colours]
    assert np.array_equal(read_frames(FOUR_CHAMBERS), expected)


def test_frames_at_given_numbers_are_read_alone() -> None:
    every = read_frames(FOUR_CHAMBERS)
    some = list(open_dicom(FOUR_CHAMBERS, fps=None).read([2, 17, 29, 40]))
    assert [frame.index for frame in some] == [2, 17, 29]
    assert all(
        isinstance(frame, Frame) and np.array_equal(frame.grey_HW, every[frame.index]) for frame in some
    )


# --- Recognition ------------------------------------------------------------------------------------------------


def test_a_dicom_file_is_known_by_its_content(tmp_path: Path) -> None:
    disguised = tmp_path / "clip.avi"
    disguised.write_bytes(FOUR_CHAMBERS.read_bytes())
    assert open_clip(disguised).way == "dicom"


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("cut", [128 + 4, None])
def test_a_file_without_preamble_or_meta_header_is_read(
    tmp_path: Path, *, implicit: bool, cut: int | None
) -> None:
    frames_NHW = smooth_frames(3)
    dataset = make_dicom(frames_NHW, Modality="US")
    if implicit:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    save_dicom(dataset, tmp_path / "whole.dcm")
    content = (tmp_path / "whole.dcm").read_bytes()
    meta_end = content.index(b"\x08\x00\x16\x00")
    path = tmp_path / "clip"
    path.write_bytes(content[cut or meta_end :])
    assert is_dicom(path.read_bytes()[:HEAD_BYTES], path)
    assert open_clip(path).way == "dicom"
    assert np.array_equal(read_frames(path), frames_NHW)


@pytest.mark.parametrize(
    "head",
    [b"RIFF\0\0\0\0AVI LIST", b"\0\0\0\x18ftypmp42", b"\x5c\1\0\0" + bytes(344), b"", bytes(348), b"text"],
)
def test_other_files_are_not_taken_for_dicom(tmp_path: Path, head: bytes) -> None:
    assert not is_dicom(head, tmp_path / "clip")


def test_what_is_no_dicom_is_told(tmp_path: Path) -> None:
    path = tmp_path / "clip.dcm"
    path.write_bytes(b"no dicom\0\1")
    with pytest.raises(DataError, match=r"clip\.dcm: is not a DICOM file; .*AVI or MP4"):
        open_clip(path)


def test_a_dicom_without_a_picture_is_told(tmp_path: Path) -> None:
    dataset = make_dicom(smooth_frames(1))
    del dataset.PixelData
    save_dicom(dataset, tmp_path / "report.dcm")
    with pytest.raises(DataError, match=r"report\.dcm: is a DICOM file without pixel data"):
        open_clip(tmp_path / "report.dcm")


# --- The header -------------------------------------------------------------------------------------------------


def test_a_size_that_is_not_readable_is_told_in_a_line(tmp_path: Path) -> None:
    content = bytearray(FOUR_CHAMBERS.read_bytes())
    rows = content.index(b"\x28\x00\x10\x00US\x02\x00")
    content[rows + 4 : rows + 6] = b"UL"  # a number of 32 bits in two bytes
    (tmp_path / "clip.dcm").write_bytes(content)
    with pytest.raises(
        DataError, match=r"clip\.dcm: does not state the size of its picture \(Rows"
    ) as raised:
        open_clip(tmp_path / "clip.dcm")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("bits", [1, 32])
def test_other_than_8_or_16_bits_are_told(tmp_path: Path, bits: int) -> None:
    save_dicom(make_dicom(smooth_frames(1), BitsAllocated=bits), tmp_path / "clip.dcm")
    with pytest.raises(
        DataError, match=rf"has {bits} bits per pixel \(BitsAllocated\), but only 8 or 16 are read"
    ):
        open_clip(tmp_path / "clip.dcm")


def spoil_texts(dataset: Dataset) -> None:
    put_raw(dataset, "SpecificCharacterSet", "CS", b"ISO_IR 999\\???")
    put_raw(dataset, "PatientName", "PN", b"Secret\xff\xfe^Name")
    put_raw(dataset, "PatientID", "LO", b"secret-number" * 9 + b"\x00\xff ")
    put_raw(dataset, "HeartRate", "IS", b"sixty ")
    put_raw(dataset, "ContentDate", "DA", b"yesterday ")


def test_malformed_texts_do_not_keep_pixels_from_being_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    spoil_texts(dataset)
    put_raw(dataset, "BitsStored", "US", b"\x0c\x00")
    put_raw(dataset, "PixelSpacing", "DS", b"0,3\\0,3 ")
    del dataset.SequenceOfUltrasoundRegions
    save_dicom(dataset, tmp_path / "clip.dcm")
    clip = open_clip(tmp_path / "clip.dcm")
    assert np.array_equal(read_frames(tmp_path / "clip.dcm"), read_frames(FOUR_CHAMBERS))
    assert clip.warnings == (
        "BitsStored 12 does not fit into 8 bits, so it is not used",
        "PixelSpacing '0,3\\0,3' is not a number, so it is not used",
    )
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_errors_and_warnings_hold_nothing_of_the_patient(tmp_path: Path) -> None:
    dataset = make_dicom(smooth_frames(2), PixelData=bytes(10))
    spoil_texts(dataset)
    save_dicom(dataset, tmp_path / "clip.dcm")
    with pytest.raises(DataError) as raised:
        open_clip(tmp_path / "clip.dcm")
    assert "ecret" not in str(raised.value)


def put_in_colours(dataset: Dataset) -> None:
    put_raw(dataset, "PhotometricInterpretation", "CS", b"Secret^Name ")
    dataset.SamplesPerPixel = 4


def put_in_palette(dataset: Dataset) -> None:
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for colour in ("Red", "Green", "Blue"):
        put_raw(dataset, f"{colour}PaletteColorLookupTableDescriptor", "LO", b"0\\0\\Secret^Name ")
        put_raw(dataset, f"{colour}PaletteColorLookupTableData", "OW", bytes(512))


def put_in_bits(dataset: Dataset) -> None:
    put_raw(dataset, "BitsAllocated", "LO", b"Secret^Name ")


@pytest.mark.parametrize(
    ("put", "told"),
    [
        (put_in_colours, r"pixels are of an unknown kind of 4 samples"),
        (put_in_palette, r"do not decode \(its PaletteColorLookupTable is missing or malformed\)"),
        (put_in_bits, r"has no bits per pixel"),
    ],
)
def test_a_name_in_an_element_for_something_else_is_not_quoted(
    tmp_path: Path, put: Callable[[Dataset], None], told: str
) -> None:
    dataset = make_dicom(smooth_frames(2))
    put(dataset)
    save_dicom(dataset, tmp_path / "clip.dcm")
    with pytest.raises(DataError, match=told) as raised:
        open_clip(tmp_path / "clip.dcm")
    assert "ecret" not in str(raised.value)


def test_a_name_in_the_place_of_the_transfer_syntax_is_not_quoted(tmp_path: Path) -> None:
    content = FOUR_CHAMBERS.read_bytes()
    path = tmp_path / "clip.dcm"
    path.write_bytes(content.replace(b"1.2.840.10008.1.2.4.50", b"Secret^Name".ljust(22, b"\0"), 1))
    with pytest.raises(DataError, match=r"pixels in transfer syntax \(text\) need a decoder") as raised:
        open_clip(path)
    assert "ecret" not in str(raised.value)


@pytest.mark.parametrize("photometric", [b"", b"COLOUR", b"MONOCHROME2 "])
def test_a_wrong_kind_of_colour_is_replaced_by_the_usual_one(tmp_path: Path, photometric: bytes) -> None:
    colours_NHW3 = smooth_frames(2, channels=3)
    dataset = make_dicom(colours_NHW3)
    put_raw(dataset, "PhotometricInterpretation", "CS", photometric)
    save_dicom(dataset, tmp_path / "clip.dcm")
    expected = colours_NHW3 @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read_frames(tmp_path / "clip.dcm") - expected).max() <= 1.0
    assert "RGB is used" in open_clip(tmp_path / "clip.dcm").warnings[0]


def test_a_syntax_in_the_header_that_is_wrong_is_found_from_the_frames(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    save_dicom(dataset, tmp_path / "clip.dcm")
    content = (tmp_path / "clip.dcm").read_bytes()
    wrong = b"1.2.840.10008.1.2.1".ljust(22, b"\0")
    (tmp_path / "clip.dcm").write_bytes(content.replace(b"1.2.840.10008.1.2.4.50", wrong, 1))
    assert np.array_equal(read_frames(tmp_path / "clip.dcm"), read_frames(FOUR_CHAMBERS))


# --- Memory -----------------------------------------------------------------------------------------------------


def measure_peak(path: Path) -> int:
    tracemalloc.start()
    try:
        frames = sum(not isinstance(frame, DamagedFrame) for frame in open_clip(path).read())
        assert frames > 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["native", "big endian", "deflated", "rle"])
def test_memory_does_not_grow_with_the_number_of_frames(tmp_path: Path, kind: str) -> None:
    peaks = []
    for count in (10, 100):
        dataset = make_dicom(smooth_frames(count, (200, 200)))
        path = tmp_path / f"{count}.dcm"
        if kind == "big endian":
            dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
            dataset["PixelData"].VR = "OB"
        if kind == "deflated":
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
        if kind == "rle":
            dataset.compress(RLELossless)
        save_dicom(dataset, path)
        measure_peak(path)  # what is imported and cached does not count
        peaks.append(measure_peak(path))
    assert peaks[1] < peaks[0] + 5 * 200 * 200
