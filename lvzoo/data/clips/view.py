"""Finds the part of a clip's picture that may be shown: the sector, without the text and traces around it.

Scanners write the patient's name into the picture, beside the sector. Therefore everything that shows frames
(overlays, pages, exported pictures) shows the sector alone, unless the user asked for the whole picture.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.crop import Crop
from lvzoo.data.opencv import cv2
from lvzoo.geometry.sector import scan_mask, standard_sector
from lvzoo.types import FRAME_SIZE_HW, Sector
from lvzoo.types.answer import View

MARGIN: Final = 0.01
"""The width of the rim around the sector that is shown too, as a share of the longer side of its bounding box. The
sector's edges are found to a few pixels, and the eye looks for an edge that has been cut off."""


def find_view(size_HW: tuple[int, int], crop: Crop | None, *, whole_picture: bool) -> View:
    """Return the part of a clip's picture that is shown: the sector and a rim of 1 % of its size.

    A clip of 112 x 112 is shown whole, because such clips have been cropped to their sector before. If no sector was
    found in another clip, only the standard sector is shown: the bright pixels, to which such a clip is cropped for
    the model, may be text.
    """
    if whole_picture or size_HW == FRAME_SIZE_HW:
        return View(left=0, top=0, width=size_HW[1], height=size_HW[0])
    sector = crop.sector if crop is not None and crop.sector.fitted else standard_sector(size_HW)
    shown_HW = _add_rim(scan_mask(sector, size_HW), _find_rim(sector))
    rows, columns = np.flatnonzero(shown_HW.any(axis=1)), np.flatnonzero(shown_HW.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return View(
        left=left,
        top=top,
        width=int(columns[-1]) + 1 - left,
        height=int(rows[-1]) + 1 - top,
        shown_HW=shown_HW,
    )


def _find_rim(sector: Sector) -> int:
    """Return the width of the rim in px."""
    columns, rows = zip(*sector.hull_px, strict=True)
    return math.ceil(MARGIN * float(max(max(columns) - min(columns), max(rows) - min(rows))))


def _add_rim(mask_HW: NDArray[np.bool_], rim_px: int) -> NDArray[np.bool_]:
    square = np.ones((2 * rim_px + 1, 2 * rim_px + 1), dtype=np.uint8)
    return np.asarray(cv2.dilate(mask_HW.astype(np.uint8), square), dtype=np.bool_)
