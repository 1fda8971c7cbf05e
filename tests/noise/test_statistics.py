"""The figures of a frame react to the corruption that they are meant for, and are finite for any frame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.geometry.sector import fit_sector, standard_sector
from lvzoo.noise.statistics import find_place, measure_frame
from tests.noise.making import NAMES, SIZE_HW, noisy

if TYPE_CHECKING:
    from numpy.typing import NDArray

RISES = {
    "speckle": "fine noise from 128",
    "haze": "floor at depth 1",
    "shadow": "spread of the beams",
    "attenuation": "black at depth 5",
    "thermal": "floor at depth 4",
    "gaussian": "fine noise outside",
    "dropout": "black by bright",
    "saltpepper": "white spikes",
    "blur": "no high frequencies",
    "motion": "direction 1",
    "downsample": "equal right",
    "jpeg": "no middle frequencies",
}
"""A figure that each corruption raises. Gain goes up in one video and down in another."""


def _measure(frame_HW: NDArray[np.uint8], clean_HW: NDArray[np.uint8]) -> dict[str, float]:
    return measure_frame(frame_HW, find_place(fit_sector(clean_HW[None]), SIZE_HW))


@pytest.mark.parametrize("corruption", [name for name in NAMES if name != "gain"])
def test_a_corruption_raises_its_figure(corruption: str, frames_NHW: NDArray[np.uint8]) -> None:
    clean_HW = frames_NHW[1]
    figure, clean = RISES[corruption], _measure(clean_HW, clean_HW)
    strong = _measure(noisy(clean_HW, corruption, 5), clean_HW)
    assert strong[figure] > clean[figure] + 0.02, (clean[figure], strong[figure])


def test_gain_moves_the_brightness_up_or_down(frames_NHW: NDArray[np.uint8]) -> None:
    clean = _measure(frames_NHW[2], frames_NHW[2])["level 50%"]
    moved = {
        _measure(noisy(frames_NHW[2], "gain", 2, video=video), frames_NHW[2])["level 50%"] - clean > 0
        for video in ("0XA", "0XB", "0XC", "0XD")
    }
    assert moved == {True, False}


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_frame_without_a_picture_has_finite_figures(level: int) -> None:
    place = find_place(standard_sector(SIZE_HW), SIZE_HW)
    figures = measure_frame(np.full(SIZE_HW, level, np.uint8), place)
    assert all(math.isfinite(each) for each in figures.values())


def test_a_sector_that_fills_the_frame_has_finite_figures(frames_NHW: NDArray[np.uint8]) -> None:
    corners = ((0.0, 0.0), (0.0, 111.0), (111.0, 111.0), (111.0, 0.0))
    whole = standard_sector(SIZE_HW, hull_px=corners)
    figures = measure_frame(frames_NHW[0], find_place(whole, SIZE_HW))
    assert all(math.isfinite(each) for each in figures.values())
    assert figures["lit outside"] == 0.0
