"""One picture of a suite: corruptions by severities, on a frame of a clip.

The frame is treated as the benchmark treats a test frame: of a clip of a data set, a tile shows the very bytes
that the models are tested on.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lvzoo.data.clip import is_synthetic, read_clip
from lvzoo.data.crop import crop_to_sector
from lvzoo.errors import DataError, UsageError
from lvzoo.files import atomic_file
from lvzoo.geometry.sector import evenly_spaced, fit_sector
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.apply import corrupt_frame, open_suite
from lvzoo.noise.corrupt import conditions
from lvzoo.noise.suite import TableSuite
from lvzoo.registry import open_zoo
from lvzoo.types import Condition, Sector

TILE_INCH: Final = 1.5
LABEL_INCH: Final = 1.15
HEAD_INCH: Final = 0.75
WORDS_INCH: Final = 0.17
"""Room above each tile for its level in words."""
DPI: Final = 150

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFrame:
    """One frame as a model would see it (112 x 112), with what its noise is drawn from."""

    frame_HW: NDArray[np.uint8]
    video: str
    frame: int
    sector: Sector
    synthetic: bool = False


def preview_noise(
    clip: str | Path,
    *,
    frame: int = 0,
    noise: str = "noise-v1",
    corruptions: str | Collection[str] | None = None,
    severities: int | Collection[int] | None = None,
    out: str | Path = "noise.png",
    registries: Sequence[Path] = (),
) -> Path:
    """Write a picture of corruptions (rows) by severities (columns) on one frame of a clip; return its path.

    Args:
        clip: an AVI, MP4 or DICOM file; what is not 112 x 112 is cropped to its sector.
        frame: which frame, from 0.
        noise: the suite.
        corruptions: names of the suite, or one string of them (`haze,blur`); None stands for all.
        severities: of the suite, or one of them; None stands for all.
        out: a PNG; a file that is there already is not overwritten.
        registries: further registry.yaml files.

    Raises:
        UsageError: an unknown suite, corruption or severity, a frame that the clip lacks, or `out` is no PNG.
        DataError: the clip cannot be read, or `out` exists.
    """
    path = Path(out)
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: the picture is a PNG; name it {path.with_suffix('.png').name}")
    if path.exists():
        raise DataError(f"{path}: exists; remove it, or name another --out")
    suite = open_suite(open_zoo(registries=registries).noise(noise))
    chosen = conditions(suite, corruptions, severities)[1:]
    if not chosen:
        raise UsageError("nothing is selected; name a corruption and a severity")
    picture = draw(read_frame(Path(clip), frame), suite, chosen)
    with atomic_file(path) as temporary:
        picture.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
    return path


def read_frame(clip: Path, frame: int) -> ClipFrame:
    """Return one frame of a clip as a model would see it, its sector fitted over the clip.

    Raises:
        UsageError: the clip has no such frame.
        DataError: the clip cannot be read.
    """
    frames_NHW = read_clip(clip).frames_NHW
    if not 0 <= frame < len(frames_NHW):
        raise UsageError(f"{clip}: has no frame {frame}; it has 0 to {len(frames_NHW) - 1}")
    seen_NHW, crop = crop_to_sector(frames_NHW)
    sector = fit_sector(seen_NHW[evenly_spaced(len(seen_NHW))])
    if not sector.fitted or (crop is not None and not crop.sector.fitted):
        log.warning("%s: no clear sector found, a standard one is assumed; look at the shadows", clip)
    return ClipFrame(
        frame_HW=seen_NHW[frame],
        video=clip.stem,
        frame=frame,
        sector=sector,
        synthetic=is_synthetic(clip),
    )


def draw(clip: ClipFrame, suite: NoiseSuite, chosen: Sequence[Condition]) -> Figure:
    """Return the picture: a row a corruption, the clean frame first, then its severities."""
    names = list(dict.fromkeys(condition.corruption for condition in chosen))
    severities = sorted({condition.severity for condition in chosen})
    sheet = _Sheet(rows=len(names), columns=1 + len(severities))
    phantom = ", synthetic" * clip.synthetic
    sheet.title(f"{suite.name} on {clip.video}, frame {clip.frame}{phantom}")
    for column, word in enumerate(["clean", *(f"severity {severity}" for severity in severities)]):
        sheet.head(column, word)
    family_of = {name: family for family, members in suite.families.items() for name in members}
    for row, name in enumerate(names):
        begins = row == 0 or family_of[names[row - 1]] != family_of[name]
        sheet.label(row, name, family_of[name] if begins else "")
        sheet.tile(row, 0, clip.frame_HW)
        for column, severity in enumerate(severities, start=1):
            condition = Condition(corruption=name, severity=severity)
            noisy_HW = corrupt_frame(
                suite, clip.frame_HW, condition, video=clip.video, frame=clip.frame, sector=clip.sector
            )
            sheet.tile(row, column, noisy_HW, _level(suite, condition))
    return sheet.figure


def _level(suite: NoiseSuite, condition: Condition) -> str:
    """Return a condition's level in words, where the suite is a table that knows them."""
    if not isinstance(suite, TableSuite):
        return ""
    (line,) = (each for each in suite.table if each.name == condition.corruption)
    return line.describe(condition.severity)


class _Sheet:
    """A figure laid out in inches: a head, then rows of square tiles with room for a few words above each."""

    def __init__(self, *, rows: int, columns: int) -> None:
        self.width = LABEL_INCH + columns * TILE_INCH + 0.1
        self.height = HEAD_INCH + rows * (TILE_INCH + WORDS_INCH) + 0.1
        self.figure = Figure(figsize=(self.width, self.height), facecolor="white")
        FigureCanvasAgg(self.figure)

    def title(self, text: str) -> None:
        """Write the head's first line."""
        self._text(0.1, 0.25, text, size=11, weight="bold")

    def head(self, column: int, text: str) -> None:
        """Write what a column is."""
        middle = LABEL_INCH + (column + 0.5) * TILE_INCH
        self._text(middle, HEAD_INCH - 0.13, text, size=9, weight="bold", ha="center")

    def label(self, row: int, name: str, family: str) -> None:
        """Write what a row is; its family where that begins."""
        top = self._top(row)
        self._text(0.1, top + 0.12, family, size=8, color="0.4")
        self._text(0.1, top + TILE_INCH / 2, name, size=10, weight="bold")

    def tile(self, row: int, column: int, frame_HW: NDArray[np.uint8], words: str = "") -> None:
        """Show a frame, pixel by pixel."""
        left, top = LABEL_INCH + column * TILE_INCH, self._top(row)
        side = TILE_INCH - 0.06
        bottom = 1 - (top + side) / self.height
        axes = self.figure.add_axes((left / self.width, bottom, side / self.width, side / self.height))
        axes.imshow(frame_HW, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_axis_off()
        self._text(left + side / 2, top - 0.06, words, size=7, ha="center")

    def _top(self, row: int) -> float:
        """Return where a row's tiles begin, in inches from the top."""
        return HEAD_INCH + row * (TILE_INCH + WORDS_INCH) + WORDS_INCH

    def _text(
        self,
        x_inch: float,
        y_inch: float,
        text: str,
        *,
        size: float,
        weight: str = "normal",
        ha: str = "left",
        color: str = "black",
    ) -> None:
        self.figure.text(
            x_inch / self.width,
            1 - y_inch / self.height,
            text,
            fontsize=size,
            fontweight=weight,
            color=color,
            ha=ha,
            va="center",
        )
