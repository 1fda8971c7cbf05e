"""The rows of the matrix for NIfTI files."""

from __future__ import annotations

import gzip
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tests.data.clips.row import FPS, GREY_NHW, RGB_NHW3, Read, Refused, Row

Maker = Callable[[Path], Path]


def write_nifti(
    values: NDArray[Any], *, suffix: str = ".nii", unit: str = "unknown", white: float = 0
) -> Maker:
    """Return a maker that writes values (X, Y, 1, T); `white` is the value that is shown as white."""

    def make(folder: Path) -> Path:
        nibabel: Any = importlib.import_module("nibabel")
        path = folder / f"clip{suffix}"
        image = nibabel.Nifti1Image(values, np.eye(4), dtype=values.dtype)
        image.header.set_xyzt_units("mm", unit)
        image.header["pixdim"][4] = 1 / FPS
        image.header["cal_max"] = white
        content = image.to_bytes()
        path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
        return path

    return make


GREY_XY1T: Final = GREY_NHW.transpose(2, 1, 0)[:, :, None]
RGB_XY1T: Final = (
    np.ascontiguousarray(RGB_NHW3.transpose(2, 1, 0, 3)[:, :, None])
    .view([("R", "u1"), ("G", "u1"), ("B", "u1")])
    .squeeze(-1)
)
VOLUME_XYZT: Final = np.repeat(GREY_XY1T, 3, axis=2)
NIFTI: Final = Read(way="nifti", times_from="time step", states_count=True, exact=True)
NIFTI_WITHOUT_TIMES: Final = Read(way="nifti", times_from=None, states_count=True, exact=True)


def nifti(
    colour: str, make: Maker, expected: Read | Refused, *, name: str = "NIfTI", codec: str = "uncompressed"
) -> Row:
    return Row(format=name, codec=codec, colour=colour, make=make, expected=expected, needs="nibabel")


NIFTI_ROWS: Final = (
    nifti("grey", write_nifti(GREY_XY1T, unit="sec"), NIFTI),
    nifti("grey", write_nifti(GREY_XY1T, unit="sec", suffix=".nii.gz"), NIFTI, codec="gzip"),
    nifti("16-bit grey", write_nifti(GREY_XY1T.astype(np.int16) * 16, unit="sec", white=4080), NIFTI),
    nifti(
        "grey as fractions",
        write_nifti(GREY_XY1T.astype(np.float32) / 255, unit="sec", white=1),
        NIFTI,
    ),
    nifti("RGB", write_nifti(RGB_XY1T, unit="sec"), NIFTI),
    nifti("grey", write_nifti(GREY_XY1T), NIFTI_WITHOUT_TIMES, name="NIfTI without a unit of time"),
    nifti(
        "grey",
        write_nifti(VOLUME_XYZT),
        Refused(message="is a volume of 3 slices"),
        name="NIfTI of a volume",
    ),
    nifti(
        "labels",
        write_nifti(GREY_XY1T // 64),
        Refused(message="has the few values of a segmentation"),
        name="NIfTI of a segmentation",
    ),
)
