"""Converts the decoded frames of a DICOM file to grey in the same way as video frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from lvzoo.data.clips.dicom.elements import UNUSED, Elements
from lvzoo.data.clips.dicom.pixels import BYTE, INVERTED, PALETTE, Layout
from lvzoo.data.opencv import cv2

LARGEST_GREY: Final = 255
SMALL_SHARE: Final = 1 / 16
"""Pixels that use less of the range of `BitsStored` than this would look flat or black, as 12 bits in 16 do."""

ReadRange: TypeAlias = Callable[[], tuple[int, int] | None]
"""Returns the lowest and highest pixel of a few frames; None if none of them decodes."""
Converter: TypeAlias = Callable[[NDArray[Any]], NDArray[np.uint8]]


def make_converter(layout: Layout, elements: Elements, read_range: ReadRange) -> Converter:
    """Return the function that converts the decoded pixels of a frame to grey.

    Colours are weighted as in OpenCV's BGR2GRAY. Grey pixels of 8 bits stay as they are; those of 16 bits go through
    a table with one grey level for each value, which the window or `BitsStored` gives. If there is no window, and the
    pixels use a small part of their range, that part becomes the range of grey, with a warning.
    """
    if layout.samples == 3:
        return lambda pixels_HW3: _weigh_colours(pixels_HW3, layout.bits_stored)
    if layout.photometric == PALETTE:
        return _look_up_in(_make_palette(layout, elements))
    inverted = layout.photometric == INVERTED
    grey_table = _make_grey_table(layout, elements, read_range)
    table = LARGEST_GREY - grey_table if inverted else grey_table
    look_up = _look_up_in(table)

    def convert(pixels_HW: NDArray[Any]) -> NDArray[np.uint8]:
        if pixels_HW.dtype != np.uint8:
            return look_up(pixels_HW)
        return LARGEST_GREY - pixels_HW if inverted else pixels_HW

    return convert


def _weigh_colours(pixels_HW3: NDArray[Any], bits_stored: int) -> NDArray[np.uint8]:
    if pixels_HW3.dtype != np.uint8:
        pixels_HW3 = (pixels_HW3 >> max(bits_stored - BYTE, 0)).astype(np.uint8)
    grey_HW = cv2.cvtColor(np.ascontiguousarray(pixels_HW3), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey_HW, dtype=np.uint8)


def _look_up_in(table: NDArray[np.uint8]) -> Converter:
    """Return the function that replaces stored values by those of a table, whose index is the unsigned value."""

    def convert(pixels_HW: NDArray[Any]) -> NDArray[np.uint8]:
        native_HW = pixels_HW.astype(pixels_HW.dtype.newbyteorder("="), copy=False)
        grey_HW: NDArray[np.uint8] = table[native_HW.view(f"u{native_HW.itemsize}")]
        return grey_HW

    return convert


def _list_values(layout: Layout) -> NDArray[Any]:
    """Return each value that a pixel can have, in the order of its unsigned bits."""
    bytes_per_pixel = layout.bits_allocated // BYTE
    values = np.arange(1 << layout.bits_allocated, dtype=f"u{bytes_per_pixel}")
    return values.view(f"i{bytes_per_pixel}") if layout.signed else values


def _make_palette(layout: Layout, elements: Elements) -> NDArray[np.uint8]:
    colours_1N3 = apply_color_lut(_list_values(layout)[np.newaxis], elements.dataset)
    # A colour has 8 or 16 bits; of 16 bits the upper 8 are kept, unless only the lower ones are used.
    if colours_1N3.dtype != np.uint8:
        colours_1N3 = colours_1N3 >> BYTE if colours_1N3.max() > LARGEST_GREY else colours_1N3
    grey_1N = _weigh_colours(colours_1N3.astype(np.uint8), BYTE)
    return grey_1N.ravel()


def _make_grey_table(layout: Layout, elements: Elements, read_range: ReadRange) -> NDArray[np.uint8]:
    """Return the grey level of each value that a pixel can have: by the window, or else by `BitsStored`."""
    values = _list_values(layout)
    if layout.bits_allocated > BYTE and _has_window(elements):
        try:
            return _apply_window(values, elements.dataset)
        except Exception:  # noqa: BLE001 - each kind of damage raises something else
            elements.warn(f"the window (WindowCenter and WindowWidth) is malformed, {UNUSED}")
    lowest = -(1 << (layout.bits_stored - 1)) if layout.signed else 0
    highest = lowest + (1 << layout.bits_stored) - 1
    if layout.bits_stored > BYTE:
        lowest, highest = _narrow(lowest, highest, elements, read_range)
    return _scale(values.astype(np.float64), lowest, highest)


def _narrow(lowest: int, highest: int, elements: Elements, read_range: ReadRange) -> tuple[int, int]:
    """Return the range that the pixels use if it is a small part of what they can have; otherwise all of it."""
    used = read_range()
    if used is None or not 0 < used[1] - used[0] < SMALL_SHARE * (highest - lowest):
        return lowest, highest
    elements.warn(
        f"has no window, and its pixels are only {used[0]:,} to {used[1]:,} of {lowest:,} to {highest:,}; this range "
        "is shown as black to white"
    )
    return used


def _has_window(elements: Elements) -> bool:
    return "VOILUTSequence" in elements or ("WindowCenter" in elements and "WindowWidth" in elements)


def _apply_window(values: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """Apply the rescaling, then the table of values of interest or the first window (PS3.3 C.11.1 and C.11.2).

    pydicom's windows end in the range of the stored values. The data set with 8 bits makes them end in 0 to 255.
    """
    rescaled = apply_modality_lut(values, dataset)
    window = _copy_window(dataset)
    if "VOILUTSequence" in window:
        bits = int(window.VOILUTSequence[0].LUTDescriptor[2])
        return _scale(apply_voi_lut(rescaled.astype(np.int64), window), 0, (1 << bits) - 1)
    if not math.isfinite(_first(window.WindowCenter) + _first(window.WindowWidth)):
        raise ValueError("a window of no size")
    return _scale(apply_voi_lut(rescaled, window), 0, LARGEST_GREY)


def _copy_window(dataset: Dataset) -> Dataset:
    window = Dataset()
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"):
        if dataset.get(keyword) not in (None, ""):
            window[keyword] = dataset[keyword]
    window.PhotometricInterpretation, window.PixelRepresentation, window.BitsStored = "MONOCHROME2", 0, BYTE
    implicit, little = dataset.original_encoding
    window.set_original_encoding(implicit, little)
    return window


def _first(value: float | MultiValue[float]) -> float:
    return float(value[0]) if isinstance(value, MultiValue) else float(value)


def _scale(values: NDArray[Any], lowest: float, highest: float) -> NDArray[np.uint8]:
    """Return values as grey levels from 0 for the lowest to 255 for the highest."""
    shares = (values.astype(np.float64) - lowest) / max(highest - lowest, 1)
    return np.rint(np.clip(shares, 0, 1) * LARGEST_GREY).astype(np.uint8)
