"""Jitter: the mean absolute second difference of the area curve, by its range."""

from __future__ import annotations

import numpy as np
import pytest

from lvzoo.evaluate.jitter import measure_jitter


def test_jitter_is_as_defined() -> None:
    assert measure_jitter([0, 1, 4, 9]) == pytest.approx(2 / 9)
    assert measure_jitter([100, 100, 130, 100]) == pytest.approx((30 + 60) / 2 / 30)


def test_a_flickering_curve_has_more_than_a_smooth_one_of_any_scale() -> None:
    smooth = 2000 + 500 * np.cos(np.linspace(0, 12, 150))
    flickering = smooth + np.random.default_rng(0).normal(0, 30, 150)
    low, high = measure_jitter(smooth), measure_jitter(flickering)
    assert low is not None
    assert high is not None
    assert high > 10 * low
    assert measure_jitter(7 * flickering) == pytest.approx(high)


def test_too_few_frames_and_equal_areas_have_none() -> None:
    for areas_px in ([], [1.0], [1.0, 2.0], [3.0, 3.0, 3.0]):
        assert measure_jitter(areas_px) is None


def test_a_damaged_frame_is_no_jitter() -> None:
    """Around it, the area changes by more from one frame to the next although it does not flicker."""
    areas_px = 2000 + 500 * np.cos(np.linspace(0, 12, 60))
    kept = [n for n in range(60) if n not in (20, 33, 34)]
    whole, damaged = measure_jitter(areas_px), measure_jitter(areas_px[kept], kept)
    assert whole is not None
    assert damaged == pytest.approx(whole, rel=0.05)
    naive = measure_jitter(areas_px[kept])
    assert naive is not None
    assert naive > 1.1 * whole, "without the numbers of the frames it would count"
    assert measure_jitter([1.0, 2.0, 4.0, 1.0], [0, 1, 3, 4]) is None, "no three frames are consecutive"
