"""Draws what a machine writes into the picture. The marks depend on the sector only, never on the heart."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.phantom.rng import branch
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.random import Generator

    from lvzoo.phantom.ranges import Ranges
    from lvzoo.phantom.scan import Scan

Picture: TypeAlias = NDArray[np.uint8]

HEIGHT, WIDTH = FRAME_SIZE_HW
SCALE = 2
"""Samples of the canvas per pixel of the frame."""
FRACTION_BITS = 4
"""Of the fixed-point coordinates that OpenCV's drawing functions take."""
LATTICE = (3, 5)
"""Columns and rows of the grid of points that a letter's strokes connect."""


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
