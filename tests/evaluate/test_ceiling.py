"""Perfect landmarks: how well K points describe the reference, on synthetic frames."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.errors import UsageError
from lvzoo.evaluate.ceiling import Draw, ceiling_N
from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.raster import rasterise
from lvzoo.models.decode import masks_from_landmarks
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from lvzoo.types import FrameSet


@pytest.fixture(scope="module")
def frames() -> FrameSet:
    return Phantom(cached_phantom(size="smoke", seed=0, workers=1)).load("train")


def mean_ceiling(frames: FrameSet, landmarks: int, draw: Draw = masks_from_landmarks) -> float:
    return float(ceiling_N(frames.contours_NP2, frames.masks_NHW, landmarks=landmarks, draw=draw).mean())


def test_seven_perfect_landmarks_come_near_the_reference_and_more_come_nearer(frames: FrameSet) -> None:
    ceilings = [mean_ceiling(frames, landmarks) for landmarks in (5, 7, 9, 13)]
    assert ceilings == sorted(ceilings)
    assert ceilings[1] == pytest.approx(0.965, abs=0.01)
    assert ceilings[-1] < 0.99, "the straight cap above the first chord is not in the reference"


def test_the_spline_is_better_than_straight_lines_between_the_same_landmarks(frames: FrameSet) -> None:
    polygons_NHW = np.stack([rasterise(points[::20], FRAME_SIZE_HW) for points in frames.contours_NP2])
    polygon = mean_ceiling(frames, 7, partial(masks_from_landmarks, curve="polygon"))
    assert polygon == dice_N(polygons_NHW, frames.masks_NHW).mean()
    assert mean_ceiling(frames, 7) > polygon + 0.02


def test_there_is_one_ceiling_per_frame(frames: FrameSet) -> None:
    one, every, none = (
        ceiling_N(frames.contours_NP2[:n], frames.masks_NHW[:n], landmarks=7, draw=masks_from_landmarks)
        for n in (1, len(frames), 0)
    )
    assert one.tolist() == every[:1].tolist()
    assert (every.shape, none.shape) == ((len(frames),), (0,))


def test_landmarks_that_cannot_be_spread_evenly_are_refused(frames: FrameSet) -> None:
    with pytest.raises(UsageError, match="8 landmarks cannot be spread evenly"):
        mean_ceiling(frames, 8)
