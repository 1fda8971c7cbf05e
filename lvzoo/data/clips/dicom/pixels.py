"""Reads how the pixels of a DICOM file lie, and decodes single frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGBaseline8Bit, RLELossless

from lvzoo.data.clips.dicom.aside import GDCM, decode_aside
from lvzoo.data.clips.dicom.elements import UNUSED, Elements
from lvzoo.data.clips.dicom.header import DicomHeader
from lvzoo.errors import DataError

BYTE: Final = 8
READ_BITS: Final = (8, 16)
PALETTE: Final = "PALETTE COLOR"
INVERTED: Final = "MONOCHROME1"
GREY: Final = ("MONOCHROME1", "MONOCHROME2", PALETTE)
COLOURS: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
PARTIAL: Final = ("YBR_PARTIAL_422", "YBR_PARTIAL_420")
NAMED: Final = (*GREY, *COLOURS, *PARTIAL, "HSV", "ARGB", "CMYK", "XYB")
"""The kinds of colour in DICOM PS3.3 C.7.6.3.1.2, with the retired ones. Errors quote no other text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How the pixels of a frame lie in the file."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    planar: int
    photometric: str
    high_bit: int
    """The highest bit of a pixel that is used: `bits_stored - 1`, unless the pixels are shifted to the left."""

    @property
    def size_HW(self) -> tuple[int, int]:
        """The height and width of a frame."""
        return self.rows, self.columns

    @property
    def frame_bytes(self) -> int:
        """The bytes of an uncompressed frame. YBR_FULL_422 keeps one pair of colour values for two pixels."""
        count = self.rows * self.columns * self.samples * (self.bits_allocated // BYTE)
        return count // 3 * 2 if self.photometric == "YBR_FULL_422" else count


# --- How the pixels lie -----------------------------------------------------------------------------------------


def read_layout(header: DicomHeader, stated: int | None) -> Layout:
    """Read how the pixels of a clip lie. Elements that follow from others may be missing or wrong.

    Args:
        header: the file's header.
        stated: the number of frames that the header states.

    Raises:
        DataError: the size is missing, or the pixels are of a kind that is not read.
    """
    elements = header.elements
    rows, columns = elements.read_count("Rows"), elements.read_count("Columns")
    if not rows or not columns or min(rows, columns) < 0:
        raise DataError(
            f"{header.path}: does not state the size of its picture (Rows and Columns); check that the file is "
            "complete"
        )
    samples = elements.read_count("SamplesPerPixel") or 1
    allocated = _read_allocated(header)
    stored = _read_stored(elements, allocated)
    layout = Layout(
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        signed=elements.read_count("PixelRepresentation") == 1,
        planar=int(elements.read_count("PlanarConfiguration") == 1),
        photometric=_read_photometric(header, samples),
        high_bit=_read_high_bit(header, allocated, stored),
    )
    return layout if header.compressed else _fit_subsampling(layout, header, stated or 1)


def _fit_subsampling(layout: Layout, header: DicomHeader, frames: int) -> Layout:
    """Read YBR_FULL_422 as YBR_FULL if the pixel data is long enough.

    Some programs decompress YBR_FULL_422 and leave its name in the header.
    """
    full = replace(layout, photometric="YBR_FULL")
    if layout.photometric != "YBR_FULL_422" or header.end - header.start < frames * full.frame_bytes:
        return layout
    header.elements.warn(
        "pixels have the length of YBR_FULL and not of YBR_FULL_422; they are read as YBR_FULL"
    )
    return full


def _read_allocated(header: DicomHeader) -> int:
    if header.compressed and header.syntax == JPEGBaseline8Bit:
        return BYTE  # it has no other, whatever the header says
    bits = header.elements.read_count("BitsAllocated")
    if bits not in READ_BITS:
        raise DataError(
            f"{header.path}: has {bits or 'no'} bits per pixel (BitsAllocated), but only 8 or 16 are read; export "
            "the clip in 8 bits"
        )
    return bits


def _read_stored(elements: Elements, allocated: int) -> int:
    stored = elements.read_count("BitsStored")
    if stored is None or not 1 <= stored <= allocated:
        if stored is not None:
            elements.warn(f"BitsStored {stored} does not fit into {allocated} bits, {UNUSED}")
        return allocated
    return stored


def _read_high_bit(header: DicomHeader, allocated: int, stored: int) -> int:
    """Return the highest bit that is used. Only raw bytes can be shifted; decoders return pixels without a shift."""
    raw = not header.compressed or header.syntax == RLELossless
    high_bit = header.elements.read_count("HighBit")
    if high_bit is None or high_bit == stored - 1 or not raw:
        return stored - 1
    if not stored <= high_bit < allocated:
        header.elements.warn(
            f"HighBit {high_bit} does not fit {stored} of {allocated} bits (BitsStored), {UNUSED}"
        )
        return stored - 1
    header.elements.warn(
        f"HighBit is {high_bit} and BitsStored is {stored}, so the pixels are shifted to the right"
    )
    return high_bit


def _read_photometric(header: DicomHeader, samples: int) -> str:
    """Return the kind of colour; a usual one if the header states none that fits the number of samples."""
    elements = header.elements
    photometric = elements.read_text("PhotometricInterpretation").upper()
    if photometric in PARTIAL and header.compressed:
        return "YBR_FULL_422"  # JPEGs always use the full range
    known = {1: GREY, 3: COLOURS}.get(samples, ())
    if photometric in known:
        return photometric
    if not known or (samples == 3 and photometric in (*PARTIAL, "HSV")):
        kind = photometric if photometric in NAMED else "of an unknown kind"
        raise DataError(
            f"{header.path}: pixels are {kind} of {samples} samples, which is neither grey nor a colour that is "
            "read; export it as RGB"
        )
    instead = (
        "MONOCHROME2" if samples == 1 else "YBR_FULL_422" if header.syntax == JPEGBaseline8Bit else "RGB"
    )
    elements.warn(f"PhotometricInterpretation does not fit {samples} samples; {instead} is used")
    return instead


# --- Decoding ---------------------------------------------------------------------------------------------------


def decode_native(file: BinaryIO, header: DicomHeader, layout: Layout, index: int) -> NDArray[Any]:
    """Return the pixels of an uncompressed frame, which must lie in the file as a whole."""
    file.seek(header.start)
    options = {**_list_options(layout), "number_of_frames": index + 1, "pixel_vr": header.pixel_vr}
    pixels: NDArray[Any] = get_decoder(header.syntax).as_array(file, index=index, **options)[0]
    return _align(pixels, layout)


def decode_compressed(data: bytes, header: DicomHeader, layout: Layout, plugin: str) -> NDArray[Any]:
    """Return the pixels of a compressed frame."""
    if plugin == GDCM:
        return _align(decode_aside(data, header.syntax, **_list_options(layout)), layout)
    pixels: NDArray[Any] = get_decoder(header.syntax).as_array(
        encapsulate([data], has_bot=False), index=0, decoding_plugin=plugin, **_list_options(layout)
    )[0]
    return _align(pixels, layout)


def _align(pixels: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Shift pixels so that their highest bit is `bits_stored - 1` (PS3.5 8.1.1). Other bits are dropped."""
    if layout.high_bit == layout.bits_stored - 1:
        return pixels
    # The first shift drops the bits above. The second one drops those below, and keeps the sign.
    raised = np.left_shift(pixels, layout.bits_allocated - 1 - layout.high_bit)
    return np.asarray(np.right_shift(raised, layout.bits_allocated - layout.bits_stored))


def _list_options(layout: Layout) -> dict[str, Any]:
    return {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored
        if layout.high_bit == layout.bits_stored - 1
        else layout.bits_allocated,
        "pixel_representation": int(layout.signed),
        "planar_configuration": layout.planar,
        "photometric_interpretation": layout.photometric,
        "pixel_keyword": "PixelData",
        "number_of_frames": 1,
    }
