"""The canvas of distances: its edges lie where the contours do."""

from __future__ import annotations

import numpy as np
import pytest

from lvzoo.phantom.canvas import CANVAS, MARGIN_PX, SCALE, signed_px
from lvzoo.phantom.chambers import Chambers
from lvzoo.phantom.clip import draw_scene
from lvzoo.phantom.motion import pose_at


@pytest.mark.parametrize("radius_px", [8, 12, 20])
def test_the_edge_of_a_circle_lies_where_it_was_drawn(radius_px: float) -> None:
    y, x = np.mgrid[:CANVAS, :CANVAS] / SCALE - MARGIN_PX
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    errors = []
    for middle_x, middle_y in ((56.0, 56.0), (50.3, 61.7), (60.25, 40.5), (55.1, 48.9)):
        circle_P2 = np.stack(
            [middle_x + radius_px * np.cos(turn), middle_y + radius_px * np.sin(turn)], axis=1
        )
        true_px = np.hypot(x - middle_x, y - middle_y) - radius_px
        errors.append((signed_px(circle_P2) - true_px)[np.abs(true_px) < 1.5].mean())
    assert np.abs(errors).max() < 0.05


@pytest.mark.parametrize("index", range(6))
def test_distances_in_some_rows_are_those_of_the_whole_canvas(index: int) -> None:
    scene = draw_scene(seed=0, split="train", index=index)
    outlines = Chambers(scene.heart).outlines(pose_at(scene.heart, scene.beat, 3 * index))
    rows = slice(35, CANVAS - 20)
    read = slice(rows.start + 8, rows.stop - 8)  # without what the blur reads beyond the rows
    assert np.array_equal(signed_px(*outlines, rows=rows)[read], signed_px(*outlines)[read])
