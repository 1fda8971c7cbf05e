"""Searches the frames of a clip for the sector, on any background and beside anything that the machine drew.

The search works on blocks of pixels, about 240 along the frame's smaller side. It marks the blocks that differ from
each possible background, and splits them into pieces. For each set of large pieces, it finds the sector that fits
best and gives it a score. The sector with the best score is then fitted again in the clip's own pixels.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lvzoo.geometry.backdrop import (
    FAINT_DIFFERENCE,
    PLAIN_DIFFERENCE,
    find_levels,
    mark_change,
    mark_difference,
    mark_pixels,
    shrink,
)
from lvzoo.geometry.hull import find_hull
from lvzoo.geometry.wedge import Wedge, find_wedge
from lvzoo.types import Sector

BLOCKS: Final = 240
"""The smaller side of a frame has about this many blocks."""
GAPS_AND_STROKES: Final = ((3, 3), (3, 7), (7, 11))
"""Gaps narrower than the first number of blocks are closed. Then everything thinner than the second number is
removed, such as letters and traces. All pairs are tried, because the first may leave letters and the last may break a
dim sector."""
MOST_PIECES: Final = 4
LEAST_PIECE_SHARE: Final = 1 / 400
"""The four largest pieces are used, if they cover at least this share of the frame."""
LEAST_SHARE: Final = 0.05
"""A sector that covers a smaller share of the frame is not looked for."""
LEAST_FILL: Final = 0.5
"""The least overlap of the pieces and their sector, as a share of the area that they cover together."""
LEAST_SUPPORT: Final = 0.5
LEAST_FINE_SUPPORT: Final = 0.3
"""The least support of both edges together, as a share of the height: first in blocks, then in pixels."""
REACH_BLOCKS: Final = 8
"""How far from the pieces the sector's pixels may lie."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Find:
    """A set of pieces, and the sector that fits it."""

    pieces_hw: NDArray[np.bool_]
    wedge: Wedge
    score: float
    level: int | None
    """The background's grey level, or None if the pieces are the moving blocks."""


def search_sector(frames_NHW: NDArray[np.uint8]) -> Sector | None:
    """Return the sector that frames of one clip show, or None if nothing in them looks like one.

    The scan mask is the hull of the pixels between the two straight edges that differ from the background. Eight
    frames are enough, and one frame is possible. If there are several, moving pieces count twice.
    """
    step = max(1, round(min(frames_NHW.shape[1:]) / BLOCKS))
    best = max(_find_candidates(shrink(frames_NHW, step)), key=lambda find: find.score, default=None)
    return _refine(frames_NHW, best, step) if best else None


def _find_candidates(blocks_Nhw: NDArray[np.int16]) -> Iterator[_Find]:
    """Yield the sectors that are found against each possible background, and among the moving blocks."""
    moves_hw = mark_change(blocks_Nhw)
    marks: list[tuple[int | None, NDArray[np.bool_]]] = [
        (level, mark_difference(blocks_Nhw, level, least))
        for level in find_levels(blocks_Nhw)
        for least in (PLAIN_DIFFERENCE, FAINT_DIFFERENCE)
    ]
    for level, marked_hw in [*marks, (None, moves_hw)]:
        for gap, stroke in GAPS_AND_STROKES:
            for pieces_hw in _combine_pieces(_smooth(marked_hw, gap, stroke)):
                find = _judge(pieces_hw, moves_hw, level)
                if find:
                    yield find


def _smooth(marked_hw: NDArray[np.bool_], gap: int, stroke: int) -> NDArray[np.bool_]:
    """Close gaps, then remove strokes (a closing and an opening with squares)."""
    closed_hw = ndimage.minimum_filter(ndimage.maximum_filter(marked_hw.view(np.uint8), gap), gap)
    return np.asarray(ndimage.maximum_filter(ndimage.minimum_filter(closed_hw, stroke), stroke) > 0)


def _combine_pieces(marked_hw: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """Yield every set of the largest pieces, because shadows may split a sector into several."""
    labels_hw, _ = ndimage.label(marked_hw)
    sizes = np.bincount(labels_hw.ravel())
    sizes[0] = 0
    largest = [
        int(piece)
        for piece in np.argsort(-sizes, kind="stable")[:MOST_PIECES]
        if sizes[piece] >= LEAST_PIECE_SHARE * labels_hw.size
    ]
    for count in range(1, len(largest) + 1):
        for pieces in itertools.combinations(largest, count):
            if sizes[list(pieces)].sum() >= LEAST_FILL * LEAST_SHARE * labels_hw.size:
                chosen = np.zeros(len(sizes), dtype=np.bool_)
                chosen[list(pieces)] = True
                yield chosen[labels_hw]


def _judge(pieces_hw: NDArray[np.bool_], moves_hw: NDArray[np.bool_], level: int | None) -> _Find | None:
    """Return a set of pieces with the sector that fits it, or None if none does.

    The score is the area of the pieces in the sector, times the share that they fill. Moving blocks count twice.
    """
    wedge = find_wedge(pieces_hw, step_deg=1.0, window_px=3, least_support=LEAST_SUPPORT)
    if wedge is None:
        return None
    sector_hw = wedge.covers((pieces_hw.shape[0], pieces_hw.shape[1]))
    inside_hw = pieces_hw & sector_hw
    inside = int(inside_hw.sum())
    fill = inside / int((pieces_hw | sector_hw).sum())
    if fill < LEAST_FILL or int(sector_hw.sum()) < LEAST_SHARE * sector_hw.size:
        return None
    score = fill * (inside + int((inside_hw & moves_hw).sum()))
    return _Find(pieces_hw=pieces_hw, wedge=wedge, score=score, level=level)


def _refine(frames_NHW: NDArray[np.uint8], find: _Find, step: int) -> Sector | None:
    """Return the sector with the sharpest edges in the clip's own pixels, or None if no pixels are left."""
    size_HW = (frames_NHW.shape[1], frames_NHW.shape[2])
    rough = find.wedge.enlarge(step)
    core_HW = _enlarge(find.pieces_hw, step, size_HW) & rough.covers(size_HW)
    # The opening removed the tip at the apex, where the sector is narrower than the opening's square.
    tip_px = step * GAPS_AND_STROKES[-1][1]
    near_hw = ndimage.maximum_filter(find.pieces_hw.view(np.uint8), 2 * REACH_BLOCKS + 1) > 0
    place_HW = _enlarge(near_hw, step, size_HW)
    place_HW &= rough.covers(size_HW, margin_px=3 * step + 1, tip_px=tip_px, below_px=1.5 * step)
    masks = [mask_HW & place_HW for mask_HW in mark_pixels(frames_NHW, find.level, core_HW, step)]
    fits = [
        (find_wedge(mask_HW, step_deg=0.25, window_px=5, least_support=LEAST_FINE_SUPPORT), mask_HW)
        for mask_HW in masks
    ]
    plausible = [(wedge, mask_HW) for wedge, mask_HW in fits if wedge]
    # Edges that compression smeared are not straight; if all of them are ragged, the blocks' edges are better.
    wedge, sharpest_HW = max(plausible, key=lambda each: each[0].support, default=(rough, masks[0]))
    if not sharpest_HW.any():
        return None
    # The faintest mask also has the dark flanks. Below the last row of the sharpest mask, it has only smears.
    last_row = int(np.flatnonzero(sharpest_HW.any(axis=1))[-1])
    hull = find_hull((masks[-1] & wedge.covers(size_HW, margin_px=1.0, tip_px=tip_px))[: last_row + 1])
    return wedge.make_sector(hull) if len(hull) > 2 else None


def _enlarge(blocks_hw: NDArray[np.bool_], step: int, size_HW: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a mask of blocks as a mask of pixels."""
    pixels_HW = blocks_hw.repeat(step, axis=0).repeat(step, axis=1)
    missing = [(0, size - have) for size, have in zip(size_HW, pixels_HW.shape, strict=True)]
    return np.asarray(np.pad(pixels_HW, missing, mode="edge"))
