"""Grey levels of DICOM clips: colours, palettes, 16 bits, windows, inverted and signed pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pydicom.examples
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless

from lvzoo.data.clips.dicom.reader import open_dicom
from lvzoo.errors import DataError
from tests.data.clips.made_dicom import make_dicom, put_raw, read_frames, save_dicom, smooth_frames

RAMP = np.arange(4096, dtype=np.uint16).reshape(1, 64, 64)
"""Each value of 12 bits once."""


def read_saved(tmp_path: Path, dataset: Dataset) -> NDArray[np.uint8]:
    return read_frames(save_dicom(dataset, tmp_path / "clip.dcm"))


def weigh(colours_NHW3: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(colours_NHW3 @ np.array([0.299, 0.587, 0.114]))


# --- 8 bits -----------------------------------------------------------------------------------------------------


def test_grey_of_8_bits_is_read_as_it_is(tmp_path: Path) -> None:
    frames_NHW = smooth_frames(3)
    dataset = make_dicom(frames_NHW, WindowCenter=20, WindowWidth=10)
    assert np.array_equal(read_saved(tmp_path, dataset), frames_NHW)


def test_inverted_grey_is_turned_round(tmp_path: Path) -> None:
    frames_NHW = smooth_frames(3)
    dataset = make_dicom(frames_NHW, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(read_saved(tmp_path, dataset), 255 - frames_NHW)


def test_signed_grey_of_8_bits_is_shifted(tmp_path: Path) -> None:
    frames_NHW = smooth_frames(2)
    dataset = make_dicom((frames_NHW.astype(np.int16) - 128).astype(np.int8))
    assert np.array_equal(read_saved(tmp_path, dataset), frames_NHW)


# --- 16 bits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("big_endian", [False, True])
def test_12_bits_fill_the_range_of_grey(tmp_path: Path, *, big_endian: bool) -> None:
    dataset = make_dicom(RAMP, BitsStored=12, HighBit=11)
    if big_endian:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        dataset.PixelData = RAMP.astype(">u2").tobytes()
    assert np.array_equal(read_saved(tmp_path, dataset), np.rint(RAMP / 4095 * 255))


def test_signed_16_bits_begin_at_their_lowest_value(tmp_path: Path) -> None:
    values = np.array([[[-32768, -16384], [0, 32767]]], dtype=np.int16)
    assert read_saved(tmp_path, make_dicom(values)).tolist() == [[[0, 64], [128, 255]]]


def test_a_window_gives_the_range_of_grey(tmp_path: Path) -> None:
    """Of a window of 201 values about 1000.5, the lowest is 900 and the highest 1100 (PS3.3 C.11.2.1.2.1)."""
    dataset = make_dicom(RAMP, BitsStored=12, HighBit=11, WindowCenter=[1000.5, 7], WindowWidth=[201, 9])
    grey = read_saved(tmp_path, dataset).ravel()
    assert (grey[0], grey[900], grey[1000], grey[1100], grey[4095]) == (0, 0, 128, 255, 255)
    assert np.all(np.diff(grey.astype(int)) >= 0)


def test_a_window_counts_rescaled_values(tmp_path: Path) -> None:
    dataset = make_dicom(RAMP, BitsStored=12, HighBit=11, WindowCenter=0.5, WindowWidth=201)
    dataset.RescaleSlope, dataset.RescaleIntercept = 2, -1000
    grey = read_saved(tmp_path, dataset).ravel()
    assert (grey[450], grey[500], grey[550]) == (0, 128, 255)


def test_inverted_grey_is_turned_round_behind_the_window(tmp_path: Path) -> None:
    dataset = make_dicom(RAMP, BitsStored=12, HighBit=11, WindowCenter=1000.5, WindowWidth=201)
    dataset.PhotometricInterpretation = "MONOCHROME1"
    grey = read_saved(tmp_path, dataset).ravel()
    assert (grey[0], grey[1000], grey[4095]) == (255, 127, 0)


def test_a_table_of_values_of_interest_is_used(tmp_path: Path) -> None:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 0, 12], list(range(4095, -1, -1))
    item["LUTData"].VR = "US"
    item["LUTDescriptor"].VR = "US"
    dataset = make_dicom(RAMP, BitsStored=12, HighBit=11, VOILUTSequence=[item])
    assert np.array_equal(read_saved(tmp_path, dataset), np.rint((4095 - RAMP) / 4095 * 255))


@pytest.mark.parametrize("width", [b"wide", b"0 ", b"-5", b"", b"201,5 ", b"nan "])
def test_a_malformed_window_is_warned_of_and_not_used(tmp_path: Path, width: bytes) -> None:
    dataset = make_dicom(RAMP, BitsStored=12, HighBit=11, WindowCenter=1000.5)
    put_raw(dataset, "WindowWidth", "DS", width)
    assert np.array_equal(read_saved(tmp_path, dataset), np.rint(RAMP / 4095 * 255))
    warning = "the window (WindowCenter and WindowWidth) is malformed, so it is not used"
    assert open_dicom(tmp_path / "clip.dcm", fps=None).warnings == (warning,)


@pytest.mark.parametrize("stored", [0, 17])
def test_a_wrong_number_of_bits_is_warned_of(tmp_path: Path, stored: int) -> None:
    dataset = make_dicom(RAMP * 16, BitsStored=stored)
    assert np.array_equal(read_saved(tmp_path, dataset), np.rint(RAMP * 16 / 65535 * 255))
    warning = f"BitsStored {stored} does not fit into 16 bits, so it is not used"
    assert open_dicom(tmp_path / "clip.dcm", fps=None).warnings == (warning,)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("high_bit", [13, 15])
def test_pixels_in_the_upper_bits_are_shifted(
    tmp_path: Path, syntax: UID, high_bit: int, *, signed: bool
) -> None:
    """The bits beside them may hold an overlay."""
    values = RAMP.astype(np.int16) - 2048 if signed else RAMP
    pixels = (values.astype(np.uint16) & 0xFFF) << (high_bit - 11)
    stored = pixels | np.uint16(0x8003 if high_bit == 13 else 0x000F)
    dataset = make_dicom(stored, BitsStored=12, HighBit=high_bit, PixelRepresentation=int(signed))
    if syntax == ExplicitVRBigEndian:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = stored.astype(">u2").tobytes()
    elif syntax == RLELossless:
        dataset.compress(RLELossless, encoding_plugin="pydicom")
    assert np.array_equal(read_saved(tmp_path, dataset), np.rint(RAMP / 4095 * 255))
    warning = f"HighBit is {high_bit} and BitsStored is 12, so the pixels are shifted to the right"
    assert open_dicom(tmp_path / "clip.dcm", fps=None).warnings == (warning,)


@pytest.mark.parametrize("high_bit", [5, 16])
def test_a_wrong_high_bit_is_warned_of(tmp_path: Path, high_bit: int) -> None:
    dataset = make_dicom(RAMP, BitsStored=12, HighBit=high_bit)
    assert np.array_equal(read_saved(tmp_path, dataset), np.rint(RAMP / 4095 * 255))
    warning = f"HighBit {high_bit} does not fit 12 of 16 bits (BitsStored), so it is not used"
    assert open_dicom(tmp_path / "clip.dcm", fps=None).warnings == (warning,)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("lowest", "full", "kind"),
    [(-2048, "-32,768 to 32,767", np.int16), (0, "0 to 65,535", np.uint16)],
)
def test_pixels_that_use_little_of_16_bits_are_not_flat(
    tmp_path: Path, lowest: int, full: str, kind: type[np.generic], *, compress: bool
) -> None:
    values = (RAMP[:, ::2].astype(np.int32) // 2 + lowest).astype(kind)
    dataset = make_dicom(values)
    if compress:
        dataset.compress(RLELossless, encoding_plugin="pydicom")
    grey = read_saved(tmp_path, dataset)
    used = values.astype(float) - values.min()
    assert np.array_equal(grey, np.rint(used / used.max() * 255))
    (warning,) = open_dicom(tmp_path / "clip.dcm", fps=None).warnings
    assert warning == (
        f"has no window, and its pixels are only {values.min():,} to {values.max():,} of {full}; this range is shown "
        "as black to white"
    )


def test_a_black_clip_of_16_bits_stays_black(tmp_path: Path) -> None:
    assert not read_saved(tmp_path, make_dicom(np.zeros((2, 8, 8), np.uint16))).any()
    assert open_dicom(tmp_path / "clip.dcm", fps=None).warnings == ()


# --- Colours ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("bits", [8, 16])
def test_rgb_is_weighted(tmp_path: Path, planar: int, bits: int) -> None:
    colours_NHW3 = smooth_frames(2, channels=3)
    stored = colours_NHW3 if bits == 8 else colours_NHW3.astype(np.uint16) * 257
    dataset = make_dicom(stored, PlanarConfiguration=planar)
    if planar:
        dataset.PixelData = np.ascontiguousarray(stored.transpose(0, 3, 1, 2)).tobytes()
    assert np.abs(read_saved(tmp_path, dataset) - weigh(colours_NHW3)).max() <= 1.0


def test_ybr_is_converted_first(tmp_path: Path) -> None:
    colours_NHW3 = smooth_frames(2, channels=3)
    ybr = np.stack([convert_color_space(frame, "RGB", "YBR_FULL") for frame in colours_NHW3])
    dataset = make_dicom(ybr, PhotometricInterpretation="YBR_FULL")
    assert np.abs(read_saved(tmp_path, dataset) - weigh(colours_NHW3)).max() <= 2.0


@pytest.mark.parametrize("shared", [True, False])
def test_ybr_of_which_two_pixels_share_the_colour_is_read(tmp_path: Path, *, shared: bool) -> None:
    """Some programs write all colours and leave the name of the shorter layout."""
    rgb = np.repeat(smooth_frames(2, (24, 16), channels=3), 2, axis=2)
    ybr = np.stack([convert_color_space(frame, "RGB", "YBR_FULL") for frame in rgb])
    dataset = make_dicom(ybr, PhotometricInterpretation="YBR_FULL_422")
    if shared:
        pairs = ybr.reshape(-1, 2, 3)
        dataset.PixelData = np.stack(
            [pairs[:, 0, 0], pairs[:, 1, 0], pairs[:, 0, 1], pairs[:, 0, 2]], 1
        ).tobytes()
    grey = read_saved(tmp_path, dataset)
    assert np.abs(grey - weigh(rgb)).max() <= 2.0
    assert bool(open_dicom(tmp_path / "clip.dcm", fps=None).warnings) is not shared


def make_palette(dataset: Dataset, bits: int, *, segmented: bool = False) -> None:
    """Give a clip of 8 bits a palette whose red falls and whose green rises."""
    rise = np.arange(256) * (257 if bits == 16 else 1)
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    kind = np.uint16 if bits == 16 else np.uint8
    for name, values in (("Red", rise[::-1]), ("Green", rise), ("Blue", rise * 0)):
        first, last = int(values[0]), int(values[-1])
        # One entry, then a straight line of 255 more (PS3.3 C.7.9.2).
        content = [0, 1, first, 1, 255, last] if segmented else values
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
        prefix = "Segmented" if segmented else ""
        setattr(
            dataset, f"{prefix}{name}PaletteColorLookupTableData", np.asarray(content, dtype=kind).tobytes()
        )


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("segmented", [False, True])
def test_a_palette_is_applied(tmp_path: Path, bits: int, *, segmented: bool) -> None:
    frames_NHW = smooth_frames(2)
    dataset = make_dicom(frames_NHW, PixelRepresentation=0)
    make_palette(dataset, bits, segmented=segmented)
    expected = 0.299 * (255 - frames_NHW.astype(float)) + 0.587 * frames_NHW
    assert np.abs(read_saved(tmp_path, dataset) - expected).max() <= 1.0


def test_a_palette_of_16_bits_that_holds_8_is_no_black_picture(tmp_path: Path) -> None:
    frames_NHW = smooth_frames(2)
    dataset = make_dicom(frames_NHW)
    make_palette(dataset, 8)
    for name in ("Red", "Green", "Blue"):
        keyword = f"{name}PaletteColorLookupTableData"
        setattr(dataset, keyword, np.frombuffer(dataset[keyword].value, np.uint8).astype(np.uint16).tobytes())
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
    expected = 0.299 * (255 - frames_NHW.astype(float)) + 0.587 * frames_NHW
    assert np.abs(read_saved(tmp_path, dataset) - expected).max() <= 1.0


def test_the_palette_of_a_real_picture_is_applied() -> None:
    frames_NHW = read_frames(Path(str(pydicom.examples.get_path("palette_color"))))
    assert frames_NHW.shape == (1, 350, 800)
    assert frames_NHW.max() > 100


def test_a_palette_that_is_missing_is_told(tmp_path: Path) -> None:
    dataset = make_dicom(smooth_frames(1), PhotometricInterpretation="PALETTE COLOR")
    with pytest.raises(DataError, match=r"clip\.dcm: pixels in .+ do not decode \(.*Palette"):
        read_saved(tmp_path, dataset)


@pytest.mark.parametrize(("photometric", "samples"), [("HSV", 3), ("ARGB", 4), ("YBR_PARTIAL_422", 3)])
def test_other_colours_are_told(tmp_path: Path, photometric: str, samples: int) -> None:
    dataset = make_dicom(smooth_frames(1, channels=3), PhotometricInterpretation=photometric)
    dataset.SamplesPerPixel = samples
    with pytest.raises(
        DataError, match=rf"pixels are {photometric} of {samples} samples, .+; export it as RGB"
    ):
        read_saved(tmp_path, dataset)
