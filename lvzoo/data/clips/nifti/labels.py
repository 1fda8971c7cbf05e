"""Reads NIfTI segmentations: for each frame the label of every pixel."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.nifti.grey import read_scale
from lvzoo.data.clips.nifti.header import check_axes, read_header
from lvzoo.data.clips.nifti.reader import read_raw
from lvzoo.errors import DataError

MOST_LABEL: Final = 255
NEARLY: Final = 1e-3
"""A value so close to a whole number is that label: programs store labels as decimals, too."""


def read_labels(path: Path) -> list[NDArray[np.uint8]]:
    """Return the labels (H, W) of each frame of a segmentation with the axes (x, y), (x, y, t) or (x, y, 1, t).

    Axis x becomes the columns and y the rows, as `open_nifti` does it with pictures.

    Raises:
        DataError: nibabel is not installed; or the file is a volume, ends early, or holds other values than labels.
        Exception: the header is damaged; nibabel raises various classes.
    """
    header = read_header(path)
    check_axes(header, path)
    if header.dtype.names is not None or header.dtype.kind not in "iuf":
        raise DataError(
            f"{path}: has values of type {header.dtype}, which are no labels; save it as whole numbers"
        )
    count = math.prod(header.shape[2:])
    slope, inter = read_scale(header)
    labels = []
    for index, raw_HW in read_raw(path, header, range(count)):
        values_HW = raw_HW * slope + inter
        whole_HW = np.rint(values_HW)
        is_label_HW = (abs(values_HW - whole_HW) < NEARLY) & (whole_HW >= 0) & (whole_HW <= MOST_LABEL)
        if not is_label_HW.all():
            raise DataError(
                f"{path}: frame {index} has other values than labels from 0 to {MOST_LABEL}; is it a picture?"
            )
        labels.append(whole_HW.astype(np.uint8))
    if len(labels) < count:
        raise DataError(f"{path}: ends after {len(labels)} of {count} frames; copy it again from its source")
    return labels
