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
