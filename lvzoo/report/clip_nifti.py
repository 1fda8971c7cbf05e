"""Writes the masks of a clip as one NIfTI file, `masks.nii.gz`. It needs nibabel (`pip install 'lvzoo[nifti]'`).

The axes are (x, y, 1, time), as in clips that `lvzoo predict` reads: the rows of a frame run from top to bottom. The
masks are read from their PNG files one by one, so that a long clip needs no more memory than a short one.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from lvzoo.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NIFTI: Final = "masks.nii.gz"
MOST_FRAMES: Final = 2**15 - 1
"""NIfTI-1 counts in 16 bits. A clip with more frames becomes NIfTI-2."""
LABELS: Final = "label"
FAST: Final = 4
"""How hard gzip works. Masks shrink to a hundredth at any setting."""


def check_nibabel() -> None:
    """Raise an error if nibabel is not installed.

    Raises:
        UsageError: it is not.
    """
    try:
        import nibabel  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise UsageError("--nifti needs nibabel; pip install 'lvzoo[nifti]'") from error


def write_masks_nifti(
    masks: Sequence[Path | None],
    path: Path,
    *,
    size_HW: tuple[int, int],
    spacing_mm: tuple[float, float] | None,
    fps: float | None,
) -> None:
    """Write PNG masks as NIfTI: 1 inside the ventricle, 0 outside.

    Args:
        masks: the files of the masks, in the order of the frames; None for a frame that does not decode, whose mask
            is empty.
        path: the file to write.
        size_HW: the size of a mask.
        spacing_mm: height and width of a pixel; None if they are not trusted, and then no unit is stated.
        fps: the frame rate; None if it is not known.

    Raises:
        DataError: a mask cannot be read.
    """
    header = _make_header(len(masks), size_HW, spacing_mm, fps)
    with gzip.GzipFile(path, "wb", compresslevel=FAST, mtime=0) as file:
        header.write_to(file)  # with the 4 bytes behind it that say that there are no extensions
        for mask in masks:
            inside_HW = np.zeros(size_HW, dtype=np.bool_) if mask is None else _read_mask(mask)
            file.write(np.ascontiguousarray(inside_HW, dtype=np.uint8).tobytes())


def _read_mask(path: Path) -> NDArray[np.bool_]:
    mask_HW = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask_HW is None:
        raise DataError(f"{path}: cannot be read; predict the clip again into another --out")
    return mask_HW > 0


def _make_header(
    frames: int, size_HW: tuple[int, int], spacing_mm: tuple[float, float] | None, fps: float | None
) -> Any:  # noqa: ANN401 - a header of NIfTI-1 or -2, which nibabel does not type
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    make: Any = Nifti1Header if frames <= MOST_FRAMES else Nifti2Header
    header = make()
    header.set_data_dtype(np.uint8)
    header.set_data_shape((size_HW[1], size_HW[0], 1, frames))
    height_mm, width_mm = spacing_mm or (1.0, 1.0)
    header.set_zooms((width_mm, height_mm, 1.0, 1.0 if fps is None else 1 / fps))
    header.set_xyzt_units("unknown" if spacing_mm is None else "mm", "unknown" if fps is None else "sec")
    header.set_intent(LABELS, name="left ventricle")
    header.set_data_offset(len(header.binaryblock) + 4)
    return header
