"""Contours are traced from masks: from the left end of the valve over the apex to the right end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.data.mask_contour import count_pieces, open_wall, trace_mask
from lvzoo.geometry.raster import rasterise
from lvzoo.types import APEX_INDEX, CONTOUR_POINTS, FRAME_SIZE_HW
from tests.data.figures_mask_contour import measure
from tests.datasets.phantom_hearts import SIZE_HW, make_heart

if TYPE_CHECKING:
    from numpy.typing import NDArray


def make_bullet(*, tilt_deg: float = 0.0, size: int = 112) -> NDArray[np.float64]:
    """Return the contour of half an ellipse on a rectangle, with its apex at the top."""
    angles = np.linspace(np.pi, 2 * np.pi, 61)
    cap_P2 = np.stack([0.16 * np.cos(angles), 0.3 * np.sin(angles)], axis=1)
    contour_P2 = np.vstack([[-0.16, 0.25], cap_P2, [0.16, 0.25]])
    turn = np.radians(tilt_deg)
    rotation_22 = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(size * (0.5 + contour_P2 @ rotation_22))


@pytest.mark.parametrize("tilt_deg", [-35, -10, 0, 20, 40])
def test_ends_and_apex_are_found_at_any_tilt(tilt_deg: float) -> None:
    contour_P2 = make_bullet(tilt_deg=tilt_deg)
    traced_P2 = trace_mask(rasterise(contour_P2, FRAME_SIZE_HW))
    assert traced_P2 is not None
    assert traced_P2.shape == (CONTOUR_POINTS, 2)
    for place, true_2 in ((0, contour_P2[0]), (-1, contour_P2[-1]), (APEX_INDEX, contour_P2[31])):
        assert np.linalg.norm(traced_P2[place] - true_2) < 1.5


@pytest.mark.parametrize("index", range(6))
def test_traced_contours_of_the_phantom_are_near_the_true_ones(index: int) -> None:
    heart = make_heart(index)
    for place in (0, -1):
        found = measure((heart.contours_NP2[place] + 0.5) / 2 - 0.5 - (20, 0), 2)
        assert found is not None
        annulus, apex, walls, to_wall = found
        assert annulus < 2.5
        assert apex < 4.5
        assert walls < 4.5
        assert to_wall < 0.65


def test_contour_begins_and_ends_at_a_valve_that_is_known() -> None:
    contour_P2 = make_bullet()
    valve_22 = contour_P2[[0, -1]] + [[1.0, -2.0], [-0.5, -1.0]]
    traced_P2 = trace_mask(rasterise(contour_P2, FRAME_SIZE_HW), valve_22)
    assert traced_P2 is not None
    np.testing.assert_allclose(traced_P2[[0, -1]], valve_22, atol=0.001)


def test_largest_piece_counts_and_holes_do_not() -> None:
    mask_HW = make_heart().labels_NHW[0] == 1
    alone_P2 = trace_mask(mask_HW)
    changed_HW = mask_HW.copy()
    changed_HW[2:8, 2:8] = True
    rows, columns = np.nonzero(mask_HW)
    changed_HW[round(rows.mean()), round(columns.mean())] = False
    assert (count_pieces(mask_HW), count_pieces(changed_HW)) == (1, 2)
    traced_P2 = trace_mask(changed_HW)
    assert alone_P2 is not None
    assert traced_P2 is not None
    np.testing.assert_array_equal(traced_P2, alone_P2)


def test_mask_without_a_long_axis_has_no_contour() -> None:
    speck_HW = np.zeros(SIZE_HW, np.bool_)
    assert trace_mask(speck_HW) is None
    speck_HW[10, 10:12] = True
    assert trace_mask(speck_HW) is None


def test_contour_that_begins_at_the_right_is_turned_round() -> None:
    contour_P2 = make_bullet()
    one_P2, other_P2 = open_wall(contour_P2), open_wall(contour_P2[::-1])
    assert one_P2 is not None
    assert other_P2 is not None
    np.testing.assert_allclose(one_P2, other_P2, atol=1e-4)
    assert open_wall(contour_P2[:2]) is None
    assert open_wall(contour_P2[[0, 0, 0]]) is None
