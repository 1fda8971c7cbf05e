"""The sector is found on backgrounds that are not black, and beside what machines and programs draw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pydicom.examples
import pytest

from lvzoo.data.opencv import cv2
from lvzoo.geometry.hull import find_hull, fit_edges
from lvzoo.geometry.region import scanned_region
from lvzoo.geometry.sector import DARK_LEVEL, evenly_spaced, fit_sector, polar, scan_mask, standard_sector
from lvzoo.phantom.clip import simulate
from lvzoo.types import FRAME_SIZE_HW, Sector

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Frame = np.ndarray[tuple[int, int], np.dtype[np.uint8]]

SIZE_HW = (480, 640)
TRUTH = Sector(apex_px=(330.0, 40.0), half_angle_deg=38.0, radius_px=370.0, hull_px=())
CONVEX = Sector(apex_px=(300.0, -30.0), half_angle_deg=30.0, radius_px=440.0, hull_px=())


def inside_of(truth: Sector, size_HW: tuple[int, int] = SIZE_HW) -> NDArray[np.bool_]:
    """Return the pixels that a drawn sector scans; an apex above the frame means a curved probe."""
    radius_HW, angle_HW = polar(truth, size_HW)
    inside_HW = (radius_HW >= (90 if truth.apex_px[1] < 0 else 0)) & (radius_HW <= truth.radius_px)
    return np.asarray(inside_HW & (np.abs(angle_HW) <= math.radians(truth.half_angle_deg)))


def scan_on(
    level: int,
    noise: float = 0.0,
    *,
    draw: Callable[[NDArray[np.uint8], int], None] | None = None,
    truth: Sector = TRUTH,
    size_HW: tuple[int, int] = SIZE_HW,
    still: bool = False,
) -> NDArray[np.uint8]:
    """Return eight frames of speckle with a dark cavity on a background, stored as JPEGs."""
    rng = np.random.default_rng(0)
    inside_HW = inside_of(truth, size_HW)
    radius_HW, _ = polar(truth, size_HW)
    echo_HW = np.where(np.abs(radius_HW / truth.radius_px - 0.5) < 0.15, 25, 70)
    speckle_HW = cv2.GaussianBlur(rng.rayleigh(1.0, size_HW), (0, 0), 2) * echo_HW
    frames = []
    for index in range(8):
        if not still:
            speckle_HW = cv2.GaussianBlur(rng.rayleigh(1.0, size_HW), (0, 0), 2) * echo_HW
        frame_HW = np.where(inside_HW, speckle_HW, level + rng.normal(0, noise, size_HW) if noise else level)
        grey_HW = np.clip(frame_HW, 0, 255).astype(np.uint8)
        if draw:
            draw(grey_HW, index)
        jpeg = cv2.imencode(".jpg", grey_HW, (cv2.IMWRITE_JPEG_QUALITY, 85))[1]
        frames.append(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), dtype=np.uint8))
    return np.stack(frames)


def check_found(frames_NHW: NDArray[np.uint8], truth: Sector = TRUTH) -> None:
    """Assert that the sector is fitted, and that its scan mask is the whole of what was drawn and nothing else."""
    sector = fit_sector(frames_NHW)
    size_HW = (frames_NHW.shape[1], frames_NHW.shape[2])
    scanned_HW, inside_HW = scan_mask(sector, size_HW), inside_of(truth, size_HW)
    assert sector.fitted
    assert math.dist(sector.apex_px, truth.apex_px) < 6
    assert sector.half_angle_deg == pytest.approx(truth.half_angle_deg, abs=1)
    assert (scanned_HW & inside_HW).sum() > 0.98 * inside_HW.sum()
    assert (scanned_HW & ~inside_HW).sum() < 0.05 * scanned_HW.sum()


@pytest.mark.parametrize("truth", [TRUTH, CONVEX], ids=["phased", "convex"])
@pytest.mark.parametrize(
    ("level", "noise"), [(15, 0.0), (15, 2.0), (0, 5.0), (40, 4.0), (128, 2.0), (255, 0.0)]
)
def test_the_sector_is_found_on_any_background(level: int, noise: float, truth: Sector) -> None:
    check_found(scan_on(level, noise, truth=truth), truth)


@pytest.mark.parametrize("level", [15, 255])
def test_one_frame_or_a_frozen_clip_is_enough(level: int) -> None:
    frames_NHW = scan_on(level, still=True)
    check_found(frames_NHW)
    check_found(frames_NHW[:1])


def write_text(frame_HW: NDArray[np.uint8], index: int) -> None:
    """Write lines into the corners and right beside the sector, and a clock."""
    ink = 0 if frame_HW[-1, 0] > 128 else 230
    for place in ((5, 20), (5, 45), (5, 70), (480, 20), (130, 110), (455, 110), (480, 470)):
        cv2.putText(frame_HW, f"MI 1.{index} 50Hz", place, 0, 0.6, ink, 2, cv2.LINE_AA)


def write_over_edge(frame_HW: NDArray[np.uint8], _: int) -> None:
    """Write a line across the sector's left edge."""
    cv2.putText(
        frame_HW, "Gain 62 dB", (100, 200), 0, 0.9, 0 if frame_HW[-1, 0] > 128 else 230, 2, cv2.LINE_AA
    )


def draw_trace(frame_HW: NDArray[np.uint8], index: int) -> None:
    """Draw an electrocardiogram that runs through the lower part of the sector."""
    x = np.arange(SIZE_HW[1])
    y = 400 - 40 * np.exp(-((((x + 70 * index) % 160) - 80) ** 2) / 12)
    cv2.polylines(frame_HW, [np.stack([x, y], axis=1).astype(np.int32)], False, 150, 2)


def draw_bars(frame_HW: NDArray[np.uint8], _: int) -> None:
    """Draw a grey bar at the right and two colours' bar at the left."""
    frame_HW[120:360, 605:630] = np.linspace(255, 0, 240)[:, None]
    frame_HW[40:200, 20:50] = np.abs(np.linspace(-200, 200, 160))[:, None]


def draw_window(frame_HW: NDArray[np.uint8], _: int) -> None:
    """Draw a program's window around the picture."""
    frame_HW[:24] = frame_HW[-10:] = frame_HW[:, :10] = frame_HW[:, -10:] = 210


def draw_logos(frame_HW: NDArray[np.uint8], _: int) -> None:
    """Draw a disc, a block and a small second picture."""
    cv2.circle(frame_HW, (590, 380), 35, 120, -1)
    frame_HW[380:450, 10:80] = 160
    frame_HW[10:90, 10:120] = np.add.outer(np.arange(80), np.arange(110)) + 30


@pytest.mark.parametrize("level", [0, 15, 255])
@pytest.mark.parametrize(
    "draw", [write_text, write_over_edge, draw_trace, draw_bars, draw_window, draw_logos]
)
def test_what_is_drawn_beside_the_sector_is_left_out(
    draw: Callable[[NDArray[np.uint8], int], None], level: int
) -> None:
    check_found(scan_on(level, draw=draw))


def test_a_small_frame_on_grey_is_searched_too() -> None:
    """A frame of 112 x 112 is not taken for one of EchoNet-Dynamic if its background is not black."""
    truth = Sector(apex_px=(56.0, 6.0), half_angle_deg=40.0, radius_px=96.0, hull_px=())
    sector = fit_sector(scan_on(40, truth=truth, size_HW=FRAME_SIZE_HW))
    assert sector.fitted
    assert math.dist(sector.apex_px, truth.apex_px) < 5
    assert sector.half_angle_deg == pytest.approx(40, abs=3)


def show_noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return frames of noise on grey."""
    return np.clip(rng.normal(128, 30, (8, *SIZE_HW)), 0, 255).astype(np.uint8)


def show_rectangle(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the speckle of a linear probe on grey."""
    frames_NHW = np.full((8, *SIZE_HW), 15, np.uint8)
    frames_NHW[:, 40:440, 200:440] = rng.integers(0, 255, (8, 400, 240))
    return frames_NHW


def show_page(_: np.random.Generator) -> NDArray[np.uint8]:
    """Return a page of text."""
    frame_HW = np.full(SIZE_HW, 255, np.uint8)
    for line in range(18):
        cv2.putText(frame_HW, "the quick brown fox " * 2, (20, 25 + 25 * line), 0, 0.7, 0, 2)
    return np.stack([frame_HW] * 8)


def show_disc(_: np.random.Generator) -> NDArray[np.uint8]:
    """Return a disc that changes its brightness."""
    return np.stack(
        [
            cv2.circle(np.full(SIZE_HW, 15, np.uint8), (320, 240), 180, 100 + 10 * index, -1)
            for index in range(8)
        ]
    ).astype(np.uint8)


@pytest.mark.parametrize("show", [show_noise, show_rectangle, show_page, show_disc])
def test_what_is_no_sector_is_not_fitted(show: Callable[[np.random.Generator], NDArray[np.uint8]]) -> None:
    assert not fit_sector(show(np.random.default_rng(0))).fitted


@pytest.mark.parametrize("lift", [0, 15])
def test_a_real_clip_is_fitted_alike_on_black_and_on_grey(lift: int) -> None:
    """The clip of an Acuson machine in pydicom has text, icons, a scale and a row of buttons around its sector."""
    frames_NHW = pydicom.examples.ybr_color.pixel_array.mean(axis=-1).astype(np.uint8)
    sector = fit_sector((frames_NHW[evenly_spaced(len(frames_NHW))] + lift).clip(max=255).astype(np.uint8))
    assert sector.fitted
    assert math.dist(sector.apex_px, (169, 9)) < 2
    assert sector.half_angle_deg == pytest.approx(43, abs=1)
    xs, ys = zip(*sector.hull_px, strict=True)
    assert min(xs) > 40  # the icons' row begins at 38
    assert max(xs) < 285  # the scale is at 292
    assert 15 <= min(ys) <= 26
    assert 195 <= max(ys) <= 210  # the buttons begin at 226


@pytest.mark.parametrize("index", range(4))
def test_the_phantom_is_fitted_by_the_hull_of_its_bright_pixels(index: int) -> None:
    """The noise suites are defined on this fit, so the search must not replace it."""
    frames_NHW = simulate(seed=0, split="train", index=index).frames_NHW
    hull = find_hull(scanned_region(frames_NHW.max(axis=0) > DARK_LEVEL))
    expected = fit_edges(hull, FRAME_SIZE_HW) or standard_sector(FRAME_SIZE_HW, hull_px=tuple(hull))
    assert fit_sector(frames_NHW) == expected


def test_a_frame_of_echonets_format_is_fitted_as_ever() -> None:
    """These figures are those of noise-v1; not a thousandth of a pixel may change."""
    radius_HW, angle_HW = polar(
        Sector(apex_px=(54.3, 3.2), half_angle_deg=0, radius_px=0, hull_px=()), FRAME_SIZE_HW
    )
    inside_HW = (radius_HW < 103) & (np.abs(angle_HW) < 0.69)
    levels_NHW = np.random.default_rng(7).integers(0, 256, (4, *FRAME_SIZE_HW))
    sector = fit_sector((levels_NHW * inside_HW).astype(np.uint8))
    assert (sector.apex_px, sector.half_angle_deg, sector.radius_px) == ((54.285, 3.231), 39.54, 102.975)
    assert len(sector.hull_px) == 23
