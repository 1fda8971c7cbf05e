"""Draws one picture of many simulated patients, to show what the phantom's frames look like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.errors import DataError, UsageError
from lvzoo.files import atomic_file
from lvzoo.phantom.clip import Clip, simulate
from lvzoo.phantom.ranges import ranges_of
from lvzoo.phantom.rng import GENERATOR_VERSION

COLUMNS: Final = 8
ROWS: Final = 4
SCALE: Final = 2
HEAD_PX: Final = 24
YELLOW_BGR: Final = (0, 255, 255)
SMALLEST_PNG: Final = 9
SHADES: Final = 64
"""Grey levels of the picture: fewer than in the frames, because speckle compresses badly. It is not visible."""


def draw_sheet(
    out: Path,
    *,
    seed: int = 0,
    shift: str | None = None,
    contours: bool = False,
    on_video: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a PNG of the end-diastolic frames of a phantom's first 32 training patients; return its path.

    With `contours`, each frame is followed by a copy with the true contour; the picture then holds 16 patients.

    Raises:
        UsageError: there is no such shift, or `out` does not end in .png.
        DataError: `out` exists, or cannot be written.
    """
    if out.suffix.lower() != ".png":
        raise UsageError(f"{out}: the picture is a PNG; name it {out.with_suffix('.png').name}")
    if out.exists():
        raise DataError(f"{out}: exists; name another file")
    ranges = ranges_of(shift)
    patients = COLUMNS * ROWS // (2 if contours else 1)
    tiles: list[NDArray[np.uint8]] = []
    for index in range(patients):
        clip = simulate(seed=seed, split="train", index=index, ranges=ranges)
        tiles.append(_draw_frame(clip))
        if contours:
            tiles.append(_draw_contour(clip))
        if on_video is not None:
            on_video(index + 1, patients)
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    head = _draw_header(
        f"{GENERATOR_VERSION}{f', shift {shift}' if shift else ''}, seed {seed}: synthetic", rows[0]
    )
    with atomic_file(out) as temporary:
        picture = np.vstack([head, *rows])
        shown = picture if contours else picture[..., 0]
        if not cv2.imwrite(str(temporary), shown, (cv2.IMWRITE_PNG_COMPRESSION, SMALLEST_PNG)):
            raise DataError(f"{out}: opencv cannot write this picture; is there space on the disk?")
    return out


def _draw_frame(clip: Clip) -> NDArray[np.uint8]:
    """Return the end-diastolic frame, enlarged and with fewer grey levels."""
    step = 256 // SHADES
    frame = (clip.frames_NHW[clip.beat.ed_frame] // step * step).repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _draw_contour(clip: Clip) -> NDArray[np.uint8]:
    """Return the same tile with the true contour, closed by the mitral line."""
    tile = _draw_frame(clip)
    corners = np.rint((clip.contours_NP2[clip.beat.ed_frame] + 0.5) * SCALE - 0.5).astype(np.int32)
    cv2.polylines(tile, [corners], True, YELLOW_BGR, 1, cv2.LINE_AA)
    return tile


def _draw_header(words: str, row: NDArray[np.uint8]) -> NDArray[np.uint8]:
    strip = np.zeros((HEAD_PX, *row.shape[1:]), np.uint8)
    cv2.putText(strip, words, (8, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return strip
