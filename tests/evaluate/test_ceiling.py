"""Perfect landmarks: how much of the reference K points can say, on synthetic frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.data.phantom.dataset import Phantom
from lvzoo.data.phantom.write import write_phantom
from lvzoo.errors import UsageError
from lvzoo.evaluate.ceiling import ceiling_N
from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.raster import rasterise
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from lvzoo.types import FrameSet


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> FrameSet:
    folder = write_phantom(tmp_path_factory.mktemp("phantom") / "smoke", size="smoke", seed=0, workers=1)
    return Phantom(folder).load("train")


def mean_ceiling(frames: FrameSet, landmarks: int) -> float:
    return float(ceiling_N(frames.contours_NP2, frames.masks_NHW, landmarks=landmarks).mean())


def test_seven_perfect_landmarks_come_near_the_reference_and_more_come_nearer(frames: FrameSet) -> None:
    ceilings = [mean_ceiling(frames, landmarks) for landmarks in (5, 7, 9, 13)]
    assert ceilings == sorted(ceilings)
    assert ceilings[1] == pytest.approx(0.965, abs=0.01)
    assert ceilings[-1] < 0.99, "the straight cap above the first chord is not in the reference"


def test_the_spline_says_more_than_straight_lines_between_the_same_landmarks(frames: FrameSet) -> None:
    polygons_NHW = np.stack([rasterise(points[::20], FRAME_SIZE_HW) for points in frames.contours_NP2])
    assert mean_ceiling(frames, 7) > dice_N(polygons_NHW, frames.masks_NHW).mean() + 0.02


def test_a_ceiling_is_a_number_a_frame(frames: FrameSet) -> None:
    one = ceiling_N(frames.contours_NP2[:1], frames.masks_NHW[:1], landmarks=7)
    assert one.tolist() == ceiling_N(frames.contours_NP2, frames.masks_NHW, landmarks=7)[:1].tolist()
    assert ceiling_N(frames.contours_NP2[:0], frames.masks_NHW[:0], landmarks=7).shape == (0,)


def test_landmarks_that_cannot_be_spread_evenly_are_refused(frames: FrameSet) -> None:
    with pytest.raises(UsageError, match="8 landmarks cannot be spread evenly"):
        ceiling_N(frames.contours_NP2, frames.masks_NHW, landmarks=8)
