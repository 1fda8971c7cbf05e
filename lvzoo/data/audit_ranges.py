"""Measures every frame of a split, and finds pictures and references that somebody should look at.

The limits are far outside of what the phantom and the known figures of real tracings hold; where they come from is in
docs/decisions/0053-leaks-fail-oddities-are-shown.md. Letters in names: N frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.opencv import cv2
from lvzoo.data.picture_quirks import NO_SECTOR
from lvzoo.types import FRAME_SIZE_HW, FrameSet, Phase, Split
from lvzoo.types.audit import Oddity, Place

LEAST_SHARE: Final = 0.01
MOST_SHARE: Final = 0.40
"""The area of a reference mask, as a share of the frame."""
LEAST_EF: Final = 5.0
MOST_EF: Final = 90.0
"""The listed ejection fraction, percent."""
MOST_EF_GAP: Final = 20.0
"""How far the listed ejection fraction and that of the references may be apart, in points."""
LEAST_SD: Final = 2.0
"""The SD of a frame's grey levels (0 to 255)."""
BRIGHT_LEVEL: Final = 32
LEAST_BRIGHT_SHARE: Final = 0.01
"""At least this share of the pixels of a frame is brighter than the level."""
FRAME_PX: Final = FRAME_SIZE_HW[0] * FRAME_SIZE_HW[1]
CHUNK: Final = 512
"""How many frames are measured at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What was measured in each frame of a split."""

    split: Split
    frames: FrameSet
    shares_N: NDArray[np.float64]
    """Area of the reference mask, as a share of the frame."""
    border_N: NDArray[np.intp]
    """Pixels of the mask that lie on the border of the frame."""
    pieces_N: NDArray[np.intp]
    loose_N: NDArray[np.float64]
    """Share of the mask's pixels outside its largest piece."""
    sd_N: NDArray[np.float64]
    bright_N: NDArray[np.float64]
    volumes_N: NDArray[np.float64]
    """Volume inside the reference contour, px³; NaN where it could not be measured."""

    @property
    def flat_N(self) -> NDArray[np.bool_]:
        """Whether a frame is constant or nearly black."""
        return (self.sd_N < LEAST_SD) | (self.bright_N < LEAST_BRIGHT_SHARE)

    def place(self, index: int) -> Place:
        """Return where a frame is."""
        return Place(
            split=self.split,
            patient=self.frames.patients[index],
            video=self.frames.videos[index],
            frame=self.frames.frame_indices[index],
            phase=self.frames.phases[index],
            index=index,
        )

    def oddity(self, index: int, detail: str, strangeness: float) -> Oddity:
        """Return an oddity of a frame."""
        return Oddity(place=self.place(index), detail=detail, strangeness=float(strangeness))


def measure(split: Split, frames: FrameSet, volumes_N: NDArray[np.float64]) -> Measured:
    """Measure every frame of a split; `volumes_N` are the volumes of its reference contours, px³."""
    starts = range(0, len(frames), CHUNK)
    shapes = [_measure_mask(mask_HW) for mask_HW in frames.masks_NHW]
    area_N, border_N, pieces_N, largest_N = np.array(shapes, dtype=np.intp).reshape(-1, 4).T
    chunks = [frames.frames_NHW[start : start + CHUNK].reshape(-1, FRAME_PX) for start in starts]
    return Measured(
        split=split,
        frames=frames,
        shares_N=area_N / FRAME_PX,
        border_N=border_N,
        pieces_N=pieces_N,
        loose_N=1 - largest_N / np.maximum(area_N, 1),
        sd_N=np.concatenate([chunk_NP.std(axis=1) for chunk_NP in chunks]),
        bright_N=np.concatenate([(chunk_NP > BRIGHT_LEVEL).mean(axis=1) for chunk_NP in chunks]),
        volumes_N=volumes_N,
    )


def _measure_mask(mask_HW: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return the area, the pixels on the frame's border, the number of pieces and the area of the largest one, px.

    Pieces that touch at a corner are one piece.
    """
    border = np.count_nonzero(mask_HW) - np.count_nonzero(mask_HW[1:-1, 1:-1])
    found, _, figures, _ = cv2.connectedComponentsWithStats(mask_HW.astype(np.uint8), connectivity=8)
    areas = figures[1:, cv2.CC_STAT_AREA].tolist()
    return sum(areas), int(border), found - 1, max(areas, default=0)


# --- Pictures ------------------------------------------------------------------------------------------------------


def find_constant(measured: Measured) -> Iterator[Oddity]:
    """Yield the frames in which nothing can be seen, because all pixels are nearly alike."""
    for index in _places(measured.sd_N < LEAST_SD):
        yield measured.oddity(index, f"SD {measured.sd_N[index]:.1f}", 4)


def find_dark(measured: Measured) -> Iterator[Oddity]:
    """Yield the frames that are nearly black, but not constant."""
    dark_N = (measured.bright_N < LEAST_BRIGHT_SHARE) & (measured.sd_N >= LEAST_SD)
    for index in _places(dark_N):
        yield measured.oddity(index, f"{measured.bright_N[index]:.2%} of the pixels", 3)


def find_sectorless(measured: Measured) -> Iterator[Oddity]:
    """Yield the first frame of each video in which no sector was found, before or after it was cropped."""
    source = measured.frames.source
    noted = {each.name for each in source.findings if each.quirk == NO_SECTOR.text}
    for index in _first_of_videos(measured.frames):
        if not measured.frames.sectors[index].fitted or measured.frames.videos[index] in noted:
            yield measured.oddity(index, "", 0.5)


# --- References ----------------------------------------------------------------------------------------------------


def find_empty(measured: Measured) -> Iterator[Oddity]:
    """Yield the frames whose mask has no pixel."""
    for index in _places(measured.shares_N == 0):
        yield measured.oddity(index, "", 4)


def find_sizes(measured: Measured) -> Iterator[Oddity]:
    """Yield the frames whose mask is too small or too large."""
    shares_N = measured.shares_N
    for index in _places((shares_N > 0) & ((shares_N < LEAST_SHARE) | (shares_N > MOST_SHARE))):
        share = float(shares_N[index])
        beyond = math.log2(max(LEAST_SHARE / share, share / MOST_SHARE))
        yield measured.oddity(index, f"{share:.1%} of the frame", 2 + beyond)


def find_at_border(measured: Measured) -> Iterator[Oddity]:
    """Yield the frames whose mask touches the border of the frame."""
    for index in _places(measured.border_N > 0):
        pixels = int(measured.border_N[index])
        yield measured.oddity(index, f"{pixels} pixel{'s' * (pixels != 1)}", 1 + pixels / FRAME_SIZE_HW[0])


def find_pieces(measured: Measured) -> Iterator[Oddity]:
    """Yield the frames whose mask is in several pieces."""
    for index in _places(measured.pieces_N > 1):
        loose = measured.loose_N[index]
        detail = f"{measured.pieces_N[index]} pieces, {loose:.1%} of the area outside the largest"
        yield measured.oddity(index, detail, 1 + 2 * loose)


# --- ED and ES -----------------------------------------------------------------------------------------------------


def find_swapped(measured: Measured) -> Iterator[Oddity]:
    """Yield the ES frames whose mask is larger than that of ED."""
    for ed, es in pair_phases(measured.frames):
        ed_share, es_share = measured.shares_N[ed], measured.shares_N[es]
        if es_share > ed_share:
            detail = f"ED {ed_share * FRAME_PX:,.0f} px, ES {es_share * FRAME_PX:,.0f} px"
            yield measured.oddity(es, detail, 1 + es_share / max(ed_share, 1 / FRAME_PX))


def find_listed_efs(measured: Measured) -> Iterator[Oddity]:
    """Yield the first frame of each video whose listed ejection fraction is out of range."""
    efs = measured.frames.listed_efs or (None,) * len(measured.frames)
    for index in _first_of_videos(measured.frames):
        ef = efs[index]
        if ef is not None and (ef < LEAST_EF or ef > MOST_EF):
            yield measured.oddity(index, f"EF {ef:.1f} %", 1 + max(LEAST_EF - ef, ef - MOST_EF) / 10)


def find_ef_gaps(measured: Measured) -> Iterator[Oddity]:
    """Yield the ES frame of each video whose listed ejection fraction is far from that of its references."""
    efs = measured.frames.listed_efs
    for (ed, es), traced in zip(pair_phases(measured.frames), reference_efs(measured), strict=True):
        listed = None if efs is None else efs[ed]
        if listed is not None and abs(listed - traced) > MOST_EF_GAP:
            detail = f"listed {listed:.1f} %, references {traced:.1f} %"
            yield measured.oddity(es, detail, abs(listed - traced) / MOST_EF_GAP)


def reference_efs(measured: Measured) -> list[float]:
    """Return the ejection fraction of the references of each pair of `pair_phases`, percent; NaN where unknown."""
    return [
        float(100 * (1 - measured.volumes_N[es] / measured.volumes_N[ed]))
        for ed, es in pair_phases(measured.frames)
    ]


def pair_phases(frames: FrameSet) -> list[tuple[int, int]]:
    """Return the positions of ED and ES of each video that has both; the first of each, if it has several."""
    places: dict[tuple[str, str], dict[Phase, int]] = {}
    for index, (patient, video, phase) in enumerate(
        zip(frames.patients, frames.videos, frames.phases, strict=True)
    ):
        places.setdefault((patient, video), {}).setdefault(phase, index)
    return [(each["ED"], each["ES"]) for each in places.values() if "ED" in each and "ES" in each]


def _places(odd_N: NDArray[np.bool_]) -> list[int]:
    return [int(index) for index in np.flatnonzero(odd_N)]


def _first_of_videos(frames: FrameSet) -> list[int]:
    """Return the position of the first frame of each video."""
    firsts: dict[tuple[str, str], int] = {}
    for index, video in enumerate(zip(frames.patients, frames.videos, strict=True)):
        firsts.setdefault(video, index)
    return list(firsts.values())
