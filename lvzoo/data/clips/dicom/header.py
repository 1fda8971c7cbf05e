"""Reads the header of a DICOM file, and says where in the file its pixel data lies."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from lvzoo.data.clips.clip import shorten
from lvzoo.data.clips.dicom.elements import Elements
from lvzoo.data.clips.dicom.signature import LONG_LENGTHS, PREFIX, PREFIX_AT
from lvzoo.data.clips.dicom.syntaxes import guess_syntax, name_syntax
from lvzoo.errors import DataError

PIXEL_DATA: Final = (0x7FE0, 0x0010)
ITEM: Final = b"\xfe\xff\x00\xe0"
UNDEFINED: Final = 0xFFFFFFFF
HEAD_BYTES: Final = 4096
"""The first bytes of a compressed frame that are searched for its syntax."""
CHUNK_BYTES: Final = 1 << 16
META_GROUP: Final = b"\x02\x00"

UNCOMPRESSED: Final = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)

COLOURS: Final = ("Red", "Green", "Blue")
KEYWORDS: Final = (
    *("SOPClassUID", "TransferSyntaxUID", "NumberOfFrames", "Rows", "Columns", "SamplesPerPixel"),
    *("PhotometricInterpretation", "PlanarConfiguration"),
    *("PixelRepresentation", "BitsAllocated", "BitsStored", "HighBit"),
    *("FrameIncrementPointer", "FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate"),
    *("SequenceOfUltrasoundRegions", "PixelSpacing", "ExtendedOffsetTable"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in COLOURS),
    *(f"{colour}PaletteColorLookupTableData" for colour in COLOURS),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in COLOURS),
)
"""The elements that are read. All others are skipped: they may be large, damaged, or the patient's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DicomHeader:
    """What a DICOM file says about its pixel data, and where it lies: at `start` in the file that `open` gives."""

    path: Path
    elements: Elements
    syntax: UID
    compressed: bool
    """Whether the pixel data is compressed, and so stored in fragments."""
    pixel_vr: str
    start: int
    end: int
    """The first byte after the pixel data, but at most the end of the file."""
    deflated: bool

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file that holds the pixel data: the DICOM file, or its inflated copy."""
        with open_inflated(self.path) if self.deflated else self.path.open("rb") as file:
            yield file


def read_header(path: Path) -> DicomHeader:
    """Read a DICOM file up to its pixel data.

    Raises:
        DataError: the file is not a DICOM file, or has no pixel data.
    """
    deflated = _is_deflated(path)
    with open_inflated(path) if deflated else path.open("rb") as file:
        return _locate_pixels(file, _read_dataset(file, path), path, deflated=deflated)


def read_elements(path: Path, keywords: Sequence[str] = KEYWORDS) -> tuple[Elements, bool]:
    """Read some of the elements before the pixel data, and return them and whether pixel data follows.

    Raises:
        DataError: the file is not a DICOM file.
    """
    with open_inflated(path) if _is_deflated(path) else path.open("rb") as file:
        dataset = _read_dataset(file, path, keywords)
        vr, _ = _read_element_head(file, _find_order(dataset))
    return Elements(dataset), vr is not None


def _find_order(dataset: Dataset) -> str:
    """Return the byte order of a data set as `struct` writes it."""
    return ">" if dataset.original_encoding[1] is False else "<"


def _read_dataset(file: BinaryIO, path: Path, keywords: Sequence[str] = KEYWORDS) -> Dataset:
    """Read some of the elements before the pixel data. The file is left where they end.

    Raises:
        DataError: the file is not a DICOM file.
    """
    try:
        dataset = pydicom.dcmread(file, force=True, stop_before_pixels=True, specific_tags=list(keywords))
    except MemoryError:
        raise
    except Exception as error:
        raise DataError(
            f"{path}: header of this DICOM file does not decode ({shorten(error)}); check that the file is complete"
        ) from error
    if "SOPClassUID" not in dataset and "Rows" not in dataset and not dataset.file_meta:
        raise DataError(f"{path}: is not a DICOM file; give a DICOM, AVI or MP4 clip")
    return dataset


def _locate_pixels(file: BinaryIO, dataset: Dataset, path: Path, *, deflated: bool) -> DicomHeader:
    """Read the head of the pixel data's element, where `_read_dataset` left the file."""
    order = _find_order(dataset)
    vr, length = _read_element_head(file, order)
    if vr is None:
        raise DataError(
            f"{path}: is a DICOM file without pixel data, perhaps a report or a file that was cut short; give the "
            "complete clip"
        )
    start = file.tell()
    file_end = file.seek(0, io.SEEK_END)
    file.seek(start)
    elements = Elements(dataset)
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    compressed = length == UNDEFINED or (_is_compressed(syntax) and file.read(len(ITEM)) == ITEM)
    if deflated or not compressed:
        if _is_compressed(syntax):
            elements.warn(
                f"states transfer syntax {name_syntax(UID(syntax))}, but its pixels have no fragments; they are read "
                "as uncompressed"
            )
        syntax = ExplicitVRLittleEndian if order == "<" else ExplicitVRBigEndian
    elif not _is_compressed(syntax):
        syntax = _guess_syntax(file, start)
    return DicomHeader(
        path=path,
        elements=elements,
        syntax=UID(syntax),
        compressed=compressed,
        pixel_vr=vr,
        start=start,
        end=file_end if length == UNDEFINED else min(start + length, file_end),
        deflated=deflated,
    )


def _read_element_head(file: BinaryIO, order: str) -> tuple[str | None, int]:
    """Return the value representation and length of the pixel data; None if something else comes next."""
    head = file.read(8)
    if len(head) < 8 or struct.unpack_from(f"{order}HH", head) != PIXEL_DATA:
        return None, 0
    if head[4:6] in LONG_LENGTHS:
        length = file.read(4)
        return head[4:6].decode(), struct.unpack(f"{order}L", length)[0] if len(length) == 4 else 0
    return "OW", struct.unpack_from(f"{order}L", head, 4)[0]


def _is_compressed(syntax: UID | None) -> bool:
    """Return whether a header's transfer syntax keeps pixels in fragments. Unknown syntaxes are taken to do so."""
    return syntax is not None and syntax not in UNCOMPRESSED


def _guess_syntax(file: BinaryIO, start: int) -> UID:
    """Return the syntax of fragments whose header says that they are uncompressed, or says nothing."""
    file.seek(start + 4)
    table_bytes = int.from_bytes(file.read(4), "little")
    file.seek(table_bytes + 8, io.SEEK_CUR)
    return guess_syntax(file.read(HEAD_BYTES)) or UID(JPEGBaseline8Bit)


# --- Deflated files ---------------------------------------------------------------------------------------------


def _is_deflated(path: Path) -> bool:
    try:
        meta = read_file_meta_info(path)
        return bool(meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian)
    except InvalidDicomError:  # without prefix there is no syntax; such a file is never deflated
        return False


@contextmanager
def open_inflated(path: Path) -> Iterator[BinaryIO]:
    """Inflate the data set of a deflated DICOM file into a temporary file, piece by piece, and open that.

    The data set comes after the elements of the file's meta information, which are not deflated.
    """
    with path.open("rb") as deflated, tempfile.TemporaryFile() as file:
        deflated.seek(_find_meta_end(deflated))
        with suppress(zlib.error):  # a damaged file gives what comes before the damage
            _inflate(deflated, file)
        file.seek(0)
        yield file


def _inflate(deflated: BinaryIO, file: BinaryIO) -> None:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflater.eof and (piece := inflater.unconsumed_tail or deflated.read(CHUNK_BYTES)):
        file.write(inflater.decompress(piece, CHUNK_BYTES))


def _find_meta_end(file: BinaryIO) -> int:
    position = PREFIX_AT + len(PREFIX)
    while True:
        file.seek(position)
        head = file.read(12)
        if head[:2] != META_GROUP:
            return position
        start, length = (12, head[8:]) if head[4:6] in LONG_LENGTHS else (8, head[6:8])
        position += start + int.from_bytes(length, "little")
