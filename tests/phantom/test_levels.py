"""Lost walls: whole walls may be lost, but never all that show where the ventricle lies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.phantom.anatomy import Heart, Pose
from lvzoo.phantom.draw import Chance, Poisson
from lvzoo.phantom.levels import TO_THE_SIDE_PX, draw_dropout
from lvzoo.phantom.patient import draw_heart
from lvzoo.phantom.ranges import RANGES
from lvzoo.phantom.rng import stream
from lvzoo.phantom.scan import Scan, draw_scan
from lvzoo.phantom.warp import Warp

if TYPE_CHECKING:
    from lvzoo.phantom.fields import Map

PATIENTS = range(8)


def heart_of(index: int) -> tuple[Heart, Scan]:
    rng = stream(seed=0, split="train", index=index, part="test")
    scan = draw_scan(rng, RANGES)
    return draw_heart(rng, scan, Warp(rng, RANGES), RANGES), scan


def left_of_echo(index: int, *, septum: int = 0, lateral: int = 0, apex: int = 0) -> tuple[Map, Map, Map]:
    """Return the echo's factor when these walls are lost, and positions along (0..1) and across the axis (px)."""
    heart, scan = heart_of(index)
    ranges = replace(
        RANGES,
        dropouts=Poisson(0),
        septum_missing=Chance(septum),
        lateral_missing=Chance(lateral),
        apex_missing=Chance(apex),
    )
    x, y = scan.grid_px
    z, d = heart.locate(Pose.at_rest(heart), x, y)
    left = draw_dropout(stream(seed=0, split="train", index=index, part="lost"), heart, (x, y), ranges)
    return left, z / np.float32(heart.length_px), d


@pytest.mark.parametrize("index", PATIENTS)
def test_the_septum_never_fades_together_with_lateral_wall_or_apex(index: int) -> None:
    alone, _, across = left_of_echo(index, septum=1)
    together, *_ = left_of_echo(index, septum=1, lateral=1, apex=1)
    assert together.tobytes() == alone.tobytes()
    assert alone.min() < 1, "the septum does fade"
    assert (alone[across > TO_THE_SIDE_PX] == 1).all(), "the lateral wall is complete"


@pytest.mark.parametrize("index", PATIENTS)
def test_without_lateral_wall_and_apex_the_septum_stands(index: int) -> None:
    lost, along, across = left_of_echo(index, lateral=1, apex=1)
    assert lost[(along > 0) & (along < 1)].min() < 0.5
    assert (lost[(along > 0.5) & (across < -TO_THE_SIDE_PX)] == 1).all()
