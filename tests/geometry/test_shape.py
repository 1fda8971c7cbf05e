"""The shape of masks whose figures are known by hand: rectangles, ellipses, a trapezium, tilted and moved ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.shape import LEVELS, find_axis, look_along, measure_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE_HW = (112, 112)


def draw_rectangle(
    left: int, top: int, width: int, height: int, *, size_HW: tuple[int, int] = SIZE_HW
) -> NDArray[np.bool_]:
    mask_HW = np.zeros(size_HW, dtype=np.bool_)
    mask_HW[top : top + height, left : left + width] = True
    return mask_HW


def draw_ellipse(
    centre: tuple[float, float], half_width: float, half_length: float, size: int, *, tilt_deg: float = 0
) -> NDArray[np.bool_]:
    """Draw an ellipse whose lower end lies to the right if the tilt is positive."""
    y, x = np.mgrid[:size, :size].astype(np.float64)
    tilt = np.deg2rad(tilt_deg)
    x, y = x - centre[0], y - centre[1]
    along, across = x * np.sin(tilt) + y * np.cos(tilt), x * np.cos(tilt) - y * np.sin(tilt)
    return np.asarray((along / half_length) ** 2 + (across / half_width) ** 2 <= 1, dtype=np.bool_)


def test_a_rectangle_is_as_wide_everywhere() -> None:
    mask_HW = draw_rectangle(40, 30, 20, 50)
    shape = measure_shape(mask_HW, mask_HW)
    assert shape is not None
    assert [shape[f"ED width at {level:.0%}"] for level in LEVELS] == [1] * len(LEVELS)
    assert shape["ED length by width"] == pytest.approx(49 / 20), (
        "from the first row's middle to the last one's"
    )
    assert (shape["centre x, px"], shape["centre y, px"]) == (49.5, 54.5)
    assert shape["tilt of the axis, degrees"] == pytest.approx(0, abs=1e-6)
    assert (shape["ED area, px"], shape["ES area, px"], shape["fractional area change"]) == (1000, 1000, 0)


def test_an_ellipse_narrows_towards_both_ends() -> None:
    """At a share s of the length, an ellipse is 2 sqrt(s (1 - s)) of its widest.

    The caps that hold 0.5 % of its area at either end are no part of the length: (t - sin t cos t) / pi = 0.005 gives
    t = 0.288, and each cap has (1 - cos t) / 2 = 2.05 % of the length.
    """
    mask_HW = draw_ellipse((250, 250), 100, 200, 500)
    shape = measure_shape(mask_HW, mask_HW)
    assert shape is not None
    cap = 0.0205
    shares = [cap + level * (1 - 2 * cap) for level in LEVELS]
    widths = [shape[f"ED width at {level:.0%}"] for level in LEVELS]
    assert widths == pytest.approx([2 * np.sqrt(share * (1 - share)) for share in shares], abs=0.01)
    assert shape["ED length by width"] == pytest.approx(2 * (1 - 2 * cap), abs=0.01)


def test_the_apex_is_the_upper_end() -> None:
    """A trapezium of 10 px at the top and 40 px at the bottom: the width at a share s is 10 + 30 s."""
    polygon_P2 = np.array([[50, 20], [60, 20], [75, 90], [35, 90]], dtype=np.float64)
    mask_HW = rasterise(polygon_P2, SIZE_HW)
    shape = measure_shape(mask_HW, mask_HW)
    assert shape is not None
    widths = [shape[f"ED width at {level:.0%}"] for level in LEVELS]
    assert widths == pytest.approx([(10 + 30 * level) / (10 + 30 * 0.9) for level in LEVELS], abs=0.06)


@pytest.mark.parametrize("tilt_deg", [-30, 0, 20])
def test_a_tilted_ventricle_has_the_shape_of_an_upright_one(tilt_deg: float) -> None:
    upright_HW, tilted_HW = (draw_ellipse((250, 240), 100, 200, 500, tilt_deg=each) for each in (0, tilt_deg))
    upright, tilted = (measure_shape(each_HW, each_HW) for each_HW in (upright_HW, tilted_HW))
    assert upright is not None
    assert tilted is not None
    assert tilted.pop("tilt of the axis, degrees") == pytest.approx(tilt_deg, abs=0.3), (
        "positive if the base lies to the right"
    )
    upright.pop("tilt of the axis, degrees")
    assert tilted == pytest.approx(upright, abs=0.02, rel=0.005)


def test_apex_and_base_move_about_the_axis_of_ed() -> None:
    """ED has 51 rows (50 px from first to last); at ES, 5 are lost at the apex and 10 at the base."""
    shape = measure_shape(draw_rectangle(40, 30, 20, 51), draw_rectangle(43, 35, 14, 36))
    assert shape is not None
    assert shape["apex moves in, of the ED length"] == pytest.approx(5 / 50)
    assert shape["base moves up, of the ED length"] == pytest.approx(10 / 50)
    assert shape["ES length by ED length"] == pytest.approx(35 / 50)
    assert shape["ES length by width"] == pytest.approx(35 / 14)
    assert shape["fractional area change"] == pytest.approx(1 - 36 * 14 / (51 * 20))


def test_a_ventricle_that_only_sways_down_moves_apex_and_base_alike() -> None:
    shape = measure_shape(draw_rectangle(40, 30, 20, 51), draw_rectangle(40, 34, 20, 51))
    assert shape is not None
    assert shape["apex moves in, of the ED length"] == pytest.approx(4 / 50)
    assert shape["base moves up, of the ED length"] == pytest.approx(-4 / 50)
    assert shape["ES length by ED length"] == pytest.approx(1)


def test_es_is_measured_about_the_axis_of_ed() -> None:
    """An ES mask that lies across the ED axis is wide and short there, although its own axis is another one."""
    ed_HW, es_HW = draw_rectangle(40, 30, 20, 50), draw_rectangle(30, 45, 40, 20)
    axis = find_axis(ed_HW)
    assert axis is not None
    es = look_along(es_HW, axis)
    assert es is not None
    assert es.length_px == pytest.approx(19)
    assert es.width_px == pytest.approx(40)


def test_a_stray_pixel_is_no_apex() -> None:
    plain_HW, spiked_HW = draw_rectangle(40, 30, 20, 50), draw_rectangle(40, 30, 20, 50)
    spiked_HW[20, 50] = True
    plain, spiked = (measure_shape(each_HW, each_HW) for each_HW in (plain_HW, spiked_HW))
    assert plain is not None
    assert spiked is not None
    assert spiked["ED length by width"] == pytest.approx(plain["ED length by width"], abs=0.02)


@pytest.mark.parametrize("side", [0, 4])
def test_a_mask_of_few_pixels_has_no_shape(side: int) -> None:
    large_HW, small_HW = draw_rectangle(40, 30, 20, 50), draw_rectangle(40, 30, side, side)
    assert measure_shape(small_HW, small_HW) is None
    assert measure_shape(large_HW, small_HW) is None
    assert measure_shape(large_HW, large_HW) is not None


def test_a_mask_in_two_pieces_between_the_levels_has_no_shape() -> None:
    """The levels lie at 10, 25, 50, 75 and 90 % of the length; the pieces at the ends and at a third of it."""
    whole_HW, pieces_HW = draw_rectangle(40, 10, 20, 100), draw_rectangle(40, 10, 4, 5)
    pieces_HW |= draw_rectangle(40, 105, 4, 5)
    assert measure_shape(pieces_HW, pieces_HW) is None
    assert measure_shape(whole_HW, pieces_HW) is None
