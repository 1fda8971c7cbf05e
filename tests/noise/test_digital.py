"""Fewer pixels, and the loss of a JPEG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from lvzoo.noise.digital import quantisation_steps
from tests.noise.making import SEVERITIES, SIZE_HW, difference, level, noisy

if TYPE_CHECKING:
    from numpy.typing import NDArray


def area_means(frame_HW: NDArray[np.uint8], size_HW: tuple[int, int]) -> NDArray[np.float64]:
    """Return area means, computed on a common multiple of both sizes."""
    levels_HW = frame_HW.astype(np.float64)
    for axis, size in enumerate(size_HW):
        before = levels_HW.shape[axis]
        fine = np.moveaxis(np.repeat(levels_HW, size, axis=axis), axis, 0)
        coarse = fine.reshape(size, before, -1).mean(axis=1)
        levels_HW = np.moveaxis(coarse, 0, axis)
    return levels_HW


@pytest.mark.parametrize("severity", SEVERITIES)
def test_downsampling_shows_the_means_of_areas(severity: int, frames_NHW: NDArray[np.uint8]) -> None:
    for frame_HW in (frames_NHW[0], frames_NHW[1][:61, :98]):
        rows, columns = frame_HW.shape
        small = tuple(round(level("downsample", severity) * side) for side in (rows, columns))
        coarse_HW = noisy(frame_HW, "downsample", severity)
        middle_y = [int((2 * row + 1) * rows / (2 * small[0])) for row in range(small[0])]
        middle_x = [int((2 * column + 1) * columns / (2 * small[1])) for column in range(small[1])]
        expected_HW = area_means(frame_HW, (small[0], small[1]))
        assert np.abs(coarse_HW[np.ix_(middle_y, middle_x)] - expected_HW).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("severity", SEVERITIES)
def test_downsampling_is_undone_by_the_nearest_pixel(severity: int, frames_NHW: NDArray[np.uint8]) -> None:
    side = round(level("downsample", severity) * 112)
    small_HW = area_means(frames_NHW[0], (side, side)).round().astype(np.uint8)
    large_HW = cv2.resize(small_HW, SIZE_HW, interpolation=cv2.INTER_NEAREST_EXACT)
    found_HW = noisy(frames_NHW[0], "downsample", severity)
    assert difference(found_HW, np.asarray(large_HW, np.uint8)).max() <= 1


def test_the_table_scales_as_written() -> None:
    """Quality 50 is the standard's table; quality 4 is 5000 / 4 = 1250 % of it, clipped at 255."""
    assert quantisation_steps(50)[7, 7] == 99
    assert quantisation_steps(30)[0].tolist() == [27, 18, 17, 27, 40, 66, 85, 101]  # 166 %, rounded
    assert quantisation_steps(4)[0].tolist() == [200, 138, 125, 200, 255, 255, 255, 255]
    assert quantisation_steps(15)[7, 7] == 255


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_flat_block_moves_to_the_nearest_step_of_its_mean(severity: int) -> None:
    """The mean of 8 x 8 pixels is its first coefficient / 8, counted from the middle grey."""
    step = float(quantisation_steps(level("jpeg", severity))[0, 0]) / 8
    for grey in (0, 77, 128, 250):
        expected = min(max(128 + round((grey - 128) / step) * step, 0), 255)
        assert np.unique(noisy(np.full((16, 16), grey, np.uint8), "jpeg", severity)).tolist() == [
            round(expected)
        ]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_jpeg_looks_like_a_real_codecs(severity: int, frames_NHW: NDArray[np.uint8]) -> None:
    quality = [cv2.IMWRITE_JPEG_QUALITY, level("jpeg", severity)]
    for frame_HW in frames_NHW:
        _, file = cv2.imencode(".jpg", frame_HW, quality)
        real_HW = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
        assert difference(noisy(frame_HW, "jpeg", severity), real_HW).mean() < 0.5


def test_jpeg_takes_frames_whose_sides_are_not_multiples_of_eight(frames_NHW: NDArray[np.uint8]) -> None:
    odd_HW = frames_NHW[0][10:41, 30:75]
    assert noisy(odd_HW, "jpeg", 1).shape == odd_HW.shape
    assert difference(noisy(odd_HW, "jpeg", 1), odd_HW).mean() < 25
