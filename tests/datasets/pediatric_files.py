"""Writes folders in EchoNet-Pediatric's layout."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.phantom.clip import simulate
from lvzoo_datasets.pediatric import EchoNetPediatric
from tests.made_videos import write_video

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.types import FrameSet, Split

FRAMES = 12
"""The usual length of a video here: ED is frame 0, ES is frame 11."""
HEADER = ("FileName", "EF", "Sex", "Age", "Weight", "Height", "Split")

Points = list[tuple[int, int]]


@functools.cache
def make_clip(index: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the frames (12, 112, 112) of a phantom from ED to ES, and their true contours (12, 121, 2)."""
    clip = simulate(seed=7, split="train", index=index)
    places = np.rint(np.linspace(clip.beat.ed_frame, clip.beat.es_frame, FRAMES)).astype(int)
    return clip.frames_NHW[places], clip.contours_NP2[places].astype(np.float64)


def trace(frame: int, index: int = 0, *, points: int = 30) -> Points:
    """Return the polygon of a frame as whole numbers, from the left annulus round to the right one."""
    contour_P2 = make_clip(index)[1][frame]
    chosen_P2 = contour_P2[np.rint(np.linspace(0, len(contour_P2) - 1, points)).astype(int)]
    return [(int(x), int(y)) for x, y in np.rint(chosen_P2)]


@dataclass
class PediatricFolder:
    """The content of a folder: change anything, then call `write` or `load`."""

    path: Path
    listed: list[list[object]] = field(default_factory=list)
    """Rows of FileList.csv."""
    traced: list[tuple[object, ...]] = field(default_factory=list)
    """Rows of VolumeTracings.csv."""
    view: str = "A4C"

    def add(
        self,
        name: str = "CR32a0001-CR32a0002-000001",
        fold: object = 0,
        *,
        index: int = 0,
        traced: Sequence[tuple[object, Points]] | None = None,
        video: NDArray[np.uint8] | None = None,
    ) -> Path:
        """Add a video with its tracings, ED first, and return the file."""
        self.listed.append([f"{name}.avi", 61.5, "F", 7, 22.5, 121, fold])
        default = ((0, trace(0, index)), (FRAMES - 1, trace(FRAMES - 1, index)))
        for frame, points in default if traced is None else traced:
            self.traced += [(f"{name}.avi", x, y, frame) for x, y in points]
        path = self.path / self.view / "Videos" / f"{name}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_video(path, make_clip(index)[0] if video is None else video)

    def mark(self, name: str, words: str) -> None:
        """Add a row without a point."""
        self.traced.append((f"{name}.avi", "", "", words))

    def write(self) -> Path:
        """Write the tables of the view, and return the folder of both views."""
        folder = self.path / self.view
        (folder / "Videos").mkdir(parents=True, exist_ok=True)
        for name, header, rows in (
            ("FileList.csv", HEADER, self.listed),
            ("VolumeTracings.csv", ("FileName", "X", "Y", "Frame"), self.traced),
        ):
            with (folder / name).open("w", newline="") as file:
                csv.writer(file).writerows([header, *rows])
        return self.path

    def load(self, split: Split = "train") -> FrameSet:
        """Write the tables and load the frames of a split."""
        return EchoNetPediatric(self.write(), view=self.view).load(split)
