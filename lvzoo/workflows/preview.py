"""Draws one frame of a clip under the corruptions of a suite, one row per corruption, one column per severity.

The frame is read and cropped as a test frame is. For a clip of a data set, each tile therefore shows the exact
bytes that the models are tested on.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lvzoo.data.clips.clip import Clip, Frame
from lvzoo.data.clips.find import find_clips
from lvzoo.data.clips.names import name_clips
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.clips.synthetic import is_synthetic
from lvzoo.data.crop import find_crop, make_cropper
from lvzoo.errors import DataError, UsageError, name_option, show_name
from lvzoo.files import atomic_file
from lvzoo.geometry.sector import fit_sector
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.apply import corrupt_frame, open_suite
from lvzoo.noise.corrupt import select_conditions
from lvzoo.noise.suite import TableSuite
from lvzoo.registry import open_zoo
from lvzoo.types import FRAME_SIZE_HW, Condition, Sector

# Lengths in pixels of the picture.
TILE: Final = 2 * FRAME_SIZE_HW[0]
"""Side of a tile, which shows each pixel of a frame as 2 x 2."""
GAP: Final = 12
"""Space between two tiles, and around the picture."""
HEAD: Final = 96
"""Height of the title and the column heads."""
WORDS: Final = 26
"""Height of the line above each tile, with its level in words."""
TITLE_FONT, HEAD_FONT, NAME_FONT, SMALL_FONT = 28, 20, 22, 17
BLACK, GREY, WHITE = 0, 96, 255

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFrame:
    """One frame as a model sees it (112 x 112), with the video, frame number and sector that decide its noise."""

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
        clip: a clip that `lvzoo predict` reads (docs/clips.md); it is cropped to its sector unless it is 112 x 112.
        frame: number of the frame, from 0.
        noise: name of the suite.
        corruptions: a list of names, or one string (`haze,blur`); None means all.
        severities: a list of severities, or one; None means all.
        out: path of the PNG; an existing file is not overwritten.
        registries: further registry.yaml files.

    Raises:
        UsageError: an unknown suite, corruption or severity, a frame that the clip lacks, or `out` is not a PNG.
        DataError: the clip cannot be read, or `out` exists.
    """
    path = Path(out)
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: the picture is a PNG; name it {path.with_suffix('.png').name}")
    if path.exists():
        raise DataError(f"{path}: exists; name another {name_option('out')}")
    suite = open_suite(open_zoo(registries=registries).noise(noise))
    chosen = select_conditions(suite, corruptions, severities)[1:]
    if not chosen:
        raise UsageError("nothing is selected; name a corruption and a severity")
    sheet = draw(read_frame(Path(clip), frame), suite, chosen)
    with atomic_file(path) as temporary:
        sheet.image.save(temporary, format="png")
    return path


def read_frame(clip: Path, frame: int) -> ClipFrame:
    """Return one frame of a clip as a model sees it; the sector is fitted to frames of the whole clip.

    Raises:
        UsageError: the clip has no such frame.
        DataError: the clip cannot be read.
    """
    found = find_clips([clip])
    if len(found) > 1:
        raise UsageError(f"{clip}: holds {len(found)} clips; name one of them, such as {found[0].path}")
    opened = open_clip(found[0])
    frame_HW = _read_one(opened, frame)
    sample_NHW = opened.sample()
    if not len(sample_NHW):  # none of the frames that the sector is fitted to decodes
        sample_NHW = frame_HW[None]
    crop = find_crop(sample_NHW)
    crop_frame = make_cropper(crop, opened.size_HW)
    sector = fit_sector(np.stack([crop_frame(each_HW) for each_HW in sample_NHW]))
    if not sector.fitted or (crop is not None and not crop.sector.fitted):
        log.warning(
            "%s: no clear sector found, a standard one is assumed; check where the shadows lie",
            show_name(clip),
        )
    return ClipFrame(
        frame_HW=crop_frame(frame_HW),
        video=name_clips(found)[0],
        frame=frame,
        sector=sector,
        synthetic=is_synthetic(clip),
    )


def _read_one(clip: Clip, index: int) -> NDArray[np.uint8]:
    """Return one frame of a clip in its own size."""
    for frame in clip.read([index]) if index >= 0 else ():
        if isinstance(frame, Frame):
            return frame.grey_HW
        raise DataError(
            f"{clip.path}: frame {index} does not decode ({frame.reason}); choose another {name_option('frame')}"
        )
    count = sum(1 for _ in clip.read())
    raise UsageError(f"{clip.path}: has no frame {index}; it has 0 to {count - 1}")


class Sheet:
    """A white picture, with the places of the texts and tiles drawn on it."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("L", (width, height), WHITE)
        self.texts: list[tuple[str, Box]] = []
        self.tiles: list[Box] = []

    def write(self, x: int, y: int, text: str, size: int, *, anchor: str = "ls", grey: int = BLACK) -> None:
        """Write a text whose baseline is at y; x is its left end (anchor `ls`) or its middle (`ms`)."""
        pen, font = ImageDraw.Draw(self.image), ImageFont.load_default(size)
        pen.text((x, y), text, fill=grey, font=font, anchor=anchor)
        left, top, right, bottom = pen.textbbox((x, y), text, font=font, anchor=anchor)
        self.texts.append((text, (math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))))

    def show(self, x: int, y: int, frame_HW: NDArray[np.uint8]) -> None:
        """Show a frame pixel by pixel, its upper left corner at (x, y)."""
        tile = Image.fromarray(frame_HW).resize((TILE, TILE), Image.Resampling.NEAREST)
        self.image.paste(tile, (x, y))
        self.tiles.append((x, y, x + TILE, y + TILE))


def draw(clip: ClipFrame, suite: NoiseSuite, chosen: Sequence[Condition]) -> Sheet:
    """Return the picture: one row per corruption, the clean frame first and then its severities."""
    names = list(dict.fromkeys(condition.corruption for condition in chosen))
    severities = sorted({condition.severity for condition in chosen})
    family_of = {name: family for family, members in suite.families.items() for name in members}
    title = f"{suite.name} on {clip.video}, frame {clip.frame}{', synthetic' * clip.synthetic}"

    # The tiles begin right of the longest name. A long title may make the picture wider than its tiles.
    first = GAP + max(_width(each, NAME_FONT) for name in names for each in (name, family_of[name])) + 2 * GAP
    lefts = [first + column * (TILE + GAP) for column in range(1 + len(severities))]
    tops = [HEAD + WORDS + row * (WORDS + TILE + GAP) for row in range(len(names))]
    sheet = Sheet(max(lefts[-1] + TILE, GAP + _width(title, TITLE_FONT)) + GAP, tops[-1] + TILE + GAP)

    sheet.write(GAP, 40, title, TITLE_FONT)
    for left, head in zip(lefts, ["clean", *(f"severity {each}" for each in severities)], strict=True):
        sheet.write(left + TILE // 2, HEAD - 10, head, HEAD_FONT, anchor="ms")

    for row, (name, top) in enumerate(zip(names, tops, strict=True)):
        if row == 0 or family_of[names[row - 1]] != family_of[name]:
            sheet.write(GAP, top + 14, family_of[name], SMALL_FONT, grey=GREY)
        sheet.write(GAP, top + TILE // 2, name, NAME_FONT)
        sheet.show(lefts[0], top, clip.frame_HW)
        for left, severity in zip(lefts[1:], severities, strict=True):
            condition = Condition(corruption=name, severity=severity)
            noisy_HW = corrupt_frame(
                suite, clip.frame_HW, condition, video=clip.video, frame=clip.frame, sector=clip.sector
            )
            sheet.show(left, top, noisy_HW)
            if words := _level(suite, condition):
                sheet.write(left + TILE // 2, top - 8, words, SMALL_FONT, anchor="ms", grey=GREY)
    return sheet


def _width(text: str, size: int) -> int:
    """Return how wide a text is in px."""
    return math.ceil(ImageFont.load_default(size).getlength(text))


def _level(suite: NoiseSuite, condition: Condition) -> str:
    """Return a condition's level in words; nothing for a suite that is not a table."""
    if not isinstance(suite, TableSuite):
        return ""
    return suite.find(condition).describe(condition.severity)
