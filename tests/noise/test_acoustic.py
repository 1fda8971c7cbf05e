"""Speckle is Rician or Rayleigh; haze has its level, and its map stays in place over a video."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage, stats

from lvzoo.geometry.sector import fit_sector, scan_mask, standard_sector
from lvzoo.noise.acoustic import Speckle, draw_white_field, speckle, speckle_field
from lvzoo.noise.display import amplitude
from tests.noise.making import SIZE_HW, level, noisy, scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

GREY = 128


def ratios(severity: int, stride: int) -> NDArray[np.float64]:
    """Return the factor of speckle on the amplitude of an even frame, at pixels that are almost independent."""
    flat_HW = np.full(SIZE_HW, GREY, np.uint8)
    speckled_HW = np.stack([noisy(flat_HW, "speckle", severity, frame=n) for n in range(40)])
    echo = amplitude(np.array([GREY], np.uint8))
    quantised = amplitude(speckled_HW)[:, ::stride, ::stride].ravel() / echo
    step = 10 ** (50 / 255 / 20) - 1  # a grey level, as a share of the amplitude: spread out again
    return np.asarray(quantised * (1 + step * np.random.default_rng(0).uniform(-0.5, 0.5, quantised.size)))


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_a_partly_diffuse_echo_has_a_rician_amplitude(severity: int) -> None:
    diffuse = level("speckle", severity).diffuse
    spread, steady = math.sqrt(diffuse / 2), math.sqrt(1 - diffuse)
    found = ratios(severity, stride=10)
    assert stats.kstest(found, stats.rice(steady / spread, scale=spread).cdf).pvalue > 0.01
    assert (found**2).mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("severity", [4, 5])
def test_a_wholly_diffuse_echo_has_a_rayleigh_amplitude(severity: int) -> None:
    found = ratios(severity, stride=14)
    assert level("speckle", severity).diffuse == 1
    assert stats.kstest(found, stats.rayleigh(scale=math.sqrt(0.5)).cdf).pvalue > 0.01


def test_a_higher_severity_scales_the_same_speckle_field() -> None:
    """Two shares of one grain darken and brighten the same pixels."""
    flat_HW = np.full(SIZE_HW, GREY, np.uint8)
    here = scene("speckle", standard_sector(SIZE_HW))
    low_HW, high_HW = (speckle(flat_HW, Speckle(share, 0.8), here) for share in (0.1, 0.3))
    assert np.corrcoef(low_HW.ravel(), high_HW.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("grain_px", [0.8, 2.5])
def test_the_speckle_field_has_its_grain_and_unit_variance_up_to_the_border(grain_px: float) -> None:
    size_HW = (300, 300)
    here = scene("c", standard_sector(size_HW), size_HW)
    for part_HW in speckle_field(draw_white_field(here, margin_px=10), grain_px, size_HW):
        assert part_HW.shape == size_HW
        assert part_HW.std() == pytest.approx(1.0, abs=0.03 * grain_px)
        border = np.concatenate([part_HW[0], part_HW[-1], part_HW[:, 0], part_HW[:, -1]])
        assert border.std() == pytest.approx(1.0, abs=0.15 * grain_px)
        assert np.corrcoef(part_HW[:, :-1].ravel(), part_HW[:, 1:].ravel())[0, 1] == pytest.approx(
            math.exp(-1 / (4 * grain_px**2)), abs=0.05
        )


def test_haze_stays_inside_the_scan_mask(frames_NHW: NDArray[np.uint8]) -> None:
    frame_HW = np.maximum(frames_NHW[0], np.uint8(5))  # what lies outside is dark, but not black
    sector = fit_sector(frame_HW[None])
    hazy_HW = noisy(frame_HW, "haze", 5)
    inside_HW = scan_mask(sector, SIZE_HW)
    assert np.array_equal(hazy_HW[~inside_HW], frame_HW[~inside_HW])
    assert (hazy_HW != frame_HW)[inside_HW].mean() > 0.8


def test_haze_fills_a_black_frame_to_its_level_and_falls_with_depth() -> None:
    """Without tissue the display shows the haze alone: its mean power is the level, plus the map's spread."""
    sector = standard_sector(SIZE_HW)
    black_HW = np.zeros(SIZE_HW, np.uint8)
    videos_NHW = np.stack([noisy(black_HW, "haze", 5, video=f"v{n}", sector=sector) for n in range(60)])
    assert not videos_NHW[:, ~scan_mask(sector, SIZE_HW)].any()
    level_db = 50 * (videos_NHW[:, :, 52:61].mean(axis=(0, 2)) / 255 - 1)
    near, far = level_db[15:30].mean(), level_db[90:105].mean()
    assert near - far == pytest.approx(6 * 75 / 110, abs=1.5)
    # the mean of 20 log10 of a Rayleigh amplitude lies 2.5 dB below its power
    assert level_db[20:100].mean() == pytest.approx(level("haze", 5) - 2.5 - 6 * 56 / 110, abs=1.5)


def test_the_haze_of_a_video_keeps_its_place_from_frame_to_frame() -> None:
    """The grain is drawn for each frame, the map of the level once per video."""

    def veil(video: str, frames: range) -> NDArray[np.float64]:
        dark_HW = np.full(SIZE_HW, 1, np.uint8)
        hazy_HW = np.mean([noisy(dark_HW, "haze", 5, video=video, frame=n) for n in frames], axis=0)
        return ndimage.uniform_filter(hazy_HW, 9)[55:95:8, 35:80:8].ravel()

    one = veil("v0", range(4))
    same = np.corrcoef(one, veil("v0", range(4, 8)))[0, 1]
    other = [np.corrcoef(one, veil(f"v{n}", range(4)))[0, 1] for n in range(1, 9)]
    assert same > 0.9
    assert np.mean(other) < same - 0.3
