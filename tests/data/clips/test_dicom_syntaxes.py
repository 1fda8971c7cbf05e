"""The transfer syntaxes of DICOM: each one that is read, and what is said of the others.

`docs/clips.md` lists what this matrix covers.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from lvzoo.data.clips.dicom import pixels as dicom_pixels
from lvzoo.data.clips.dicom import reader as dicom_module
from lvzoo.data.clips.dicom import syntaxes
from lvzoo.data.clips.dicom.reader import open_dicom
from lvzoo.data.clips.dicom.syntaxes import guess_syntax, list_plugins
from lvzoo.errors import DataError
from tests.data.clips.encoders import encode_jpegs, save_as_lossless_jpeg
from tests.data.clips.made_dicom import (
    FOUR_CHAMBERS,
    make_dicom,
    put_fragments,
    read_frames,
    save_dicom,
    smooth_frames,
)

GREY_8, GREY_12, RGB = "grey, 8 bits", "grey, 12 bits", "RGB"
COLOURS = (GREY_8, GREY_12, RGB)
SIZE_HW = (64, 80)
"""JPEG 2000 halves a picture five times."""


def make_clip(colour: str, count: int = 3) -> Dataset:
    frames = smooth_frames(count, SIZE_HW, channels=3 if colour == RGB else 1)
    if colour == GREY_12:
        return make_dicom(frames.astype(np.uint16) * 16, BitsStored=12, HighBit=11)
    return make_dicom(frames)


def save_plain_and(dataset: Dataset, tmp_path: Path) -> NDArray[np.uint8]:
    """Write a clip uncompressed, and return its frames."""
    return read_frames(save_dicom(dataset, tmp_path / "plain.dcm"))


# --- What is read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_uncompressed_syntaxes_are_read(tmp_path: Path, syntax: UID, colour: str) -> None:
    dataset = make_clip(colour)
    expected = save_plain_and(dataset, tmp_path)
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian and colour == GREY_12:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    assert np.array_equal(read_frames(save_dicom(dataset, tmp_path / "clip.dcm")), expected)


@pytest.mark.parametrize(
    ("syntax", "shown"),
    [(b"1.2.3.4.5", "'1.2.3.4.5'"), (b"1.2.840.10008.1.2.5", "'RLE Lossless'"), (b"DOE^JOHN", "(text)")],
)
def test_uncompressed_pixels_of_another_syntax_are_warned_of(
    tmp_path: Path, syntax: bytes, shown: str
) -> None:
    dataset = make_clip(GREY_8)
    expected = save_plain_and(dataset, tmp_path)
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    stated = b"\x10\x00UI\x14\x00"
    path.write_bytes(
        path.read_bytes().replace(stated + b"1.2.840.10008.1.2.1\0", stated + syntax.ljust(20, b"\0"))
    )
    assert np.array_equal(read_frames(path), expected)
    assert open_dicom(path, fps=None).warnings == (
        f"states transfer syntax {shown}, but its pixels have no fragments; they are read as uncompressed",
    )


@pytest.mark.timeout(60)
def test_a_deflated_clip_of_very_few_bytes_is_read(tmp_path: Path) -> None:
    dataset = make_dicom(np.zeros((5, 300, 300), dtype=np.uint8))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    assert path.stat().st_size < 5000
    assert read_frames(path).shape == (5, 300, 300)


@pytest.mark.parametrize(("lost_share", "frames_left"), [(0.3, 6), (0.6, 3)])
def test_a_deflated_clip_that_was_cut_off_gives_its_frames(
    tmp_path: Path, lost_share: float, frames_left: int
) -> None:
    frames_NHW = np.random.default_rng(0).integers(0, 255, (10, 100, 100), dtype=np.uint8)
    dataset = make_dicom(frames_NHW)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    content = path.read_bytes()
    path.write_bytes(content[: -int(lost_share * len(content))])
    left = read_frames(path)
    assert np.array_equal(left, frames_NHW[:frames_left])


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_lossless_syntaxes_change_no_pixel(tmp_path: Path, syntax: UID, colour: str) -> None:
    dataset = make_clip(colour)
    expected = save_plain_and(dataset, tmp_path)
    dataset.compress(syntax, encoding_plugin="pydicom" if syntax == RLELossless else "")
    assert np.array_equal(read_frames(save_dicom(dataset, tmp_path / "clip.dcm")), expected)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("syntax", [JPEGLSNearLossless, JPEG2000])
def test_lossy_syntaxes_change_pixels_little(tmp_path: Path, syntax: UID, colour: str) -> None:
    dataset = make_clip(colour)
    expected = save_plain_and(dataset, tmp_path)
    if syntax == JPEGLSNearLossless:
        dataset.compress(syntax, jls_error=2)
    else:
        dataset.compress(syntax, j2k_psnr=[60])
    grey = read_frames(save_dicom(dataset, tmp_path / "clip.dcm"))
    assert np.abs(grey - expected.astype(int)).max() <= 3


@pytest.mark.parametrize("syntax", [HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL])
@pytest.mark.parametrize("colour", COLOURS)
def test_high_throughput_jpeg_2000_is_read_by_openjpeg(tmp_path: Path, syntax: UID, colour: str) -> None:
    """No installed library writes such streams. The same decoder reads plain JPEG 2000, which stands in for them."""
    dataset = make_clip(colour)
    expected = save_plain_and(dataset, tmp_path)
    dataset.compress(JPEG2000Lossless)
    dataset.file_meta.TransferSyntaxUID = syntax
    assert list_plugins(syntax) == ["pylibjpeg"]
    assert np.array_equal(read_frames(save_dicom(dataset, tmp_path / "clip.dcm")), expected)


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
@pytest.mark.parametrize("colour", COLOURS)
def test_lossless_jpeg_is_read_by_gdcm(tmp_path: Path, syntax: UID, colour: str) -> None:
    pytest.importorskip("gdcm")
    dataset = make_clip(colour)
    expected = save_plain_and(dataset, tmp_path)
    path = save_as_lossless_jpeg(dataset, syntax, tmp_path / "clip.dcm")
    assert np.array_equal(read_frames(path), expected)


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "YBR_FULL_422", "YBR_FULL", "YBR_PARTIAL_422", "RGB"])
def test_jpegs_are_read_by_pillow(tmp_path: Path, syntax: UID, photometric: str) -> None:
    dataset = make_clip(GREY_8 if photometric == "MONOCHROME2" else RGB)
    expected = save_plain_and(dataset, tmp_path)
    dataset.PhotometricInterpretation = photometric
    frames = smooth_frames(3, SIZE_HW, channels=1 if photometric == "MONOCHROME2" else 3)
    put_fragments(dataset, syntax, encode_jpegs(frames, rgb=photometric == "RGB"))
    grey = read_frames(save_dicom(dataset, tmp_path / "clip.dcm"))
    assert list_plugins(syntax)[0] == "pillow"
    assert np.abs(grey - expected.astype(int)).mean() <= 2.0


def test_baseline_jpeg_has_8_bits_whatever_the_header_says(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    dataset.BitsAllocated, dataset.BitsStored = 16, 12
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    assert np.array_equal(read_frames(path), read_frames(FOUR_CHAMBERS))


# --- Which decoder ----------------------------------------------------------------------------------------------


def test_a_clip_that_pillow_decodes_is_decoded_by_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a frame is damaged: a decoder that is installed by chance must not change the result."""
    dataset = pydicom.dcmread(FOUR_CHAMBERS)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=30))
    put_fragments(dataset, JPEGBaseline8Bit, [frames[0][: len(frames[0]) // 2 * 2 - 400], *frames[1:]])
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    asked: list[str] = []
    decode = dicom_pixels.decode_compressed

    def note(data: bytes, header: object, layout: object, plugin: str) -> object:
        asked.append(plugin)
        return decode(data, header, layout, plugin)  # type: ignore[arg-type]

    monkeypatch.setattr(dicom_module, "decode_compressed", note)
    assert len(list(open_dicom(path, fps=None).read())) == 30
    assert set(asked) == {"pillow"}


def test_decoders_are_tried_in_an_order_of_ours() -> None:
    assert list_plugins(RLELossless)[0] == "pydicom"
    assert list_plugins(JPEG2000)[0] == "pillow"
    assert list_plugins(JPEGLSLossless)[0] == "pyjpegls"
    assert list_plugins(UID("1.2.3")) == []


# --- What is not read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("syntax", "advice"),
    [
        (JPEGLossless, r"pip install 'lvzoo\[dicom\]', or export"),
        (JPEGLosslessSV1, r"pip install 'lvzoo\[dicom\]', or export"),
        (JPEGLSLossless, r"pip install 'lvzoo\[dicom\]', or export"),
        (HTJ2K, r"pip install 'lvzoo\[dicom\]', or export"),
        (JPEGExtended12Bit, "export the clip uncompressed or as JPEG baseline"),
    ],
)
def test_a_decoder_that_is_missing_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syntax: UID, advice: str
) -> None:
    monkeypatch.setattr(syntaxes, "get_decoder", lambda _: SimpleNamespace(available_plugins=()))
    dataset = make_clip(GREY_8)
    put_fragments(dataset, syntax, [b"\xff\xd8\xff"] * 3)
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    with pytest.raises(
        DataError, match=r"clip\.dcm: pixels in transfer syntax '.+' need a decoder"
    ) as raised:
        open_dicom(path, fps=None)
    assert raised.match(advice)
    assert syntax.name in str(raised.value)


def test_a_syntax_that_pydicom_does_not_know_is_told(tmp_path: Path) -> None:
    unknown = b"1.2.840.10008.9.9.9.99"
    (tmp_path / "clip.dcm").write_bytes(
        FOUR_CHAMBERS.read_bytes().replace(JPEGBaseline8Bit.encode(), unknown, 1)
    )
    message = r"transfer syntax '1\.2\.840\.10008\.9\.9\.9\.99' need a decoder that is not installed; export the clip"
    with pytest.raises(DataError, match=message):
        open_dicom(tmp_path / "clip.dcm", fps=None)


def test_12_bits_of_jpeg_extended_are_told(tmp_path: Path) -> None:
    dataset = make_clip(GREY_12)
    put_fragments(dataset, JPEGExtended12Bit, encode_jpegs(smooth_frames(3, SIZE_HW)))
    path = save_dicom(dataset, tmp_path / "clip.dcm")
    with pytest.raises(
        DataError, match=r"'JPEG Extended \(.+\)' do not decode \(.*12-bit.*\); export the clip"
    ):
        open_dicom(path, fps=None)


@pytest.mark.parametrize(
    ("syntax", "marked"),
    [(JPEGBaseline8Bit, JPEGBaseline8Bit), (JPEGLSLossless, JPEGLSNearLossless), (RLELossless, RLELossless)],
)
def test_a_missing_syntax_is_guessed_from_the_first_frame(tmp_path: Path, syntax: UID, marked: UID) -> None:
    dataset = make_clip(GREY_8)
    if syntax == JPEGBaseline8Bit:
        put_fragments(dataset, syntax, encode_jpegs(smooth_frames(3, SIZE_HW)))
    else:
        dataset.compress(syntax)
    expected = read_frames(save_dicom(dataset, tmp_path / "right.dcm"))
    assert guess_syntax(next(generate_frames(dataset.PixelData, number_of_frames=3))) == marked
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    content = (tmp_path / "right.dcm").read_bytes()
    wrong = ExplicitVRLittleEndian.encode().ljust(len(syntax) + len(syntax) % 2, b"\0")
    (tmp_path / "wrong.dcm").write_bytes(content.replace(syntax.encode().ljust(len(wrong), b"\0"), wrong, 1))
    assert np.array_equal(read_frames(tmp_path / "wrong.dcm"), expected)
