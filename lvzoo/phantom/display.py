"""The display: scan conversion at the machine's own size, marks, compression, and resizing to 112 x 112."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.phantom.marks import draw_marks
from lvzoo.phantom.rng import branch
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from cv2.typing import MatLike
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lvzoo.phantom.fields import Map
    from lvzoo.phantom.ranges import Ranges
    from lvzoo.phantom.scan import Scan


class Display:
    """One machine's display of one clip."""

    def __init__(self, rng: Generator, scan: Scan, ranges: Ranges) -> None:
        side = round(ranges.native_px.draw(rng))
        cubic, compressed = ranges.cubic.draw(rng), ranges.compressed.draw(rng)
        quality = round(ranges.jpeg_quality.draw(rng))
        self._shrink = cv2.INTER_CUBIC if cubic or side < FRAME_SIZE_HW[0] else cv2.INTER_AREA
        self._quality = quality if compressed else None
        # Where the centre of each pixel of the machine's picture lies in the 112 x 112 frame, px.
        places = ((np.arange(side, dtype=np.float32) + 0.5) * (FRAME_SIZE_HW[0] / side) - 0.5).astype(
            np.float32
        )
        x, y = np.meshgrid(places, places)
        self._beam, self._depth, self._outside = scan.beams_at(x, y)
        marks = draw_marks(branch(rng), scan, ranges)
        # Marks are drawn on a canvas of twice the frame's size; shrinking averages, enlarging interpolates.
        kind = cv2.INTER_AREA if side < marks.shape[0] else cv2.INTER_LINEAR
        self._marks = cv2.resize(marks, (side, side), interpolation=kind)
        self._marked = bool(self._marks.any())

    def show(self, grey: Map) -> NDArray[np.uint8]:
        """Turn grey levels 0..1 on the polar grid into the frame, (112, 112) uint8."""
        levels = np.rint(255 * grey).astype(np.uint8)
        shown = cv2.remap(levels, self._beam, self._depth, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        shown[self._outside] = 0
        if self._marked:
            shown = cv2.max(shown, self._marks)
        shown = self._compress(shown)
        if shown.shape != FRAME_SIZE_HW:
            shown = cv2.resize(shown, FRAME_SIZE_HW[::-1], interpolation=self._shrink)
        return np.asarray(shown, dtype=np.uint8)

    def _compress(self, shown: MatLike) -> MatLike:
        """Encode the picture as a JPEG and decode it again, if this patient's clip was stored as JPEGs."""
        if self._quality is None:
            return shown
        _, jpeg = cv2.imencode(".jpg", shown, (cv2.IMWRITE_JPEG_QUALITY, self._quality))
        decoded = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
        assert decoded is not None  # noqa: S101 - we have just encoded it
        return decoded
