"""Thermal noise is Rician over depth, Gaussian noise is Gaussian, dropout and salt and pepper are exact counts."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from lvzoo.geometry.sector import polar, scan_mask, standard_sector
from lvzoo.noise.display import amplitude
from tests.noise.making import SEVERITIES, SIZE_HW, level, noisy

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECTOR = standard_sector(SIZE_HW)
INSIDE_HW = scan_mask(SECTOR, SIZE_HW)
DEPTH_HW = polar(SECTOR, SIZE_HW)[0] / SECTOR.radius_px


def thermal_amplitudes(grey: int, severity: int, depth: float) -> NDArray[np.float64]:
    """Return the amplitudes of an even frame's pixels at a depth, over some frames."""
    even_HW = np.full(SIZE_HW, grey, np.uint8)
    there_HW = INSIDE_HW & (abs(DEPTH_HW - depth) < 0.01)
    frames = [noisy(even_HW, "thermal", severity, frame=n, sector=SECTOR) for n in range(10)]
    return np.concatenate([amplitude(noisy_HW)[there_HW] for noisy_HW in frames])


@pytest.mark.parametrize("depth", [0.3, 0.5, 0.9])
def test_where_there_is_no_echo_thermal_noise_is_rayleigh_and_grows_with_depth(depth: float) -> None:
    sigma = 10 ** ((level("thermal", 5) + 8 * (depth - 0.5)) / 20)
    found = thermal_amplitudes(0, 5, depth)
    assert stats.kstest(found, stats.rayleigh(scale=sigma / math.sqrt(2)).cdf).pvalue > 0.01


@pytest.mark.parametrize("severity", [3, 5])
def test_over_an_echo_thermal_noise_is_rician(severity: int) -> None:
    (echo,) = amplitude(np.array([170], np.uint8)).tolist()
    spread = 10 ** (level("thermal", severity) / 20) / math.sqrt(2)
    found = thermal_amplitudes(170, severity, 0.5)
    assert found.mean() == pytest.approx(stats.rice(echo / spread, scale=spread).mean(), rel=0.02)
    assert found.std() == pytest.approx(stats.rice(echo / spread, scale=spread).std(), rel=0.1)


def test_thermal_noise_stays_inside_the_scan_mask() -> None:
    dark_HW = np.full(SIZE_HW, 3, np.uint8)
    noisy_HW = noisy(dark_HW, "thermal", 5, sector=SECTOR)
    assert (noisy_HW[~INSIDE_HW] == 3).all()
    assert (noisy_HW[INSIDE_HW] != 3).mean() > 0.9


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gaussian_noise_is_normal_all_over_the_frame(severity: int) -> None:
    grey_HW = np.full(SIZE_HW, 128, np.uint8)
    sigma = level("gaussian", severity) * 255
    noisy_HW = noisy(grey_HW, "gaussian", severity, sector=SECTOR).astype(np.float64)
    for part in (noisy_HW[INSIDE_HW], noisy_HW[~INSIDE_HW]):
        clipped = (part == 0) | (part == 255)
        assert clipped.mean() == pytest.approx(2 * stats.norm.sf(127.5 / sigma), abs=0.02)
        shares = [np.mean(part <= 128 + step * sigma) for step in (-1, 0, 1)]
        assert shares == pytest.approx([0.159, 0.5, 0.841], abs=0.04)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_dropout_blackens_exactly_its_share(severity: int) -> None:
    share = level("dropout", severity)
    for size_HW in (SIZE_HW, (30, 41)):
        holed_HW = noisy(np.full(size_HW, 255, np.uint8), "dropout", severity)
        assert (holed_HW == 0).sum() == round(share * size_HW[0] * size_HW[1])
        assert set(np.unique(holed_HW).tolist()) == {0, 255}


@pytest.mark.parametrize("severity", SEVERITIES)
def test_salt_and_pepper_are_exactly_half_the_share_each(severity: int) -> None:
    share = level("saltpepper", severity)
    for size_HW in (SIZE_HW, (30, 41)):
        grainy_HW = noisy(np.full(size_HW, 100, np.uint8), "saltpepper", severity)
        grains = round(share / 2 * size_HW[0] * size_HW[1])
        assert ((grainy_HW == 0).sum(), (grainy_HW == 255).sum()) == (grains, grains)
        assert set(np.unique(grainy_HW).tolist()) == {0, 100, 255}


@pytest.mark.parametrize("name", ["dropout", "saltpepper"])
def test_a_higher_severity_keeps_the_pixels_of_a_lower_one(name: str) -> None:
    grey_HW = np.full(SIZE_HW, 100, np.uint8)
    by_severity = [noisy(grey_HW, name, severity) for severity in SEVERITIES]
    for lower_HW, higher_HW in pairwise(by_severity):
        assert (higher_HW == lower_HW)[lower_HW != 100].all()
    hit_HW = by_severity[-1] != 100
    quarters = [hit_HW[:56, :56], hit_HW[:56, 56:], hit_HW[56:, :56], hit_HW[56:, 56:]]
    assert [quarter.mean() for quarter in quarters] == pytest.approx([level(name, 5)] * 4, abs=0.04)
