"""The depth of pixels below the border of a mask: to a fraction of a pixel, and bounded."""

from __future__ import annotations

import numpy as np
import pytest

from lvzoo.geometry.distance import measure_depth

BOUNDS = {"deepest_px": 9.0, "farthest_px": 10.0}


@pytest.mark.parametrize(("x", "y", "radius_px"), [(50, 60, 15), (50.3, 60.4, 22.6), (2, 60, 15)])
def test_the_depth_in_a_disk_is_known(x: float, y: float, radius_px: float) -> None:
    """Also in a disk that the border of the frame cuts: that is no border of the mask."""
    ys_HW, xs_HW = np.mgrid[:112, :112]
    away_HW = np.hypot(xs_HW - x, ys_HW - y)
    depth_HW = measure_depth(away_HW <= radius_px, **BOUNDS)
    errors_HW = depth_HW - (radius_px - away_HW).clip(-10, 9)
    assert np.abs(errors_HW).max() < 0.6
    assert abs(errors_HW[np.abs(depth_HW) < 8].mean()) < 0.1
    assert ((depth_HW > 0) == (away_HW <= radius_px)).all()


def test_masks_without_a_border_have_the_bounds() -> None:
    assert (measure_depth(np.zeros((8, 9), dtype=np.bool_), **BOUNDS) == -10).all()
    assert (measure_depth(np.ones((8, 9), dtype=np.bool_), **BOUNDS) == 9).all()
