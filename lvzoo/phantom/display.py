"""The display: scan conversion at the machine's own size, marks, compression, and resizing to 112 x 112.

The marks are what a machine writes into the picture. They depend on the sector only, never on the heart.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.phantom.fields import Map
from lvzoo.phantom.ranges import Ranges
from lvzoo.phantom.rng import branch
from lvzoo.phantom.scan import Scan
from lvzoo.types import FRAME_SIZE_HW

Picture: TypeAlias = NDArray[np.uint8]

HEIGHT, WIDTH = FRAME_SIZE_HW
SCALE = 2
"""Samples of the marks' canvas per pixel of the frame."""
FRACTION_BITS = 4
"""Of the fixed-point coordinates that OpenCV's drawing functions take."""
LATTICE = (3, 5)
"""Columns and rows of the grid of points that a letter's strokes connect."""


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
        self._beam, self._depth, outside = scan.beams_at(x, y)
        self._sector = np.where(outside, np.uint8(0), np.uint8(255))
        # A mirrored display reads the beams from right to left.
        if scan.mirrored:
            self._beam, self._depth, self._sector = (
                np.ascontiguousarray(each[:, ::-1]) for each in (self._beam, self._depth, self._sector)
            )
        marks = draw_marks(branch(rng), scan.as_displayed(), ranges)
        # Shrinking the marks' canvas averages, enlarging it interpolates.
        kind = cv2.INTER_AREA if side < marks.shape[0] else cv2.INTER_LINEAR
        self._marks = cv2.resize(marks, (side, side), interpolation=kind)
        self._marked = bool(self._marks.any())

    def show(self, grey: Map) -> NDArray[np.uint8]:
        """Turn grey levels 0..1 on the polar grid into the frame, (112, 112) uint8."""
        levels = np.rint(255 * grey).astype(np.uint8)
        shown = cv2.remap(levels, self._beam, self._depth, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        shown = cv2.bitwise_and(shown, self._sector)
        if self._marked:
            shown = cv2.max(shown, self._marks)
        shown = self._compress(shown)
        if shown.shape != FRAME_SIZE_HW:
            shown = cv2.resize(shown, FRAME_SIZE_HW[::-1], interpolation=self._shrink)
        return np.asarray(shown, dtype=np.uint8)

    def _compress(self, shown: NDArray[Any]) -> NDArray[Any]:
        """Encode the picture as a JPEG and decode it again, if this patient's clip was stored as JPEGs."""
        if self._quality is None:
            return shown
        _, jpeg = cv2.imencode(".jpg", shown, (cv2.IMWRITE_JPEG_QUALITY, self._quality))
        decoded = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
        assert decoded is not None  # noqa: S101 - we have just encoded it
        return decoded


def draw_marks(rng: Generator, scan: Scan, ranges: Ranges) -> Picture:
    """Draw the marks on a black canvas of twice the frame's size."""
    canvas = np.zeros((SCALE * HEIGHT, SCALE * WIDTH), np.uint8)
    marks, text = ranges.marks.draw(rng), ranges.text.draw(rng)
    trace, outline = ranges.trace.draw(rng), ranges.outline.draw(rng)
    levels = [ranges.mark_level.draw(rng) for _ in range(5)]
    # Each kind of mark has a stream of its own, so that one of them does not change what the others look like.
    for_marks, for_text, for_trace = (branch(rng) for _ in range(3))
    if outline:
        _draw_outline(canvas, scan, 0.7 * levels[0])
    if marks:
        _draw_depth_marks(for_marks, canvas, scan, ranges, levels[1])
        _draw_probe_marker(for_marks, canvas, scan, ranges, levels[2])
    if text:
        _write_text(for_text, canvas, ranges, levels[3])
    if trace:
        _draw_trace(for_trace, canvas, ranges, levels[4])
    return canvas


def _draw_depth_marks(rng: Generator, canvas: Picture, scan: Scan, ranges: Ranges, level: float) -> None:
    """Draw dots at equal steps of depth, in a column of the frame or along the sector's right edge."""
    step, along_edge = ranges.mark_step_px.draw(rng), ranges.marks_on_edge.draw(rng)
    column = ranges.mark_column_px.draw(rng)
    slope = np.tan(scan.steer_rad + scan.half_angle_rad)
    for row in np.arange(scan.apex_px[1], HEIGHT - 1, step):
        x = scan.apex_px[0] + slope * (row - scan.apex_px[1]) + 2 if along_edge else column
        if 0 <= x < WIDTH - 1:
            _draw_line(canvas, np.array([[x, row], [x + 1, row]]), level)


def _draw_probe_marker(rng: Generator, canvas: Picture, scan: Scan, ranges: Ranges, level: float) -> None:
    x, y = scan.apex_px[0] + ranges.marker_px.draw(rng), max(scan.apex_px[1], 2.0)
    radius = round(SCALE * ranges.marker_radius_px.draw(rng))
    cv2.circle(canvas, (round(SCALE * x), round(SCALE * y)), radius, 255 * level, -1, cv2.LINE_AA)


def _draw_outline(canvas: Picture, scan: Scan, level: float) -> None:
    angles = np.linspace(-1, 1, 40) * scan.half_angle_rad + scan.steer_rad
    arc_P2 = np.array(scan.apex_px) + scan.last_px * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    _draw_line(canvas, np.concatenate([[scan.apex_px], arc_P2, [scan.apex_px]]), level)


def _write_text(rng: Generator, canvas: Picture, ranges: Ranges, level: float) -> None:
    """Write a few short lines of invented letters into a corner."""
    left, top, size = ranges.text_left.draw(rng), ranges.text_top.draw(rng), ranges.text_px.draw(rng)
    for line in range(1 + ranges.text_lines.draw(rng)):
        scribble = branch(rng)
        letters, step_px = 2 + ranges.text_letters.draw(scribble), 4.2 * size
        x = 2 if left else WIDTH - 3 - letters * step_px
        y = 3 + 7 * size * line if top else HEIGHT - 8 - 7 * size * line
        for letter in range(letters):
            points_P2 = scribble.integers(0, LATTICE, size=(int(scribble.integers(3, 6)), 2))
            _draw_line(canvas, np.array([x + letter * step_px, y]) + size * points_P2, level)


def _draw_trace(rng: Generator, canvas: Picture, ranges: Ranges, level: float) -> None:
    """Draw a line like an electrocardiogram along the bottom; its beats are not synchronous with the heart's."""
    x = np.arange(WIDTH, dtype=np.float64)
    phase = (x / ranges.trace_beat_px.draw(rng) + rng.random()) % 1.0
    # R peak, S dip, T wave and P wave, as Gaussians of the phase.
    wave = 1.0 * np.exp(-(((phase - 0.3) / 0.02) ** 2)) - 0.25 * np.exp(-(((phase - 0.35) / 0.03) ** 2))
    wave += 0.25 * np.exp(-(((phase - 0.62) / 0.07) ** 2)) + 0.12 * np.exp(-(((phase - 0.15) / 0.04) ** 2))
    y = ranges.trace_row_px.draw(rng) - ranges.trace_px.draw(rng) * wave
    _draw_line(canvas, np.stack([x, y], axis=1), level)


def _draw_line(canvas: Picture, points_P2: NDArray[np.floating], level: float) -> None:
    # The centre of pixel (0, 0) of the frame lies between the first two samples of the canvas.
    corners = np.rint((points_P2 * SCALE + 0.5) * 2**FRACTION_BITS).astype(np.int32)
    cv2.polylines(canvas, [corners], False, 255 * level, 1, cv2.LINE_8, FRACTION_BITS)
