"""Writes video files with OpenCV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def write_video(path: Path, frames: NDArray[np.uint8], *, codec: str = "MJPG", fps: float = 50.0) -> Path:
    """Write frames (N, H, W), or (N, H, W, BGR), and return the path."""
    rows, columns = frames.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (columns, rows))
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame if frame.ndim == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def sector_frames(count: int, size_HW: tuple[int, int]) -> NDArray[np.uint8]:
    """Return frames with a bright sector right of the middle, and text beside it."""
    frames = np.zeros((count, *size_HW), dtype=np.uint8)
    fan = np.array([[200, 20], [120, 190], [160, 210], [200, 215], [240, 210], [280, 190]], dtype=np.int32)
    rng = np.random.default_rng(0)
    for frame in frames:
        cv2.fillPoly(frame, [fan], 120)
        frame[frame > 0] = rng.integers(60, 180, int((frame > 0).sum()), dtype=np.uint8)
        cv2.putText(frame, "EF", (5, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2)
    return frames
