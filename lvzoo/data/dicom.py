"""Reads the frames of DICOM ultrasound clips, and converts them to grey in the same way as video frames.

Such clips have many frames, which are often JPEGs with YBR colours.
"""

from __future__ import annotations

import struct
import textwrap
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from lvzoo.data.opencv import cv2
from lvzoo.errors import DataError

BITS: Final = 8
RGB_CHANNELS: Final = 3
MOST_LETTERS: Final = 160
"""The longest message of another library that an error quotes: some messages contain the damaged bytes."""
DAMAGE: Final = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError),
    *(struct.error, BytesLengthException),
)
"""What pydicom and Pillow raise when the bytes of a file do not match its headers."""


def is_dicom(head: bytes) -> bool:
    """Return whether a file with these first bytes is a DICOM file: 128 bytes of any content, then `DICM`."""
    return head[128:132] == b"DICM"


def read_dicom(path: Path) -> tuple[NDArray[np.uint8], float | None]:
    """Return the frames in grey (N, H, W), and the frames per second or None if the file does not state them.

    JPEGs are always decoded by Pillow, because decoders differ slightly. Calibration, view labels and regions are not
    read: in clips that were exported or cropped they often belong to another picture.

    Raises:
        DataError: the file is missing, is not a DICOM file, has no pixels, or does not decode.
    """
    syntax = "unknown"
    try:
        dataset = pydicom.dcmread(path)
        syntax = getattr(dataset.file_meta.get("TransferSyntaxUID"), "name", syntax)
        return _convert_to_grey(_decode_pixels(dataset, path), dataset, path), _read_fps(dataset)
    except InvalidDicomError as error:
        raise DataError(f"{path}: is not a DICOM file; give a DICOM, AVI or MP4 clip") from error
    except DAMAGE as error:
        reason = textwrap.shorten(str(error), MOST_LETTERS, placeholder=" ...")
        raise DataError(
            f"{path}: pixels in transfer syntax '{syntax}' do not decode ({reason}); "
            "export the clip uncompressed or as JPEG baseline"
        ) from error


def _decode_pixels(dataset: Dataset, path: Path) -> NDArray[np.generic]:
    if "PixelData" not in dataset:
        raise DataError(
            f"{path}: is a DICOM file without pixel data, perhaps a report or a file that was cut short; give the "
            "complete clip"
        )
    bits = dataset.get("BitsAllocated")
    if bits != BITS:
        raise DataError(
            f"{path}: has {bits} bits per pixel, but ultrasound clips have {BITS}; export it in {BITS} bits"
        )
    return pixel_array(dataset, decoding_plugin="pillow")


def _convert_to_grey(pixels: NDArray[Any], dataset: Dataset, path: Path) -> NDArray[np.uint8]:
    """Return decoded pixels as grey (N, H, W); colours are weighted as in OpenCV's BGR2GRAY."""
    photometric = str(dataset.get("PhotometricInterpretation"))
    if photometric == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)
        # The colour table of a DICOM file may have 16 bits per colour; keep the upper 8.
        pixels = (pixels >> BITS).astype(np.uint8) if pixels.dtype == np.uint16 else pixels
    size_HW = (int(dataset.Rows), int(dataset.Columns))
    if pixels.shape[-1] == RGB_CHANNELS and pixels.shape[-3:-1] == size_HW:
        colour_NHW3 = pixels.reshape(-1, *size_HW, RGB_CHANNELS)
        grey = [cv2.cvtColor(frame_HW3, cv2.COLOR_RGB2GRAY) for frame_HW3 in colour_NHW3]
        return np.stack(grey).astype(np.uint8)
    if photometric not in ("MONOCHROME1", "MONOCHROME2") or pixels.dtype != np.uint8:
        raise DataError(
            f"{path}: pixels are {photometric} of {pixels.dtype}, which is neither grey nor colour; export it as RGB"
        )
    grey_NHW = pixels.reshape(-1, *size_HW)
    return 255 - grey_NHW if photometric == "MONOCHROME1" else grey_NHW


def _read_fps(dataset: Dataset) -> float | None:
    """Return the frames per second: from the time between frames if it is stated, else from the recorded rate."""
    frame_time_ms = float(dataset.get("FrameTime") or 0)
    if frame_time_ms > 0:
        return 1000.0 / frame_time_ms
    rate = float(dataset.get("CineRate") or dataset.get("RecommendedDisplayFrameRate") or 0)
    return rate if rate > 0 else None
