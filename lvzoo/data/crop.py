"""Crops a clip's frames to the square that a model sees, and puts the model's masks back onto the clip.

A model expects frames of 112 x 112 that show only the ultrasound sector. A clip straight from a machine is larger and
has text and scales around its sector. These are blackened, and the square around the sector is resized to 112 x 112,
in the same way as EchoNet-Dynamic was made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.geometry.sector import fit_sector, scan_mask
from lvzoo.types import FRAME_SIZE_HW, Sector


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """The square around the sector, in pixels of the clip; parts of it may lie outside the frame."""

    left: int
    top: int
    side: int
    sector: Sector


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoCrop:
    """The square to which the pictures of a video are cropped (None: they are used whole), and the sector in it."""

    crop: Crop | None
    sector: Sector


def find_crop(sample_NHW: NDArray[np.uint8]) -> Crop | None:
    """Return the square around the sector that a few frames of a clip show.

    Return None if the frames are 112 x 112: a model takes them as they are.
    """
    if sample_NHW.shape[1:] == FRAME_SIZE_HW:
        return None
    return _square_around(fit_sector(sample_NHW))


def fit_video_crop(sample_NHW: NDArray[np.uint8]) -> VideoCrop:
    """Return the crop of a video, and the sector that its cropped frames (112, 112) show, fitted to a few frames."""
    crop = find_crop(sample_NHW)
    crop_frame = make_cropper(crop, (sample_NHW.shape[1], sample_NHW.shape[2]))
    sector = fit_sector(np.stack([crop_frame(frame_HW) for frame_HW in sample_NHW]))
    return VideoCrop(crop=crop, sector=sector)


def make_cropper(
    crop: Crop | None, size_HW: tuple[int, int]
) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """Return the function that turns a frame of this size into the frame (112, 112) that a model sees."""
    if crop is None:
        return lambda frame_HW: frame_HW
    scanned = _cut(scan_mask(crop.sector, size_HW).astype(np.uint8), crop)

    def crop_frame(frame_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
        # Blacken everything outside the sector before the resizing mixes it with the pixels inside.
        square = _cut(frame_HW, crop) * scanned
        return np.asarray(
            cv2.resize(square, FRAME_SIZE_HW[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8
        )

    return crop_frame


def uncrop(mask_HW: NDArray[np.bool_], crop: Crop | None, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a model's mask on the clip's own grid."""
    if crop is None:
        return mask_HW
    square = cv2.resize(mask_HW.astype(np.float32), (crop.side, crop.side), interpolation=cv2.INTER_LINEAR)
    whole_HW = np.zeros(size_HW, dtype=np.bool_)
    in_square, in_frame = _overlap(crop, size_HW)
    whole_HW[in_frame] = square[in_square] >= 0.5
    return whole_HW


def crop_points(points_P2: NDArray[np.floating], crop: Crop | None) -> NDArray[np.float64]:
    """Return points (x, y) px of the clip as px of the frame (112, 112) that the model saw."""
    points: NDArray[np.float64] = np.asarray(points_P2, dtype=np.float64)
    if crop is None:
        return points
    # The centre of a pixel lies half a pixel from its edges, and the edges of the square are those of the frame.
    return (points + 0.5 - (crop.left, crop.top)) * FRAME_SIZE_HW[0] / crop.side - 0.5


def uncrop_points(points_P2: NDArray[np.floating], crop: Crop | None) -> NDArray[np.float64]:
    """Return points (x, y) px of the frame (112, 112) that the model saw as px of the clip."""
    points: NDArray[np.float64] = np.asarray(points_P2, dtype=np.float64)
    if crop is None:
        return points
    return (points + 0.5) * find_scale(crop) - 0.5 + (crop.left, crop.top)


def find_scale(crop: Crop | None) -> float:
    """Return how many px of the clip a px of the frame (112, 112) is that the model saw."""
    return 1.0 if crop is None else crop.side / FRAME_SIZE_HW[0]


def crop_mask(mask_HW: NDArray[np.bool_], crop: Crop | None) -> NDArray[np.bool_]:
    """Return a mask of the clip on the grid (112, 112) that the model saw: the inverse of `uncrop`, but for rounding.

    Raises:
        ValueError: the mask is not 112 x 112, although the clip was not cropped.
    """
    if crop is None:
        if mask_HW.shape != FRAME_SIZE_HW:
            raise ValueError(f"a mask of {mask_HW.shape} without a crop")
        return mask_HW
    square = _cut(mask_HW.astype(np.uint8) * np.uint8(255), crop)
    return np.asarray(
        cv2.resize(square, FRAME_SIZE_HW[::-1], interpolation=cv2.INTER_AREA) >= 128, dtype=np.bool_
    )


def holds_mask(crop: Crop, mask_HW: NDArray[np.bool_]) -> bool:
    """Return whether the whole mask lies within the square of a crop."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    return bool(
        rows[0] >= crop.top
        and rows[-1] < crop.top + crop.side
        and columns[0] >= crop.left
        and columns[-1] < crop.left + crop.side
    )


def _square_around(sector: Sector) -> Crop:
    """Return the smallest square that holds the sector, with the same top and the same middle from left to right."""
    xs, ys = zip(*sector.hull_px, strict=True)
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    side = math.ceil(max(right - left, bottom - top)) + 1
    return Crop(left=round((left + right + 1 - side) / 2), top=math.floor(top), side=side, sector=sector)


def _cut(frame_HW: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    """Return the pixels of the square; those outside the frame are black."""
    square = np.zeros((crop.side, crop.side), dtype=np.uint8)
    in_square, in_frame = _overlap(crop, (frame_HW.shape[0], frame_HW.shape[1]))
    square[in_square] = frame_HW[in_frame]
    return square


def _overlap(crop: Crop, size_HW: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the overlap of square and frame: as rows and columns of the square, and of the frame."""
    starts = (crop.top, crop.left)
    spans = [
        (max(start, 0), min(start + crop.side, size)) for start, size in zip(starts, size_HW, strict=True)
    ]
    rows, columns = (slice(low, high) for low, high in spans)
    square_rows, square_columns = (
        slice(low - start, high - start) for start, (low, high) in zip(starts, spans, strict=True)
    )
    return (square_rows, square_columns), (rows, columns)
