"""Electronic noise: the receiver's thermal noise, and noise on the displayed frame."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.noise.display import WHITE, from_db, quantise
from lvzoo.noise.scene import Field, Scene, add_in_sector, beam_coordinates

THERMAL_RISE_DB: Final = 8.0
"""How much higher the amplified noise floor is at the far end of the sector than at its apex."""
INDEX_BITS: Final = 24
"""Low bits of a pixel's random word that its index replaces, so that no two pixels draw the same number."""


def thermal(frame_HW: NDArray[np.uint8], level_db: float, scene: Scene) -> NDArray[np.uint8]:
    """Add the receiver's noise before detection: `a' = |a + sigma (n1 + i n2) / sqrt 2|` inside the scan mask.

    `sigma = level + 8 (r/R - 1/2)` in dB, because the compensation for depth amplifies the noise with the echo.
    The amplitude is Rician, and Rayleigh where there is no echo.
    """
    return add_in_sector(frame_HW, _draw_unit_thermal(scene), level_db, scene)


@lru_cache(maxsize=2)
def _draw_unit_thermal(scene: Scene) -> Field:
    """Return the complex noise of a frame at 0 dB; it is cached because all severities scale the same field."""
    depth_HW, _ = beam_coordinates(scene.sector, scene.size_HW)
    strength_HW = from_db(THERMAL_RISE_DB * (depth_HW - 0.5)) / math.sqrt(2.0)
    parts = scene.frame_draws().normal_pairs(depth_HW.size)
    in_phase_HW, quadrature_HW = (strength_HW * part.reshape(scene.size_HW) for part in parts)
    return in_phase_HW, quadrature_HW


def gaussian(frame_HW: NDArray[np.uint8], sigma: float, scene: Scene) -> NDArray[np.uint8]:
    """Add white Gaussian noise to the whole displayed frame; sigma is a share of white."""
    return quantise(frame_HW + sigma * WHITE * _draw_unit_gaussian(scene))


@lru_cache(maxsize=2)
def _draw_unit_gaussian(scene: Scene) -> NDArray[np.float64]:
    """Return the noise of a frame at a sigma of 1; it is cached because all severities scale the same field."""
    noise_HW = scene.frame_draws().normal(scene.size_HW[0] * scene.size_HW[1]).reshape(scene.size_HW)
    noise_HW.setflags(write=False)
    return noise_HW


def dropout(frame_HW: NDArray[np.uint8], share: float, scene: Scene) -> NDArray[np.uint8]:
    """Set exactly `round(share x pixels)` pixels to black: those with the lowest random numbers.

    A higher severity keeps the black pixels of a lower one. Source: EchoNet-Dynamic's simulated noise (Ouyang et al.
    2020, doi 10.1038/s41586-020-2145-8, Extended Data Fig. 6).
    """
    ranks = _rank_pixels(scene)
    return np.where(ranks < round(share * ranks.size), np.uint8(0), frame_HW)


def saltpepper(frame_HW: NDArray[np.uint8], share: float, scene: Scene) -> NDArray[np.uint8]:
    """Set exactly `round(share x pixels / 2)` pixels to black and as many to white.

    Those with the lowest random numbers become black, those with the highest white. A higher severity keeps the
    pixels of a lower one.
    """
    ranks = _rank_pixels(scene)
    grains = round(share / 2 * ranks.size)
    peppered_HW = np.where(ranks < grains, np.uint8(0), frame_HW)
    return np.where(ranks >= ranks.size - grains, np.uint8(WHITE), peppered_HW)


@lru_cache(maxsize=2)
def _rank_pixels(scene: Scene) -> NDArray[np.intp]:
    """Return the rank of each pixel's random number, 0 for the lowest; it is cached for all severities."""
    pixels = scene.size_HW[0] * scene.size_HW[1]
    low = np.uint64(INDEX_BITS)
    lots = (scene.frame_draws().raw(pixels) >> low << low) | np.arange(pixels, dtype=np.uint64)
    ranks = np.empty(pixels, dtype=np.intp)
    ranks[np.argsort(lots)] = np.arange(pixels)
    ranks.setflags(write=False)
    return ranks.reshape(scene.size_HW)
