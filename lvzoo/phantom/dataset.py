"""A phantom's folder as a data set: read as EchoNet-Dynamic is, and marked synthetic."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from lvzoo.data.clip import PHANTOM_NOTE
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.errors import DataError
from lvzoo.geometry.overlap import dice
from lvzoo.geometry.raster import rasterise
from lvzoo.phantom.files import FURTHER

if TYPE_CHECKING:
    from lvzoo.types import FrameSet, Split

TRUTH = "Phantom.csv"
TRUE_CONTOURS = "TrueContours.npz"


class Phantom:
    """A folder that `write_phantom` wrote, as a `Dataset`: it knows its generator, and the size of a pixel."""

    def __init__(self, folder: Path, *, further: str | None = None) -> None:
        """Look whether the phantom's files are there; `further` names the tracings of frames beside ED and ES.

        Raises:
            DataError: a file is missing, or does not say what it should.
        """
        self.folder = Path(folder)
        self._videos = EchoNetDynamic(self.folder, further=further)
        self.version, shift = _note(self.folder / PHANTOM_NOTE)
        self.name = "-".join(["phantom", *([shift] if shift else []), *(["beats"] if further else [])])

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split; a second call finds them decoded.

        Those of the test split know how well tracings of ED and ES agree with the truth (`Source.reader_dice`):
        there a model's response to noise is read against it.

        Raises:
            DataError: files are missing or do not parse.
        """
        frames = self._videos.load(split)
        spacing_mm = _spacing_mm(self.folder / TRUTH)
        missing = sorted(set(frames.videos) - spacing_mm.keys())
        if missing:
            raise DataError(f"{self.folder / TRUTH}: has no row for {missing[0]}; write the phantom again")
        reader_dice = _reader_dice(frames, self.folder / TRUE_CONTOURS) if split == "test" else None
        source = replace(
            frames.source, name=self.name, version=self.version, synthetic=True, reader_dice=reader_dice
        )
        return replace(
            frames,
            source=source,
            spacing_mm=tuple(spacing_mm[video] for video in frames.videos),
        )


def phantom_of_beats(folder: Path) -> Phantom:
    """Return a phantom as a `Dataset` that holds the further traced frames of each beat as well."""
    return Phantom(folder, further=FURTHER)


def _note(path: Path) -> tuple[str, str | None]:
    """Return the generator's version and the name of the shift, where there is one."""
    try:
        note = json.loads(path.read_text())
        return str(note["generator"]), note.get("shift")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: does not name the phantom's generator; write the phantom again") from error


def _spacing_mm(path: Path) -> dict[str, float]:
    try:
        with path.open(newline="") as file:
            return {row["FileName"]: float(row["MmPerPx"]) for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); write the phantom again") from error


def _reader_dice(frames: FrameSet, path: Path) -> float:
    """Return the mean Dice over ED and ES frames of the traced mask and the mask of the frame's true contour.

    Of other frames it would tell of the picture's lag: readers trace what they see.
    """
    try:
        with path.open("rb") as file, np.load(file) as contours:
            pairs = [
                (rasterise(contours[video][index], mask_HW.shape), mask_HW)
                for video, index, phase, mask_HW in zip(
                    frames.videos, frames.frame_indices, frames.phases, frames.masks_NHW, strict=True
                )
                if phase != "other"
            ]
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, BadZipFile) as error:
        raise DataError(f"{path}: cannot be read ({error}); write the phantom again") from error
    return float(np.mean([dice(true_HW, traced_HW) for true_HW, traced_HW in pairs]))
