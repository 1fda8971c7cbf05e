"""DICOM clips that hold fewer or more frames than they state, damaged frames, and frames in several fragments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
import pydicom.examples
import pytest
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGBaseline8Bit, RLELossless

from lvzoo.data.clips.dicom.aside import DecoderError, decode_aside
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError
from tests.data.clips.made_dicom import (
    FOUR_CHAMBERS,
    list_damaged,
    make_dicom,
    put_fragments,
    put_raw,
    read_frames,
    save_dicom,
    smooth_frames,
)

# --- Fewer or more frames than stated ---------------------------------------------------------------------------


def test_a_number_of_frames_that_is_too_large_gives_the_frames_that_are_there(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    dataset.NumberOfFrames = 40
    save_dicom(dataset, tmp_path / "short.dcm")
    clip = open_clip(tmp_path / "short.dcm")
    assert (clip.stated_frames, clip.likely_frames, len(list(clip.read()))) == (40, 30, 30)
    assert np.array_equal(read_frames(tmp_path / "short.dcm"), read_frames(FOUR_CHAMBERS))


def test_a_compressed_file_that_was_cut_off_gives_its_complete_frames(tmp_path: Path) -> None:
    content = FOUR_CHAMBERS.read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: len(content) // 2])
    clip = open_clip(tmp_path / "cut.dcm")
    frames = list(clip.read())
    assert clip.stated_frames == 30
    assert 10 < len(frames) == clip.likely_frames < 20
    assert np.array_equal(read_frames(tmp_path / "cut.dcm"), read_frames(FOUR_CHAMBERS)[: len(frames)])


@pytest.mark.parametrize(("lost_bytes", "left"), [(1, 3), (24 * 32, 3), (24 * 32 + 1, 2)])
def test_an_uncompressed_file_that_was_cut_off_gives_its_complete_frames(
    tmp_path: Path, lost_bytes: int, left: int
) -> None:
    frames_NHW = smooth_frames(4)
    save_dicom(make_dicom(frames_NHW), tmp_path / "clip.dcm")
    content = (tmp_path / "clip.dcm").read_bytes()
    (tmp_path / "clip.dcm").write_bytes(content[:-lost_bytes])
    clip = open_clip(tmp_path / "clip.dcm")
    assert (clip.stated_frames, clip.likely_frames) == (4, left)
    assert np.array_equal(read_frames(tmp_path / "clip.dcm"), frames_NHW[:left])


def test_a_file_without_a_complete_frame_is_told(tmp_path: Path) -> None:
    save_dicom(make_dicom(smooth_frames(1), PixelData=bytes(10)), tmp_path / "clip.dcm")
    message = (
        r"clip\.dcm: pixels in transfer syntax 'Explicit VR Little Endian' do not decode \(none .+ complete\)"
    )
    with pytest.raises(DataError, match=message):
        open_clip(tmp_path / "clip.dcm")


@pytest.mark.parametrize("compressed", [False, True])
def test_frames_beyond_the_stated_number_are_left_out_with_a_warning(
    tmp_path: Path, *, compressed: bool
) -> None:
    frames_NHW = smooth_frames(4)
    dataset = make_dicom(frames_NHW)
    if compressed:
        dataset.compress(RLELossless)
    dataset.NumberOfFrames = 3
    save_dicom(dataset, tmp_path / "clip.dcm")
    clip = open_clip(tmp_path / "clip.dcm")
    assert np.array_equal(read_frames(tmp_path / "clip.dcm"), frames_NHW[:3])
    assert clip.warnings == ("holds 4 frames, but NumberOfFrames is 3; only the first ones are read",)


@pytest.mark.parametrize("value", [b"many", b"0 ", b"-4", b"", b"3\\4 "])
def test_a_malformed_number_of_frames_is_warned_of(tmp_path: Path, value: bytes) -> None:
    dataset = make_dicom(smooth_frames(4))
    put_raw(dataset, "NumberOfFrames", "IS", value)
    save_dicom(dataset, tmp_path / "clip.dcm")
    clip = open_clip(tmp_path / "clip.dcm")
    assert len(list(clip.read())) == 4
    assert clip.stated_frames is None
    assert [warning for warning in clip.warnings if warning.startswith("NumberOfFrames ")]


def test_a_number_of_frames_that_is_not_whole_is_not_used(tmp_path: Path) -> None:
    frames_NHW3 = smooth_frames(4, channels=3)
    dataset = make_dicom(frames_NHW3, PhotometricInterpretation="YBR_FULL_422")
    put_raw(dataset, "NumberOfFrames", "DS", b"3.7 ")
    save_dicom(dataset, tmp_path / "clip.dcm")
    clip = open_clip(tmp_path / "clip.dcm")
    assert (clip.stated_frames, clip.likely_frames, len(list(clip.read()))) == (None, 4, 4)
    assert clip.warnings[0] == "NumberOfFrames '3.7' is not a whole number, so it is not used"
    assert not any("holds 4 frames" in warning for warning in clip.warnings)


# --- Damage in the middle ---------------------------------------------------------------------------------------


def make_damaged(tmp_path: Path, index: int) -> Path:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=30))
    frames[index] = b"\xff\xd8 no picture "
    put_fragments(dataset, JPEGBaseline8Bit, frames)
    save_dicom(dataset, tmp_path / "clip.dcm")
    return tmp_path / "clip.dcm"


@pytest.mark.parametrize("index", [0, 11, 29])
def test_a_frame_that_does_not_decode_costs_itself_alone(tmp_path: Path, index: int) -> None:
    path = make_damaged(tmp_path, index)
    damaged = list_damaged(path)
    assert [frame.index for frame in damaged] == [index]
    assert "cannot identify image" in damaged[0].reason
    assert np.array_equal(read_frames(path), np.delete(read_frames(FOUR_CHAMBERS), index, axis=0))


def test_a_clip_of_which_nothing_decodes_is_told(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    put_fragments(dataset, JPEGBaseline8Bit, [b"\xff\xd8 no picture "] * 30)
    save_dicom(dataset, tmp_path / "clip.dcm")
    message = (
        r"clip\.dcm: pixels in transfer syntax 'JPEG Baseline \(Process 1\)' do not decode \(.+\); export"
    )
    with pytest.raises(DataError, match=message):
        open_clip(tmp_path / "clip.dcm")


def test_damage_behind_a_frame_ends_the_clip(tmp_path: Path) -> None:
    content = bytearray(FOUR_CHAMBERS.read_bytes())
    places = [place for place in range(len(content)) if content[place : place + 4] == b"\xfe\xff\x00\xe0"]
    content[places[-11] : places[-11] + 4] = b"????"  # the head of the 20th frame of 30
    (tmp_path / "clip.dcm").write_bytes(content)
    assert np.array_equal(read_frames(tmp_path / "clip.dcm"), read_frames(FOUR_CHAMBERS)[:19])


# --- Fragments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("stated", [30, 40])
def test_frames_of_several_fragments_are_joined(tmp_path: Path, *, table: bool, stated: int) -> None:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=30))
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = pydicom.encaps.encapsulate(frames, fragments_per_frame=3, has_bot=table)
    dataset["PixelData"].is_undefined_length = True
    dataset.NumberOfFrames = stated
    save_dicom(dataset, tmp_path / "clip.dcm")
    assert np.array_equal(read_frames(tmp_path / "clip.dcm"), read_frames(FOUR_CHAMBERS))


def test_an_extended_table_of_offsets_is_used(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=30))
    extended = pydicom.encaps.encapsulate_extended(frames)
    dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = extended
    dataset["PixelData"].is_undefined_length = True
    save_dicom(dataset, tmp_path / "clip.dcm")
    assert np.array_equal(read_frames(tmp_path / "clip.dcm"), read_frames(FOUR_CHAMBERS))


def test_a_table_of_offsets_that_does_not_fit_is_not_used(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=30))
    put_fragments(dataset, JPEGBaseline8Bit, frames)
    content = bytearray(dataset.PixelData)
    content[8 : 8 + 4 * 30] = np.arange(30, dtype="<u4").tobytes()
    dataset.PixelData = bytes(content)
    save_dicom(dataset, tmp_path / "clip.dcm")
    assert np.array_equal(read_frames(tmp_path / "clip.dcm"), read_frames(FOUR_CHAMBERS))


def test_a_frame_on_which_gdcm_crashes_costs_only_itself(tmp_path: Path) -> None:
    """GDCM ends its process on some damaged JPEGs. Pillow, which is tried first, reads none of these."""
    pytest.importorskip("gdcm")
    frames = smooth_frames(2, (48, 64), channels=3)
    broken = []
    for frame in frames:
        jpeg = cv2.imencode(".jpg", frame)[1].tobytes()
        broken.append(jpeg[:16] + b"\xff" * 8 + jpeg[24:])
    dataset = make_dicom(frames)
    put_fragments(dataset, JPEGBaseline8Bit, broken)
    with pytest.raises(DataError, match=r"clip.dcm: pixels in .* do not decode \("):
        open_clip(save_dicom(dataset, tmp_path / "clip.dcm"))
    with pytest.raises(DecoderError, match="gdcm crashes on it"):
        decode_aside(broken[0], JPEGBaseline8Bit, **OPTIONS)
    whole = cv2.imencode(".jpg", frames[0])[1].tobytes()
    assert decode_aside(whole, JPEGBaseline8Bit, **OPTIONS).shape == (48, 64, 3)


OPTIONS: dict[str, Any] = {
    "rows": 48,
    "columns": 64,
    "samples_per_pixel": 3,
    "bits_allocated": 8,
    "bits_stored": 8,
    "pixel_representation": 0,
    "planar_configuration": 0,
    "photometric_interpretation": "YBR_FULL_422",
    "pixel_keyword": "PixelData",
    "number_of_frames": 1,
}
"""What pydicom must know of a frame of `test_a_frame_on_which_gdcm_crashes_costs_only_itself`."""
