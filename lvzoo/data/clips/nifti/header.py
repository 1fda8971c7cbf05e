"""Reads the header of a NIfTI file: its size, the type of its values, the time step, and the size of a pixel."""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np

from lvzoo.data.clips.clip import Region, is_usable_rate
from lvzoo.errors import DataError

GZIP: Final = b"\x1f\x8b"
HEADER_BYTES: Final = 348
HEADER_2_BYTES: Final = 540
SPACE_UNITS: Final = 0b000_111
TIME_UNITS: Final = 0b111_000
MM: Final = {1: 1e3, 2: 1.0, 3: 1e-3}
"""Millimetres in NIfTI's units of space: metre, millimetre and micrometre."""
SECONDS: Final = {8: 1.0, 16: 1e-3, 24: 1e-6}
"""Seconds in NIfTI's units of time."""
LABELS: Final = 1002
"""The code of an intent: the values are labels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What is used of a header. All numbers are as they stand in the file."""

    shape: tuple[int, ...]
    """The lengths of the axes x, y, z, time, and further ones."""
    dtype: np.dtype[Any]
    offset: int
    """Where the values start in the decompressed file."""
    spacing: tuple[float, float]
    """The width and the height of a pixel."""
    step: float
    """The time between frames."""
    units: int
    slope: float
    inter: float
    cal_min: float
    cal_max: float
    intent: int


def open_stream(path: Path) -> BinaryIO:
    """Open a file that may be compressed. A forward seek in a compressed file reads on, and does not start again."""
    with path.open("rb") as file:
        compressed = file.read(len(GZIP)) == GZIP
    return cast("BinaryIO", gzip.open(path, "rb")) if compressed else path.open("rb")


def read_header(path: Path) -> Header:
    """Read the header of a NIfTI-1 or NIfTI-2 file.

    Raises:
        DataError: nibabel is not installed, or the file is not NIfTI in one piece.
        Exception: the type of the values is not known to nibabel.
    """
    try:
        from nibabel.nifti1 import Nifti1Header
        from nibabel.nifti2 import Nifti2Header
    except ImportError as error:
        raise DataError(f"{path}: reading NIfTI needs nibabel; pip install 'lvzoo[nifti]'") from error
    with open_stream(path) as stream:
        block = stream.read(HEADER_2_BYTES)
    is_second = block[4:7] == b"n+2"
    if not is_second and block[344:347] != b"n+1":
        raise DataError(f"{path}: is not a complete NIfTI file in one piece; convert it to .nii or .nii.gz")
    make: Any = Nifti2Header if is_second else Nifti1Header
    # The checks of nibabel are left out, because they refuse files for side information.
    header = make(block if is_second else block[:HEADER_BYTES], check=False)
    return Header(
        shape=tuple(int(length) for length in header.get_data_shape()),
        dtype=header.get_data_dtype(),
        offset=int(header.get_data_offset()),
        spacing=(_read_decimal(header["pixdim"][1]), _read_decimal(header["pixdim"][2])),
        step=_read_decimal(header["pixdim"][4]),
        units=int(header["xyzt_units"]),
        slope=float(header["scl_slope"]),
        inter=float(header["scl_inter"]),
        cal_min=float(header["cal_min"]),
        cal_max=float(header["cal_max"]),
        intent=int(header["intent_code"]),
    )


def _read_decimal(number: np.floating[Any]) -> float:
    """Return the decimal that a number of 32 bits stands for: 33.3 instead of 33.29999924."""
    return float(str(number))


def check_axes(header: Header, path: Path) -> None:
    """Check that the axes are those of a picture or a clip: (x, y), (x, y, t) or (x, y, 1, t).

    Raises:
        DataError: they are not.
    """
    text = " x ".join(map(str, header.shape))
    if len(header.shape) < 2 or min(header.shape) < 1:
        raise DataError(f"{path}: has the size '{text}'; check that the file is complete")
    if any(length > 1 for length in header.shape[4:]):
        raise DataError(f"{path}: has several values per pixel ({text}); save it in grey, as x, y and time")
    if len(header.shape) > 3 and header.shape[2] > 1:
        raise DataError(
            f"{path}: is a volume of {header.shape[2]} slices ({text}), and no clip; save one slice as x, y and time"
        )


def check_is_clip(header: Header, path: Path) -> None:
    """Check that the header does not say that the values are labels.

    Raises:
        DataError: it does.
    """
    if header.intent == LABELS:
        raise DataError(f"{path}: is a segmentation by its header; give the clip that it belongs to")


def read_step(header: Header) -> tuple[float | None, list[str]]:
    """Return the seconds between frames, or None if the header does not state them; and warnings.

    A step of 1 is what programs write that do not know the step, with a unit or without.
    """
    unit_s = SECONDS.get(header.units & TIME_UNITS)
    if unit_s is None or header.step == 0:
        return None, []
    step_s = header.step * unit_s
    is_possible = math.isfinite(step_s) and step_s > 0 and is_usable_rate(1 / step_s)
    if is_possible and header.step != 1:
        return step_s, []
    is_told = len(header.shape) > 3  # else the header has no axis of time, and the step means nothing
    why = "is not measured" if is_possible else "cannot be true"
    return None, [f"its time step of {step_s:g} s {why}, so it is not used"] * is_told


def read_region(header: Header) -> Region:
    """Return the whole picture with the size of a pixel, or with the reason why that is not known."""
    width, height = header.spacing
    unit_mm = MM.get(header.units & SPACE_UNITS)
    spacing_mm = None if unit_mm is None else (height * unit_mm, width * unit_mm)
    refused = "" if spacing_mm else "unit of the pixel size is not stated"
    if spacing_mm and not all(math.isfinite(length) and length > 0 for length in spacing_mm):
        spacing_mm, refused = None, f"pixel size of {width:g} x {height:g} is not possible"
    return Region(
        left=0,
        top=0,
        right=header.shape[0] - 1,
        bottom=header.shape[1] - 1,
        spacing_mm=spacing_mm,
        source="NIfTI pixdim",
        refused=refused,
    )
