"""Writes folders of pictures and masks, with the phantom's pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2

from lvzoo_datasets.masks import MaskFolder
from tests.datasets.phantom_hearts import make_heart

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.types import FrameSet, Split


@dataclass(frozen=True)
class Masks:
    """A folder of pairs; the files of a pair are written when it is added."""

    path: Path

    def add(
        self,
        name: str,
        *,
        heart: int = 0,
        place: int = 0,
        suffix: str = ".png",
        ending: str = "",
        values: tuple[int, ...] = (0, 255, 0, 0),
    ) -> None:
        """Add a picture and its mask, in which background, cavity, wall and atrium have the given values."""
        drawn = make_heart(heart)
        labels_HW = drawn.labels_NHW[place]
        mask_HW = labels_HW.copy()
        for label, value in enumerate(values):
            mask_HW[labels_HW == label] = value
        self.write(f"images/{name}{suffix}", drawn.grey_NHW[place])
        self.write(f"masks/{name}{ending}{suffix}", mask_HW)

    def add_patients(self, *patients: str) -> None:
        """Add two pictures, of end-diastole and end-systole, of each patient."""
        for number, patient in enumerate(patients):
            self.add(f"{patient}_1", heart=number % 3, place=0)
            self.add(f"{patient}_2", heart=number % 3, place=-1)

    def write(self, file: str, picture: NDArray[Any]) -> Path:
        """Write a picture into a file, whose suffix decides the format."""
        path = self.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        encoded, data = cv2.imencode(path.suffix, picture)
        assert encoded
        path.write_bytes(data.tobytes())
        return path

    def list(self, *rows: str, header: str = "name,patient,split,phase") -> None:
        """Write frames.csv."""
        (self.path / "frames.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")

    def load(self, split: Split = "train", *, patient_pattern: str | None = None, label: int = 0) -> FrameSet:
        """Load the frames of a split."""
        return MaskFolder(self.path, patient_pattern=patient_pattern, label=label).load(split)
