"""Writes the folder of a clip's results, frame by frame: masks as PNG files, and a video of the outlines.

Also says which clips have results already, and which folder is free for the next.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import DataError, UsageError
from lvzoo.files import PREDICTION

FALLBACK_FPS: Final = 30.0
"""The frame rate of the overlay video if that of the clip is not known."""
OVERLAY_FPS: Final = (1.0, 1000.0)
"""The frame rates that an overlay video can have. A slower clip plays at the first, a faster one at the second."""
OVERLAY_SIDE: Final = 448
"""The least height and width of the overlay video in pixels. Small clips are enlarged."""
MOST_OVERLAY_SIDE: Final = 4096
"""No clip is enlarged beyond this height or width in pixels."""
THINNEST: Final = 1 / 500
"""Thickness of the outline, as a share of the overlay's shorter side, so that it is seen in large clips too."""
AREAS: Final = "areas.csv"
"""The area of each frame's mask, in a folder of results."""
UNREADABLE: Final = (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError)
"""What reading the description of results raises if it is damaged, or of an older version."""
CONTOUR_BGR: Final = (80, 220, 80)


class ClipWriter:
    """Writes `masks/00000.png` ... and `overlay.avi` into a folder, one frame at a time.

    A mask is 255 inside, has the size of the clip, and is named by the number of its frame in the file.
    """

    def __init__(self, folder: Path, *, size_HW: tuple[int, int], fps: float | None) -> None:
        self.masks, self.overlay = folder / "masks", folder / "overlay.avi"
        self.masks.mkdir()
        rows, columns = size_HW
        self.zoom = max(
            1, min(-(-OVERLAY_SIDE // min(rows, columns)), MOST_OVERLAY_SIDE // max(rows, columns))
        )
        size = (columns * self.zoom, rows * self.zoom)
        rate = FALLBACK_FPS if fps is None else min(max(fps, OVERLAY_FPS[0]), OVERLAY_FPS[1])
        self.video = cv2.VideoWriter(str(self.overlay), cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
        if not self.video.isOpened():
            raise DataError(
                f"{folder.parent}: an overlay video of {size[0]} x {size[1]} cannot be written here; check that the "
                "disk is not full"
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


def check_results_folder(out: Path) -> None:
    """Raise an error if OpenCV cannot write into a folder of this name: it needs names in UTF-8.

    Raises:
        UsageError: the name is not UTF-8.
    """
    try:
        str(out.absolute()).encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{out}: is not UTF-8, so no video can be written there; name another --out"
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a folder of results was made from. Equal ones give equal results."""

    name: str
    """Name of the clip's file, or of the folder or pattern of its pictures. A renamed copy is another clip."""
    clip: str
    """SHA-256 of the clip's content."""
    weights: tuple[str, ...]
    """SHA-256 of each model's weights file."""
    fps: float | None
    """The frame rate that the user stated."""
    smoothing_ms: float | None = None
    """Standard deviation of the smoothing in time that was asked for; None: no smoothing."""
    tta: bool = False
    """Whether moved copies of each frame were averaged (test-time augmentation)."""


def find_results(out: Path) -> dict[Made, tuple[Path, Mapping[str, Any]]]:
    """Return the folders in `out` that hold whole results, each with its description, by what they were made from.

    If a mask or the table of areas is gone, the results do not count, so that the clip is predicted again.
    """
    found: dict[Made, tuple[Path, Mapping[str, Any]]] = {}
    for path in sorted(out.glob(f"*/{PREDICTION}")):
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            if _are_whole(path.parent, about["frames"]):
                found[_read_made(about["made from"])] = path.parent, about
        except UNREADABLE:
            continue
    return found


def _are_whole(folder: Path, frames: int) -> bool:
    """Return whether a folder of results has its table of areas, and a mask for each frame."""
    return (folder / AREAS).is_file() and len(list((folder / "masks").glob("*.png"))) == frames


def _read_made(made: Mapping[str, Any]) -> Made:
    """Read what results were made from. Earlier versions used one model, did not smooth, and averaged no copies."""
    weights = made["weights"]
    return Made(
        name=made["name"],
        clip=made["clip"],
        weights=(weights,) if isinstance(weights, str) else tuple(weights),
        fps=made["fps"],
        smoothing_ms=made.get("smoothing_ms"),
        tta=made.get("tta", False),
    )


def keep_results(working: Path, out: Path, name: str) -> Path:
    """Rename a finished folder to the first free one of `out/NAME`, `out/NAME-2`, ... and return it.

    Another process may take a name at the same time; then the next one is used.
    """
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    for folder in (out / each for each in names):
        if os.path.lexists(folder):
            continue
        try:
            return working.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    raise AssertionError  # the numbers do not end


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
    thickness = max(1, zoom // 2, round(THINNEST * min(size)))
    cv2.drawContours(picture, outlines, -1, CONTOUR_BGR, thickness=thickness, lineType=cv2.LINE_AA)
    return np.asarray(picture, dtype=np.uint8)
