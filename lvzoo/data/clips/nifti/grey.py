"""Turns the values of a NIfTI file into grey levels, and tells pictures from segmentations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.grey import convert_to_grey
from lvzoo.data.clips.nifti.header import Header
from lvzoo.errors import DataError

WHITE: Final = 255
MOST_LABEL: Final = 15
"""The highest number that a label is expected to have."""
BGR: Final = ("B", "G", "R")

Converter: TypeAlias = Callable[[NDArray[Any]], NDArray[np.uint8]]
"""Turns a stored frame (H, W) into grey levels (H, W)."""


def make_converter(header: Header, samples: Sequence[NDArray[Any]], path: Path) -> Converter:
    """Return how the values of a file become grey.

    - Unsigned values of 8 bits are grey levels as they are.
    - Colours become grey like those of pictures; transparent pixels become black.
    - Other values are first scaled by the slope and intercept of the header. Then black and white are `cal_min` and
      `cal_max`, if the header sets them. Otherwise, values from 0 to 255 are grey levels as they are, and all others
      are spread from the least to the greatest value of the sampled frames. If these have only one value, black and
      white are the limits of the type.

    Values beyond black and white are cut, and values that are not numbers become black.

    Raises:
        DataError: the values are complex.
    """
    dtype = header.dtype
    if dtype.names is not None:
        return _convert_colours
    if dtype == np.uint8:
        return np.array
    if dtype.kind not in "iuf":
        raise DataError(f"{path}: has values of type {dtype}, which are no grey levels; save it in grey")
    slope, inter = read_scale(header)
    black, white = _find_range(header, [raw_HW * slope + inter for raw_HW in samples])

    def convert(raw_HW: NDArray[Any]) -> NDArray[np.uint8]:
        values_HW = raw_HW.astype(np.float64) * slope + inter
        grey_HW = (values_HW - black) * (WHITE / (white - black))
        grey_HW = np.nan_to_num(grey_HW, nan=0, posinf=WHITE, neginf=0)
        return np.rint(np.clip(grey_HW, 0, WHITE)).astype(np.uint8)

    return convert


def looks_like_labels(samples: Sequence[NDArray[Any]]) -> bool:
    """Return whether frames have the values of a segmentation: few whole numbers from 0, or just two values."""
    if samples[0].dtype.names is not None:
        return False
    values = np.unique(np.concatenate([np.unique(raw_HW) for raw_HW in samples]))
    if len(values) > MOST_LABEL + 1 or len(values) < 2:
        return False
    is_whole = bool((values == np.rint(values)).all()) and values[0] >= 0 and values[-1] <= MOST_LABEL
    return is_whole or len(values) == 2


def _convert_colours(raw_HW: NDArray[Any]) -> NDArray[np.uint8]:
    names = [*BGR, *(["A"] if "A" in (raw_HW.dtype.names or ()) else [])]
    return convert_to_grey(np.stack([raw_HW[name] for name in names], axis=-1))


def read_scale(header: Header) -> tuple[float, float]:
    """Return the slope and the intercept; a slope of 0 means that there are none."""
    if not math.isfinite(header.slope) or header.slope == 0:
        return 1.0, 0.0
    return header.slope, header.inter if math.isfinite(header.inter) else 0.0


def _find_range(header: Header, samples: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """Return the values that are black and white."""
    if math.isfinite(header.cal_min) and math.isfinite(header.cal_max) and header.cal_min < header.cal_max:
        return header.cal_min, header.cal_max
    finite = [values_HW[np.isfinite(values_HW)] for values_HW in samples]
    least = min((float(values.min()) for values in finite if values.size), default=0.0)
    most = max((float(values.max()) for values in finite if values.size), default=0.0)
    if least >= 0 and 1 < most <= WHITE:
        return 0.0, float(WHITE)
    if least < most:
        return least, most
    info = np.iinfo(header.dtype) if header.dtype.kind in "iu" else None
    return (float(info.min), float(info.max)) if info else (0.0, 1.0)
