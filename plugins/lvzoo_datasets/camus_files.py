"""Reads CAMUS's pictures with their labels, and what the labels say: cavity, mitral valve, size of a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lvzoo.data.clips.clip import Frame, report_damage
from lvzoo.data.clips.nifti.header import read_header, read_region
from lvzoo.data.clips.nifti.labels import read_labels
from lvzoo.data.clips.nifti.reader import open_nifti
from lvzoo.data.mask_contour import keep_largest_piece
from lvzoo.data.opencv import cv2
from lvzoo.errors import DataError

CAVITY: Final = 1
ATRIUM: Final = 3
KNOWN: Final = (0, CAVITY, 2, ATRIUM)
"""Background, the left ventricle's cavity, its myocardium, the left atrium."""
SUFFIXES: Final = (".nii.gz", ".nii")
SQUARE: Final = 1.01
"""Pixels with sides that differ by less than this factor count as square."""
TOUCHING: Final = np.ones((3, 3), dtype=np.bool_)
LEAST_VALVE_SHARE: Final = 0.25
"""A line between cavity and atrium that is shorter than this share of the cavity's width shows no whole valve."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """The pictures of a file and the cavity in each, on square pixels; `annuli` are None without a left atrium."""

    grey: Sequence[NDArray[np.uint8]]
    cavities: Sequence[NDArray[np.bool_]]
    annuli: Sequence[NDArray[np.float64] | None]
    spacing_mm: float | None
    oblong: str
    """The size of a pixel in the file, if it is not square; else empty."""
    other_labels: Sequence[int]
    lengths: tuple[int, int]
    """How many frames the pictures and the labels have; the lists above are as long as the shorter of both."""


def find_file(folder: Path, stem: str) -> Path | None:
    """Return the NIfTI file of this name, compressed or not; None if there is none."""
    paths = [folder / f"{stem}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), None)


def read_labelled(picture: Path, labels: Path) -> Labelled:
    """Read pictures and their labels.

    Raises:
        DataError: nibabel is not installed, or a file cannot be read.
    """
    with report_damage(picture):
        grey = [frame.grey_HW for frame in open_nifti(picture, fps=None).read() if isinstance(frame, Frame)]
        header = read_header(picture)
    with report_damage(labels):
        maps = read_labels(labels)
    count = min(len(grey), len(maps))
    if not count:
        raise DataError(f"{picture}: none of its frames decodes; check that the file is complete")
    spacing_mm = read_region(header).spacing_mm
    scale = _Scale(header.spacing, (grey[0].shape[0], grey[0].shape[1]))
    others = sorted({int(value) for labels_HW in maps[:count] for value in np.unique(labels_HW)} - set(KNOWN))
    return Labelled(
        grey=[scale.resize(grey_HW) for grey_HW in grey[:count]],
        cavities=[scale.resize_mask(labels_HW == CAVITY) for labels_HW in maps[:count]],
        annuli=[scale.move(find_valve(labels_HW)) for labels_HW in maps[:count]],
        spacing_mm=None if spacing_mm is None else max(spacing_mm),
        oblong=scale.oblong,
        other_labels=others,
        lengths=(len(grey), len(maps)),
    )


def find_valve(labels_HW: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Return the two ends (2, 2) of the line along which cavity and left atrium touch, the left one first.

    Points are (x, y) px: centres of the cavity's pixels at the mitral valve. Of both structures, the largest piece
    counts. None if there is no such line, or if it is too short to be a valve.
    """
    # Both structures take up a small part of the picture, and the rest would only take time.
    boxes = ndimage.find_objects(np.isin(labels_HW, (CAVITY, ATRIUM)).astype(np.uint8))
    if not boxes:
        return None
    box = boxes[0]
    cavity_HW = keep_largest_piece(labels_HW[box] == CAVITY)
    atrium_HW = keep_largest_piece(labels_HW[box] == ATRIUM)
    rows, columns = np.nonzero(cavity_HW & ndimage.binary_dilation(atrium_HW, TOUCHING))
    if len(rows) < 2:
        return None
    points_P2 = np.stack([columns + box[1].start, rows + box[0].start], axis=1).astype(np.float64)
    centred_P2 = points_P2 - points_P2.mean(axis=0)
    along_P = centred_P2 @ np.linalg.svd(centred_P2.T @ centred_P2)[0][:, 0]  # along the line's direction
    ends_22 = points_P2[[int(np.argmin(along_P)), int(np.argmax(along_P))]]
    width = float(np.ptp(np.flatnonzero(cavity_HW.any(axis=0)))) + 1
    if np.linalg.norm(ends_22[1] - ends_22[0]) < LEAST_VALVE_SHARE * width:
        return None
    return np.asarray(ends_22[np.argsort(ends_22[:, 0], kind="stable")])


class _Scale:
    """Resizes pictures with oblong pixels to square ones of the longer side's length; leaves others as they are."""

    def __init__(self, spacing: tuple[float, float], size_HW: tuple[int, int]) -> None:
        width, height = spacing
        self.size_HW = size_HW
        self.new_HW = size_HW
        self.oblong = ""
        usable = np.isfinite(spacing).all() and min(spacing) > 0
        if usable and max(spacing) / min(spacing) >= SQUARE:
            longer = max(spacing)
            self.new_HW = (
                max(round(size_HW[0] * height / longer), 1),
                max(round(size_HW[1] * width / longer), 1),
            )
            self.oblong = f"{width:g} x {height:g}"

    def resize(self, grey_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture on square pixels."""
        if not self.oblong:
            return grey_HW
        return np.asarray(
            cv2.resize(grey_HW, self.new_HW[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8
        )

    def resize_mask(self, mask_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask on square pixels; a mask of another size than the picture's is returned as it is."""
        if not self.oblong or mask_HW.shape != self.size_HW:
            return mask_HW
        share_HW = cv2.resize(mask_HW.astype(np.float32), self.new_HW[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(share_HW >= 0.5, dtype=np.bool_)

    def move(self, points_P2: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        """Return points (x, y) px of the picture as px of the resized one."""
        if points_P2 is None:
            return None
        # The centre of a pixel lies half a pixel from its edges, and the edges are those of the resized picture.
        factors_2 = np.array(self.new_HW[::-1]) / np.array(self.size_HW[::-1])
        return np.asarray((points_P2 + 0.5) * factors_2 - 0.5)
