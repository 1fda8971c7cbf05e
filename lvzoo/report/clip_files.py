"""Writes what a model predicted for a clip, frame by frame: masks as PNG files, and a video of the outlines."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import DataError

FALLBACK_FPS: Final = 30.0
"""The frame rate of the overlay video if that of the clip is not known."""
OVERLAY_SIDE: Final = 448
"""The least height and width of the overlay video in pixels. Small clips are enlarged."""
CONTOUR_BGR: Final = (80, 220, 80)


class ClipWriter:
    """Writes `masks/00000.png` ... and `overlay.avi` into a folder, one frame at a time.

    A mask is 255 inside, has the size of the clip, and is named by the number of its frame in the file.
    """

    def __init__(self, folder: Path, *, size_HW: tuple[int, int], fps: float | None) -> None:
        self.masks, self.overlay = folder / "masks", folder / "overlay.avi"
        self.masks.mkdir()
        rows, columns = size_HW
        self.zoom = max(1, -(-OVERLAY_SIDE // min(rows, columns)))
        size = (columns * self.zoom, rows * self.zoom)
        self.video = cv2.VideoWriter(
            str(self.overlay), cv2.VideoWriter.fourcc(*"MJPG"), fps or FALLBACK_FPS, size
        )
        if not self.video.isOpened():
            raise DataError(
                f"{self.overlay}: the overlay video cannot be written; check that the disk is not full"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.video.release()

    def add(self, index: int, frame_HW: NDArray[np.uint8], mask_HW: NDArray[np.bool_]) -> None:
        """Write the mask of one frame, and the frame with its outline.

        Raises:
            DataError: the mask cannot be written.
        """
        path = self.masks / name_mask(index)
        if not cv2.imwrite(str(path), mask_HW.astype(np.uint8) * 255):
            raise DataError(f"{path}: cannot be written; check that the disk is not full")
        self.video.write(draw_outline(frame_HW, mask_HW, zoom=self.zoom))


def name_mask(index: int) -> str:
    """Return the file name of the mask of one frame.

    >>> name_mask(7)
    '00007.png'
    """
    return f"{index:05d}.png"


def read_masks(folder: Path) -> NDArray[np.bool_]:
    """Return the masks in a folder as (N, H, W), in the order of the frames.

    Raises:
        DataError: a mask is missing or damaged.
    """
    masks = []
    for path in sorted(folder.glob("*.png"), key=lambda path: int(path.stem)):
        mask_HW = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if mask_HW is None:
            raise DataError(f"{path}: cannot be read; predict the clip again into another --out")
        masks.append(mask_HW > 0)
    if not masks:
        raise DataError(f"{folder}: holds no masks; predict the clip again into another --out")
    return np.stack(masks)


def draw_outline(
    frame_HW: NDArray[np.uint8], mask_HW: NDArray[np.bool_], *, zoom: int = 1
) -> NDArray[np.uint8]:
    """Return a frame (H zoom, W zoom, BGR) with the outline of a mask drawn on it."""
    size = (frame_HW.shape[1] * zoom, frame_HW.shape[0] * zoom)
    grey = cv2.resize(frame_HW, size, interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(mask_HW.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    outlines, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, CONTOUR_BGR, thickness=max(1, zoom // 2), lineType=cv2.LINE_AA)
    return np.asarray(picture, dtype=np.uint8)
