"""Reads a phantom's folder as a data set: as EchoNet-Dynamic is read, and marked synthetic."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, TypedDict
from zipfile import BadZipFile

import numpy as np

from lvzoo.data.clips.synthetic import PHANTOM_NOTE
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.errors import DataError, one_line
from lvzoo.evaluate.dice import dice_N
from lvzoo.files import read_json
from lvzoo.geometry.raster import rasterise
from lvzoo.phantom.files import FURTHER, TRUE_CONTOURS, TRUTH
from lvzoo.records import check_values
from lvzoo.types import FrameSet, Split

BEATS: Final = "beats"
"""The end of the name of a phantom with further traced frames."""


class Phantom:
    """A folder that `write_phantom` wrote, as a `Dataset` with the generator's version and the pixel size."""

    def __init__(self, folder: Path, *, further: str | None = None) -> None:
        """Check that the phantom's files exist; `further` names the file of tracings of frames besides ED and ES.

        Raises:
            DataError: a file is missing or has other contents than a phantom's.
        """
        self.folder = Path(folder)
        self._videos = EchoNetDynamic(self.folder, further=further)
        self.version, shift = _read_note(self.folder / PHANTOM_NOTE)
        self.name = "-".join(["phantom", *([shift] if shift else []), *([BEATS] if further else [])])

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split; a second call finds them decoded.

        The test split also holds how well its tracings of ED and ES agree with the truth (`Source.reader_dice`):
        a model's response to noise is compared with it.

        Raises:
            DataError: files are missing or do not parse.
        """
        frames = self._videos.load(split)
        spacing_mm = _read_spacing_mm(self.folder / TRUTH)
        missing = sorted(set(frames.videos) - spacing_mm.keys())
        if missing:
            raise DataError(f"{self.folder / TRUTH}: has no row for {missing[0]}; write the phantom again")
        reader_dice = _measure_reader_dice(frames, self.folder / TRUE_CONTOURS) if split == "test" else None
        source = replace(
            frames.source, name=self.name, version=self.version, synthetic=True, reader_dice=reader_dice
        )
        return replace(frames, source=source, spacing_mm=tuple(spacing_mm[video] for video in frames.videos))


def phantom_of_beats(folder: Path) -> Phantom:
    """Return a phantom as a `Dataset` that also holds the further traced frames of each beat."""
    return Phantom(folder, further=FURTHER)


def shows_same_pictures(one: str, other: str) -> bool:
    """Return whether two phantoms of one version, by name, show a patient in the same pictures.

    >>> shows_same_pictures("phantom-beats", "phantom"), shows_same_pictures("phantom-gain", "phantom")
    (True, False)
    """
    return one.removesuffix(f"-{BEATS}") == other.removesuffix(f"-{BEATS}")


class _Note(TypedDict, total=False):
    """What a phantom's note says of its generator."""

    generator: str
    shift: str | None


def _read_note(path: Path) -> tuple[str, str | None]:
    """Return the generator's version and the name of the shift (None for the standard phantom)."""
    try:
        note = read_json(path)
        check_values(note, _Note)
        return note["generator"], note.get("shift")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: does not name the phantom's generator; write the phantom again") from error


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """Open a file; whatever is wrong with it or with its contents becomes a `DataError`."""
    try:
        with path.open("rb") as file:
            yield file
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, BadZipFile) as error:
        raise DataError(f"{path}: cannot be read ({one_line(error)}); write the phantom again") from error


def _read_spacing_mm(path: Path) -> dict[str, float]:
    """Return the size of a pixel, mm, for each video."""
    with _open(path) as file:
        rows = csv.DictReader(io.TextIOWrapper(file, newline=""))
        return {row["FileName"]: float(row["MmPerPx"]) for row in rows}


def _measure_reader_dice(frames: FrameSet, path: Path) -> float:
    """Return the mean Dice of the traced mask and the true contour's mask, over ED and ES frames.

    Other frames are left out: readers trace them where the lagging picture shows the wall, so their Dice would
    measure that lag as well.
    """
    with _open(path) as file, np.load(file) as contours:
        pairs = [
            (rasterise(contours[video][index], mask_HW.shape), mask_HW)
            for video, index, phase, mask_HW in zip(
                frames.videos, frames.frame_indices, frames.phases, frames.masks_NHW, strict=True
            )
            if phase != "other"
        ]
    true_NHW, traced_NHW = map(np.stack, zip(*pairs, strict=True))
    return float(dice_N(true_NHW, traced_NHW).mean())
