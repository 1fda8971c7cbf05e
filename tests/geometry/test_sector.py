"""The sector is fitted to the pixels: drawn sectors are found again, anything else gives the standard sector."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lvzoo.geometry.sector import evenly_spaced, fit_sector, polar, scan_mask, standard_sector
from lvzoo.types import Sector

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIZE_HW = (112, 112)


def scan(
    apex_px: tuple[float, float],
    half_angle_deg: float,
    radius_px: float,
    *,
    size_HW: tuple[int, int] = SIZE_HW,
    probe_px: float = 0.0,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return six frames of random grey levels inside a sector, and the pixels that it scans."""
    truth = Sector(apex_px=apex_px, half_angle_deg=half_angle_deg, radius_px=radius_px, hull_px=())
    radius_HW, angle_HW = polar(truth, size_HW)
    inside_HW = (radius_HW >= probe_px) & (radius_HW <= radius_px)
    inside_HW &= np.abs(angle_HW) <= math.radians(half_angle_deg)
    speckle_NHW = np.random.default_rng(0).integers(0, 256, (6, *size_HW))
    return (speckle_NHW * inside_HW).astype(np.uint8), inside_HW


@pytest.mark.parametrize(
    ("apex_px", "half_angle_deg", "radius_px"),
    [
        ((56.0, 4.0), 45.0, 104.0),  # both edges reach the frame's border
        ((50.0, 2.0), 35.0, 100.0),  # off the middle, narrower
        ((60.0, -6.0), 40.0, 110.0),  # the apex lies above the frame
    ],
)
def test_a_sector_comes_back_as_it_was_drawn(
    apex_px: tuple[float, float], half_angle_deg: float, radius_px: float
) -> None:
    frames_NHW, inside_HW = scan(apex_px, half_angle_deg, radius_px)
    sector = fit_sector(frames_NHW)
    assert sector.fitted
    assert math.dist(sector.apex_px, apex_px) < 0.5
    assert sector.half_angle_deg == pytest.approx(half_angle_deg, abs=0.3)
    assert sector.radius_px == pytest.approx(radius_px, abs=1.0)
    assert np.array_equal(scan_mask(sector, SIZE_HW), inside_HW)


def test_a_larger_frame_with_a_curved_probe_is_fitted_too() -> None:
    frames_NHW, _ = scan((300.0, 20.0), 40.0, 500.0, size_HW=(600, 800), probe_px=40.0)
    sector = fit_sector(frames_NHW)
    assert sector.fitted
    assert math.dist(sector.apex_px, (300.0, 20.0)) < 1.0
    assert sector.radius_px == pytest.approx(500.0, abs=1.0)


def test_dark_flanks_do_not_narrow_the_sector() -> None:
    """Real clips are dark at the sides of great depths. The hull lacks these corners, but the fit stays the same."""
    frames_NHW, _ = scan((56.0, 4.0), 42.0, 104.0)
    y_H1, x_1W = np.arange(112)[:, None], np.arange(112)[None, :]
    shining_HW = np.abs(x_1W - 56) <= 34 - (y_H1 - 56).clip(0) * 0.3
    sector = fit_sector(frames_NHW * shining_HW.astype(np.uint8))
    assert sector.fitted
    assert math.dist(sector.apex_px, (56.0, 4.0)) < 1.5
    assert sector.half_angle_deg == pytest.approx(42.0, abs=1.5)
    assert not scan_mask(sector, SIZE_HW)[80, 12]


def test_a_marker_beside_the_sector_does_not_move_it() -> None:
    frames_NHW, inside_HW = scan((56.0, 4.0), 40.0, 100.0)
    frames_NHW[:, 2:6, 100:104] = 255
    assert np.array_equal(scan_mask(fit_sector(frames_NHW), SIZE_HW), inside_HW)


def tear_apart(frames_NHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blacken a shadow down the middle and a band across, so that the sector is split into four separate pieces."""
    torn_NHW = frames_NHW.copy()
    torn_NHW[:, :, 50:60] = 0
    torn_NHW[:, 52:60] = 0
    return torn_NHW


def test_a_picture_that_shadows_tear_apart_is_scanned_whole() -> None:
    frames_NHW, inside_HW = scan((56.0, 4.0), 42.0, 104.0)
    sector = fit_sector(tear_apart(frames_NHW))
    scanned_HW = scan_mask(sector, SIZE_HW)
    assert sector.fitted
    assert math.dist(sector.apex_px, (56.0, 4.0)) < 1.5
    assert (scanned_HW & inside_HW).sum() > 0.98 * inside_HW.sum()
    assert not (scanned_HW & ~inside_HW).any()


def letters(frames_NHW: NDArray[np.uint8]) -> None:
    """Draw three lines of bold, blurred letters in each upper corner."""
    for top in (2, 9, 16):
        frames_NHW[:, top : top + 4, 2:22] = frames_NHW[:, top : top + 4, 90:110] = 200


def trace(frames_NHW: NDArray[np.uint8]) -> None:
    """Draw a line with spikes, like an electrocardiogram, along the bottom."""
    frames_NHW[:, 107:109] = 220
    frames_NHW[:, 98:108, 20::30] = 220


def depth_marks(frames_NHW: NDArray[np.uint8]) -> None:
    """Draw dots down the right side, and the probe's marker beside the apex."""
    frames_NHW[:, 6::9, 107:110] = 180
    frames_NHW[:, 2:6, 66:70] = 180


@pytest.mark.parametrize("mark", [letters, trace, depth_marks])
@pytest.mark.parametrize("picture", [np.copy, tear_apart], ids=["whole", "torn"])
def test_what_a_machine_writes_does_not_move_the_sector(
    mark: Callable[[NDArray[np.uint8]], None], picture: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
) -> None:
    frames_NHW = picture(scan((56.0, 4.0), 36.0, 88.0)[0])
    marked_NHW = frames_NHW.copy()
    mark(marked_NHW)
    assert (marked_NHW != frames_NHW).any()
    assert fit_sector(marked_NHW) == fit_sector(frames_NHW)


def test_a_torn_picture_on_a_larger_frame_is_whole_too() -> None:
    frames_NHW, inside_HW = scan((300.0, 20.0), 40.0, 500.0, size_HW=(600, 800), probe_px=40.0)
    frames_NHW = np.maximum(frames_NHW, 40 * inside_HW.astype(np.uint8))
    frames_NHW[:, :, 290:310] = 0
    assert math.dist(fit_sector(frames_NHW).apex_px, (300.0, 20.0)) < 4


def test_compression_noise_outside_the_sector_does_not_move_it() -> None:
    frames_NHW, inside_HW = scan((56.0, 4.0), 40.0, 100.0)
    dirty_NHW = np.where(inside_HW, frames_NHW, np.uint8(8))
    assert np.array_equal(scan_mask(fit_sector(dirty_NHW), SIZE_HW), inside_HW)


def test_a_black_video_gets_the_standard_sector() -> None:
    sector = fit_sector(np.zeros((3, *SIZE_HW), np.uint8))
    assert sector == standard_sector(SIZE_HW)
    assert (sector.apex_px, sector.half_angle_deg, sector.radius_px) == ((56.0, 4.0), 45.0, 110.0)
    assert not sector.fitted
    assert 0.5 < scan_mask(sector, SIZE_HW).mean() < 0.8


def test_no_frames_get_the_standard_sector() -> None:
    assert fit_sector(np.zeros((0, *SIZE_HW), np.uint8)) == standard_sector(SIZE_HW)


def test_a_few_specks_are_no_scan() -> None:
    frames_NHW = np.zeros((1, *SIZE_HW), np.uint8)
    frames_NHW[0, 50:60, 50:60] = 200
    assert fit_sector(frames_NHW) == standard_sector(SIZE_HW)


def test_a_full_rectangle_is_scanned_whole_with_standard_beams() -> None:
    sector = fit_sector(np.full((2, *SIZE_HW), 90, np.uint8))
    assert not sector.fitted
    assert sector.apex_px == (56.0, 4.0)
    assert scan_mask(sector, SIZE_HW).all()


def test_the_standard_sector_grows_with_the_frame() -> None:
    sector = standard_sector((224, 336))
    assert (sector.apex_px, sector.radius_px) == ((168.0, 8.0), 220.0)


def test_polar_counts_from_the_apex_and_right_is_positive() -> None:
    radius_HW, angle_HW = polar(standard_sector(SIZE_HW), SIZE_HW)
    assert radius_HW[4, 56] == 0.0
    assert radius_HW[8, 59] == 5.0  # 3 right, 4 down
    assert angle_HW[8, 59] == pytest.approx(math.atan(3 / 4))
    assert angle_HW[14, 46] == pytest.approx(-math.pi / 4)
    assert angle_HW[90, 56] == 0.0


def test_the_scan_mask_of_a_triangle_holds_its_edges_and_either_orientation() -> None:
    triangle = ((1.0, 0.0), (1.0, 3.0), (4.0, 3.0))
    expected_HW = [[0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 1]]
    for hull_px in (triangle, triangle[::-1]):
        sector = Sector(apex_px=(0.0, 0.0), half_angle_deg=45.0, radius_px=9.0, hull_px=hull_px)
        assert scan_mask(sector, (4, 5)).astype(int).tolist() == expected_HW


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 63, 171])
def test_the_frames_that_decide_are_spread_from_first_to_last(count: int) -> None:
    indices = evenly_spaced(count)
    assert len(indices) == min(count, 8)
    assert (indices[0], indices[-1]) == (0, count - 1)
    gaps = np.diff(indices)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
