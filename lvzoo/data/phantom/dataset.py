"""A phantom's folder as a data set: read as EchoNet-Dynamic is, and marked synthetic."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.errors import DataError

if TYPE_CHECKING:
    from lvzoo.types import FrameSet, Split

NOTE = "SYNTHETIC.json"
TRUTH = "Phantom.csv"


class Phantom:
    """A folder that `write_phantom` wrote, as a `Dataset`: it knows its generator, and the size of a pixel."""

    def __init__(self, folder: Path) -> None:
        """Look whether the phantom's files are there.

        Raises:
            DataError: a file is missing, or does not say what it should.
        """
        self.folder = Path(folder)
        self._videos = EchoNetDynamic(self.folder)
        self.version = _generator(self.folder / NOTE)

    def load(self, split: Split) -> FrameSet:
        """Return the labelled frames of a split; a second call finds them decoded.

        Raises:
            DataError: files are missing or do not parse.
        """
        frames = self._videos.load(split)
        spacing_mm = _spacing_mm(self.folder / TRUTH)
        missing = sorted(set(frames.videos) - spacing_mm.keys())
        if missing:
            raise DataError(f"{self.folder / TRUTH}: has no row for {missing[0]}; write the phantom again")
        return replace(
            frames,
            source=replace(frames.source, name="phantom", version=self.version, synthetic=True),
            spacing_mm=tuple(spacing_mm[video] for video in frames.videos),
        )


def _generator(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["generator"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: does not name the phantom's generator; write the phantom again") from error


def _spacing_mm(path: Path) -> dict[str, float]:
    try:
        with path.open(newline="") as file:
            return {row["FileName"]: float(row["MmPerPx"]) for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); write the phantom again") from error
