"""Noise that the machine adds."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.noise.display import WHITE, amplitude, display, from_db, quantise
from lvzoo.noise.scene import beam, scanned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.noise.scene import Scene

THERMAL_RISE_DB: Final = 8.0
"""By how much the amplified noise floor is higher at the sector's far end than at its apex."""
INDEX_BITS: Final = 24
"""The low bits of a pixel's draw hold its index instead, so that no two pixels ever draw the same."""


def thermal(frame_HW: NDArray[np.uint8], level_db: float, scene: Scene) -> NDArray[np.uint8]:
    """Add the receiver's noise before detection: `a' = |a + sigma (n1 + i n2) / sqrt 2|` inside the scan mask.

    `sigma = level + 8 (r/R - 1/2)` in dB: the compensation for depth amplifies the noise as it does the echo.
    The amplitude is then Rician, with a Rayleigh floor where there is no echo.
    """
    strength = float(from_db(level_db))
    in_phase_HW, quadrature_HW = _unit_thermal(scene)
    along_HW = amplitude(frame_HW) + strength * in_phase_HW
    across_HW = strength * quadrature_HW
    noisy_HW = display(np.sqrt(along_HW * along_HW + across_HW * across_HW))
    return np.where(scanned(scene.sector, scene.size_HW), noisy_HW, frame_HW)


@lru_cache(maxsize=2)
def _unit_thermal(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the complex noise of a frame at a level of 0 dB, once for all severities."""
    depth_HW, _ = beam(scene.sector, scene.size_HW)
    strength_HW = from_db(THERMAL_RISE_DB * (depth_HW - 0.5)) / math.sqrt(2.0)
    parts = scene.frame_draws().normal_pairs(depth_HW.size)
    in_phase_HW, quadrature_HW = (strength_HW * part.reshape(scene.size_HW) for part in parts)
    return in_phase_HW, quadrature_HW


def gaussian(frame_HW: NDArray[np.uint8], sigma: float, scene: Scene) -> NDArray[np.uint8]:
    """Add white Gaussian noise to the displayed frame, all over it; sigma is a share of white."""
    return quantise(frame_HW + sigma * WHITE * _unit_gaussian(scene))


@lru_cache(maxsize=2)
def _unit_gaussian(scene: Scene) -> NDArray[np.float64]:
    """Return the noise of a frame at a sigma of 1, once for all severities."""
    noise_HW = scene.frame_draws().normal(scene.size_HW[0] * scene.size_HW[1]).reshape(scene.size_HW)
    noise_HW.setflags(write=False)
    return noise_HW


def dropout(frame_HW: NDArray[np.uint8], share: float, scene: Scene) -> NDArray[np.uint8]:
    """Set exactly `round(share x pixels)` pixels to black: those that drew the lowest numbers.

    A graver severity keeps the holes of the milder one. Source: EchoNet-Dynamic's simulated noise (Ouyang et
    al. 2020, doi 10.1038/s41586-020-2145-8, Extended Data Fig. 6).
    """
    places = _places(scene)
    return np.where(places < round(share * places.size), np.uint8(0), frame_HW)


def saltpepper(frame_HW: NDArray[np.uint8], share: float, scene: Scene) -> NDArray[np.uint8]:
    """Set exactly `round(share x pixels / 2)` pixels to black and as many to white: the lowest draws, the highest.

    A graver severity keeps the grains of the milder one.
    """
    places = _places(scene)
    grains = round(share / 2 * places.size)
    peppered_HW = np.where(places < grains, np.uint8(0), frame_HW)
    return np.where(places >= places.size - grains, np.uint8(WHITE), peppered_HW)


@lru_cache(maxsize=2)
def _places(scene: Scene) -> NDArray[np.intp]:
    """Return the place of every pixel when they are ordered by what they drew, 0 the lowest; for all severities."""
    pixels = scene.size_HW[0] * scene.size_HW[1]
    low = np.uint64(INDEX_BITS)
    lots = (scene.frame_draws().raw(pixels) >> low << low) | np.arange(pixels, dtype=np.uint64)
    places = np.empty(pixels, dtype=np.intp)
    places[np.argsort(lots)] = np.arange(pixels)
    places.setflags(write=False)
    return places.reshape(scene.size_HW)
