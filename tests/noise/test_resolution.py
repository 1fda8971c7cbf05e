"""Blur and motion, compared with SciPy's filters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from lvzoo.noise.filters import line_weights, smear
from tests.noise.making import SEVERITIES, SIZE_HW, level, noisy, video_uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.mark.parametrize("severity", SEVERITIES)
def test_blur_is_scipys_gaussian(severity: int, frames_NHW: NDArray[np.uint8]) -> None:
    for frame_HW in (*frames_NHW, frames_NHW[0][:30, 20:61]):
        expected_HW = ndimage.gaussian_filter(frame_HW.astype(np.float64), level("blur", severity))
        assert np.abs(noisy(frame_HW, "blur", severity) - expected_HW).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("length_px", [1, 5, 11])
def test_motion_along_an_axis_is_a_running_mean(length_px: int, frames_NHW: NDArray[np.uint8]) -> None:
    frame_HW = frames_NHW[1][:50]
    for angle_rad, axis in ((0.0, 1), (math.pi / 2, 0)):
        expected_HW = ndimage.uniform_filter1d(frame_HW.astype(np.float64), length_px, axis=axis)
        assert smear(frame_HW, line_weights(length_px, angle_rad)) == pytest.approx(expected_HW, abs=1e-9)


@pytest.mark.parametrize("angle_deg", [20, 45, 75, 110, 160])
def test_oblique_motion_is_the_mean_along_a_line(angle_deg: int, frames_NHW: NDArray[np.uint8]) -> None:
    smooth_HW = ndimage.gaussian_filter(frames_NHW[1].astype(np.float64), 1.5).round().astype(np.uint8)
    steps = np.linspace(-6, 6, 121)
    rows, columns = np.indices(SIZE_HW)
    across, up = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    along_line = [
        ndimage.map_coordinates(
            smooth_HW.astype(np.float64), (rows - step * up, columns + step * across), order=1, mode="reflect"
        )
        for step in steps
    ]
    found_HW = smear(smooth_HW, line_weights(12, math.radians(angle_deg)))
    difference_HW = np.abs(found_HW - np.mean(along_line, axis=0))
    assert difference_HW.max() < 4
    assert difference_HW.mean() < 0.5


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("video", ["0XA", "0XB", "0XC"])
def test_a_point_becomes_a_line_of_its_length_in_the_videos_direction(severity: int, video: str) -> None:
    point_HW = np.zeros(SIZE_HW, np.uint8)
    point_HW[56, 56] = 255
    line_HW = noisy(point_HW, "motion", severity, video=video).astype(np.float64)
    y, x = (each - 56 for each in np.nonzero(line_HW))
    weight = line_HW[line_HW > 0] / line_HW.sum()
    assert line_HW.sum() == pytest.approx(255, rel=0.1)  # nothing is lost but by rounding
    assert (weight @ x, weight @ y) == pytest.approx((0, 0), abs=1e-9)
    angle_rad = math.pi * video_uniforms("motion", video, 1)[0]
    # twice the angle of the principal axis: a line has no front
    found_rad = math.atan2(-2 * (weight @ (x * y)), weight @ (x * x) - weight @ (y * y))
    assert math.cos(found_rad - 2 * angle_rad) > 0.98
    spread_px = math.sqrt(weight @ (x * x + y * y))
    assert spread_px == pytest.approx(level("motion", severity) / math.sqrt(12), rel=0.1)


def test_motion_has_one_direction_over_a_video(frames_NHW: NDArray[np.uint8]) -> None:
    ed_HW, es_HW = (noisy(frames_NHW[0], "motion", 4, frame=frame) for frame in (4, 19))
    assert np.array_equal(ed_HW, es_HW)
