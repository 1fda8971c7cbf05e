"""Pictures of the phantom with labels, from which tests write small data sets in other layouts."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.sector import fit_sector
from lvzoo.phantom.clip import simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import Sector

SIZE_HW: Final = (248, 300)
"""Not square, so that swapped axes are noticed."""
CORNER_XY: Final = (52, 10)
SCALE: Final = 2
ATRIUM_PX: Final = 30.0
WALL_PX: Final = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Heart:
    """The frames from ED to ES, and their labels: 1 cavity, 2 myocardium, 3 left atrium."""

    grey_NHW: NDArray[np.uint8]
    labels_NHW: NDArray[np.uint8]
    contours_NP2: NDArray[np.float64]
    """The true contours, px of the pictures."""


@functools.cache
def make_heart(index: int = 0, *, frames: int = 4) -> Heart:
    """Return a heart of the phantom on pictures of twice the size, beside which there is black."""
    clip = simulate(seed=7, split="train", index=index)
    places = np.rint(np.linspace(clip.beat.ed_frame, clip.beat.es_frame, frames)).astype(int)
    size_WH = tuple(SCALE * side for side in clip.frames_NHW.shape[:0:-1])
    grey_NHW = np.zeros((frames, *SIZE_HW), dtype=np.uint8)
    left, top = CORNER_XY
    for grey_HW, frame_HW in zip(grey_NHW, clip.frames_NHW[places], strict=True):
        large_HW = cv2.resize(frame_HW, size_WH, interpolation=cv2.INTER_LINEAR)
        grey_HW[top : top + size_WH[1], left : left + size_WH[0]] = large_HW
    contours_NP2 = (clip.contours_NP2[places] + 0.5) * SCALE - 0.5 + CORNER_XY
    labels_NHW = np.stack([draw_labels(contour_P2) for contour_P2 in contours_NP2])
    return Heart(grey_NHW=grey_NHW, labels_NHW=labels_NHW, contours_NP2=contours_NP2)


def draw_labels(contour_P2: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the labels of a frame: the wall around the cavity, and the atrium below the mitral valve."""
    cavity_HW = rasterise(contour_P2, SIZE_HW)
    left_2, right_2 = contour_P2[0], contour_P2[-1]
    down_2 = (left_2 + right_2) / 2 - contour_P2[len(contour_P2) // 2]
    down_2 *= ATRIUM_PX / np.linalg.norm(down_2)
    atrium_HW = rasterise(np.stack([left_2, right_2, right_2 + down_2, left_2 + down_2]), SIZE_HW)
    wall_HW = cv2.dilate(cavity_HW.astype(np.uint8), np.ones((WALL_PX, WALL_PX), np.uint8)) > 0
    labels_HW = np.zeros(SIZE_HW, dtype=np.uint8)
    for label, mask_HW in ((2, wall_HW), (3, atrium_HW), (1, cavity_HW)):
        labels_HW[mask_HW] = label
    return labels_HW


_SECTORS: dict[bytes, Sector] = {}


def recall_sector(frames_NHW: NDArray[np.uint8]) -> Sector:
    """Return what `fit_sector` does; it is asked once for the same pictures, because it takes half a second."""
    key = repr(frames_NHW.shape).encode() + frames_NHW.tobytes()
    if key not in _SECTORS:
        _SECTORS[key] = fit_sector(frames_NHW)
    return _SECTORS[key]
