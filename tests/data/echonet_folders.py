"""Writes folders in EchoNet-Dynamic's layout: smooth random frames, and tracings of ventricles."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from lvzoo.data.echonet import EchoNetDynamic
from tests.made_videos import write_video

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.types import FrameSet

Row = tuple[float, float, float, float]
FILE_LIST_HEADER = (
    "FileName",
    "EF",
    "ESV",
    "EDV",
    "FrameHeight",
    "FrameWidth",
    "FPS",
    "NumberOfFrames",
    "Split",
)


def smooth_frames(count: int, *, seed: int, size_HW: tuple[int, int] = (112, 112)) -> NDArray[np.uint8]:
    """Return frames (N, H, W, BGR) that a JPEG keeps well, with a slight chroma, as some real files have.

    No pixel is saturated, because decoders that round the chroma differently differ more where white is cut off.
    """
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        coarse = rng.integers(0, 256, (9, 9, 1)).astype(np.float32)
        chroma = rng.integers(-4, 5, (4, 4, 3)).astype(np.float32)
        size_WH = size_HW[::-1]
        grey = cv2.resize(coarse, size_WH, interpolation=cv2.INTER_CUBIC)[..., None]
        tinted = grey + cv2.resize(chroma, size_WH, interpolation=cv2.INTER_CUBIC)
        frames.append(np.clip(tinted, 16, 239).astype(np.uint8))
    return np.stack(frames)


def ventricle(*, scale: float = 1.0, chords: int = 20, shift_x: float = 0.0) -> list[Row]:
    """Return the rows of an asymmetric ventricle's tracing: the long axis, then chords from apex to base."""
    apex, base = (52.3 + shift_x, 22.4), (60.7 + shift_x, 22.4 + 60 * scale)
    rows: list[Row] = [(*apex, *base)]
    for chord in range(chords):
        along = (chord + 0.5) / chords
        x, y = apex[0] + along * (base[0] - apex[0]), apex[1] + along * (base[1] - apex[1])
        bulge = np.sqrt(along) * (1.45 - 0.7 * along)
        left, right = 17.2 * scale * bulge, 13.9 * scale * bulge
        rows.append((float(x - left), float(y + 1.7), float(x + right), float(y - 1.3)))
    return rows


@dataclass
class EchoNetFolder:
    """The content of a folder: change anything, then call `write`."""

    path: Path
    file_list: list[tuple[str, str]] = field(default_factory=list)
    tracings: list[tuple[str, int, Sequence[Row]]] = field(default_factory=list)
    videos: int = 0
    efs: dict[str, str] = field(default_factory=dict)
    """The cell EF of a video, if it is not 60.0."""

    def add(
        self,
        name: str,
        split: str = "TRAIN",
        *,
        frames: int = 12,
        traced: Sequence[tuple[int, Sequence[Row]]] | None = None,
    ) -> Path:
        """Add an ordinary video, with ES traced first and ED last; return the file."""
        self.file_list.append((name, split))
        default = ((3, ventricle(scale=0.8)), (9, ventricle()))
        self.tracings += [
            (f"{name}.avi", frame, rows) for frame, rows in (traced if traced is not None else default)
        ]
        return self.add_video(f"{name}.avi", frames)

    def add_video(
        self, file_name: str, frames: int = 12, *, size_HW: tuple[int, int] = (112, 112), codec: str = "MJPG"
    ) -> Path:
        self.videos += 1
        path = self.path / "Videos" / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, smooth_frames(frames, seed=self.videos, size_HW=size_HW), codec=codec)
        return path

    def write(self) -> Path:
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "Videos").mkdir(exist_ok=True)
        with (self.path / "FileList.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(FILE_LIST_HEADER)
            for name, split in self.file_list:
                writer.writerow([name, self.efs.get(name, 60.0), 40.0, 100.0, 112, 112, 50, 12, split])
        with (self.path / "VolumeTracings.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["FileName", "X1", "Y1", "X2", "Y2", "Frame"])
            for name, frame, rows in self.tracings:
                writer.writerows([name, *row, frame] for row in rows)
        return self.path


def write_clip(
    path: Path, frames: int, *, codec: str = "MJPG", size_HW: tuple[int, int] = (112, 112)
) -> None:
    """Write a clip of smooth random frames."""
    write_video(path, smooth_frames(frames, seed=frames, size_HW=size_HW), codec=codec)


def load(folder: EchoNetFolder) -> FrameSet:
    """Write a folder and load its training frames."""
    return EchoNetDynamic(folder.write()).load("train")
