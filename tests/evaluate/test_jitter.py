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
