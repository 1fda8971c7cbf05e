"""The rows of the matrix for DICOM files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom import Dataset
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    HEVCMP51,
    HTJ2K,
    JPEG2000,
    MPEG2MPML,
    MPEG4HP41,
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

from lvzoo.data.clips.clip import Way
from tests.data.clips.encoders import encode_jpegs, save_as_lossless_jpeg
from tests.data.clips.made_dicom import make_dicom, put_fragments, save_dicom
from tests.data.clips.row import BGR_NHW3, FPS, GREY_NHW, RGB_NHW3, PALETTE_256x3, Read, Refused, Row
from tests.made_videos import write_video

Maker = Callable[[Path], Path]

GREY, GREY_12, GREY_16, RGB = "grey", "12-bit grey", "16-bit grey", "RGB"
PLANES, PALETTE, YBR, YBR_422 = "RGB in planes", "palette", "YBR_FULL", "YBR_FULL_422"
MAIN_COLOURS: Final = (GREY, GREY_12, RGB)
COLOURS: Final = (*MAIN_COLOURS, GREY_16, PLANES, PALETTE, YBR)

# --- How files are made -----------------------------------------------------------------------------------------


def make_dataset(kind: str) -> Dataset:
    """Return an uncompressed clip of a kind of colour, with 50 frames per second."""
    if kind == GREY_12:
        values = np.rint(GREY_NHW * (4095 / 255)).astype(np.uint16)
        dataset = make_dicom(values, BitsStored=12, HighBit=11)
    elif kind == GREY_16:
        dataset = make_dicom(GREY_NHW.astype(np.uint16) * 257)
    elif kind == PALETTE:
        dataset = make_dicom(GREY_NHW, PhotometricInterpretation="PALETTE COLOR")
        for name, values in zip(("Red", "Green", "Blue"), PALETTE_256x3.T, strict=True):
            setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 8])
            setattr(dataset, f"{name}PaletteColorLookupTableData", values.tobytes())
    elif kind == PLANES:
        dataset = make_dicom(RGB_NHW3, PlanarConfiguration=1)
        dataset.PixelData = np.ascontiguousarray(RGB_NHW3.transpose(0, 3, 1, 2)).tobytes()
    elif kind == YBR:
        converted = np.stack([convert_color_space(frame, "RGB", "YBR_FULL") for frame in RGB_NHW3])
        dataset = make_dicom(converted, PhotometricInterpretation="YBR_FULL")
    else:
        dataset = make_dicom(GREY_NHW if kind == GREY else RGB_NHW3)
    dataset.FrameTime = 1000 / FPS
    return dataset


def write_plain(kind: str, syntax: UID) -> Maker:
    def make(folder: Path) -> Path:
        dataset = make_dataset(kind)
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian and dataset.BitsAllocated == 16:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
        return save_dicom(dataset, folder / "clip.dcm")

    return make


def write_changed(change: Callable[[bytes], bytes]) -> Maker:
    """Return a maker that writes a grey clip without a suffix, and then changes its bytes."""

    def make(folder: Path) -> Path:
        path = write_plain(GREY, ExplicitVRLittleEndian)(folder)
        (folder / "IM_0001").write_bytes(change(path.read_bytes()))
        return folder / "IM_0001"

    return make


def write_report(folder: Path) -> Path:
    dataset = make_dataset(GREY)
    del dataset.PixelData
    return save_dicom(dataset, folder / "report.dcm")


def write_jpegs(kind: str, syntax: UID = JPEGBaseline8Bit) -> Maker:
    def make(folder: Path) -> Path:
        grey = kind in (GREY, GREY_12)
        dataset = make_dataset(kind if grey else RGB)
        if not grey:
            dataset.PhotometricInterpretation = kind
        put_fragments(dataset, syntax, encode_jpegs(GREY_NHW if grey else RGB_NHW3, rgb=kind == RGB))
        return save_dicom(dataset, folder / "clip.dcm")

    return make


def write_compressed(kind: str, syntax: UID, *, marked: UID | None = None, **options: Any) -> Maker:  # noqa: ANN401 - what pydicom takes
    """Return a maker that compresses a clip with pydicom, and marks it with another syntax if one is given."""

    def make(folder: Path) -> Path:
        dataset = make_dataset(kind)
        dataset.compress(syntax, encoding_plugin="pydicom" if syntax == RLELossless else "", **options)
        dataset.file_meta.TransferSyntaxUID = marked or syntax
        return save_dicom(dataset, folder / "clip.dcm")

    return make


def write_lossless_jpeg(kind: str, syntax: UID) -> Maker:
    return lambda folder: save_as_lossless_jpeg(make_dataset(kind), syntax, folder / "clip.dcm")


def write_stream(suffix: str, fourcc: str, syntax: UID) -> Maker:
    """Return a maker that puts a video of OpenCV into a DICOM file."""

    def make(folder: Path) -> Path:
        content = write_video(folder / f"stream{suffix}", BGR_NHW3, codec=fourcc, fps=FPS).read_bytes()
        dataset = make_dataset(RGB)
        put_fragments(dataset, syntax, [content + bytes(len(content) % 2)], table=False)
        return save_dicom(dataset, folder / "clip.dcm")

    return make


# --- Rows -------------------------------------------------------------------------------------------------------


def read(*, exact: bool = True, whole: bool = True, way: Way = "dicom") -> Read:
    return Read(way=way, times_from="FrameTime", states_count=True, exact=exact, whole=whole)


def row(
    codec: str, kind: str, make: Maker, expected: Read | Refused, *, name: str = "DICOM", needs: str = ""
) -> Row:
    return Row(format=name, codec=codec, colour=kind, make=make, expected=expected, needs=needs)


PLAIN: Final = (
    ("explicit", ExplicitVRLittleEndian, COLOURS),
    ("implicit", ImplicitVRLittleEndian, COLOURS),
    ("big endian", ExplicitVRBigEndian, COLOURS),
    ("deflated", DeflatedExplicitVRLittleEndian, COLOURS),
)
LOSSLESS: Final = (("RLE", RLELossless), ("JPEG-LS", JPEGLSLossless), ("JPEG 2000", JPEG2000Lossless))
HIGH_THROUGHPUT: Final = (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
DICOM_ROWS: Final = (
    *(
        row(codec, kind, write_plain(kind, syntax), read(exact=kind != YBR))
        for codec, syntax, kinds in PLAIN
        for kind in kinds
    ),
    row("explicit", GREY, write_changed(lambda dicom: dicom[132:]), read(), name="DICOM without preamble"),
    row(
        "explicit",
        GREY,
        write_changed(lambda dicom: dicom[dicom.index(b"\x08\x00\x16\x00") :]),
        read(),
        name="DICOM without meta header",
    ),
    row(
        "explicit",
        GREY,
        write_changed(lambda dicom: dicom[: len(dicom) // 2]),
        read(whole=False),
        name="DICOM (cut off)",
    ),
    row(
        "",
        "",
        write_report,
        Refused(message="is a DICOM file without pixel data"),
        name="DICOM without pixels, such as a report",
    ),
    *(row("JPEG baseline", kind, write_jpegs(kind), read(exact=False)) for kind in (GREY, YBR_422, YBR, RGB)),
    row("JPEG Extended", GREY, write_jpegs(GREY, JPEGExtended12Bit), read(exact=False)),
    row(
        "JPEG Extended",
        GREY_12,
        write_jpegs(GREY_12, JPEGExtended12Bit),
        Refused(message="pixels in transfer syntax 'JPEG Extended (Process 2 and 4)' do not decode"),
    ),
    *(
        row(codec, kind, write_compressed(kind, syntax), read())
        for codec, syntax in LOSSLESS
        for kind in MAIN_COLOURS
    ),
    *(
        row(f"HTJ2K* (.{syntax[-3:]})", kind, write_compressed(kind, JPEG2000Lossless, marked=syntax), read())
        for syntax in HIGH_THROUGHPUT
        for kind in MAIN_COLOURS
    ),
    *(
        row(f"JPEG Lossless (.{syntax[-2:]})", kind, write_lossless_jpeg(kind, syntax), read(), needs="gdcm")
        for syntax in (JPEGLossless, JPEGLosslessSV1)
        for kind in MAIN_COLOURS
    ),
    *(
        row("lossy JPEG-LS", kind, write_compressed(kind, JPEGLSNearLossless, jls_error=2), read(exact=False))
        for kind in MAIN_COLOURS
    ),
    *(
        row("lossy JPEG 2000", kind, write_compressed(kind, JPEG2000, j2k_psnr=[60]), read(exact=False))
        for kind in MAIN_COLOURS
    ),
    *(
        row(codec, "colour", write_stream(suffix, fourcc, syntax), read(exact=False, way="dicom-video"))
        for codec, suffix, fourcc, syntax in (
            ("MPEG-2 stream", ".m2v", "mp2v", MPEG2MPML),
            ("MPEG-2 in TS", ".ts", "mp2v", MPEG2MPML),
            ("H.264 in MP4*", ".mp4", "mp4v", MPEG4HP41),
            ("HEVC in MP4*", ".mp4", "mp4v", HEVCMP51),
        )
    ),
)
