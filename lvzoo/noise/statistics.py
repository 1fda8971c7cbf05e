"""Measures how frames look, in figures that tell the corruptions of noise-v1 apart.

The figures are those of grey frames of 112 x 112, as a model sees them. They need no mask and no model.
`lvzoo.noise.estimate` estimates the noise of a clip from their means over the clip's frames.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from lvzoo.geometry.sector import polar, scan_mask
from lvzoo.types import Sector

BLOCK: Final = 8
"""The side of JPEG's blocks."""
BLACK: Final = 3
WHITE: Final = 252
"""Grey levels up to BLACK count as black, and those from WHITE on as white."""
SPIKE: Final = 60
"""A pixel that differs by more than this from the median of its neighbourhood is a spike."""
LEVELS: Final = (0, 16, 64, 128, 256)
"""Bounds of the bins of local brightness, in which the fine noise is measured."""
QUANTILES: Final = (0.01, 0.1, 0.25, 0.5, 0.75, 0.95)
OCTAVES_PX: Final = (0.7, 1.4, 2.8, 5.6)
"""The sigmas of the Gaussians between which the power is measured."""
LAGS: Final = ((0, 1), (1, 0), (0, 2), (2, 0), (1, 1), (1, -1), (0, 4), (4, 0))
FLOOR: Final = 0.1
"""The floor of a depth is this quantile of its smoothed levels."""

Levels: TypeAlias = NDArray[np.float32]
Area: TypeAlias = NDArray[np.bool_]
Figures: TypeAlias = dict[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The parts of a sector, which all frames of a clip share."""

    scanned_HW: Area
    rings: tuple[Area, ...]
    """Bins of depth, from the sector's apex to its arc."""
    rays: tuple[Area, ...]
    """Bins of angle, from the sector's left edge to its right one, without the nearest third of the depth."""


def find_place(sector: Sector, size_HW: tuple[int, int], *, rings: int = 6, rays: int = 12) -> Place:
    """Return the parts of a sector on frames of a size."""
    scanned_HW = scan_mask(sector, size_HW)
    radius_HW, angle_HW = polar(sector, size_HW)
    depth_HW = radius_HW / sector.radius_px
    side_HW = (angle_HW / np.deg2rad(sector.half_angle_deg) + 1.0) / 2.0
    return Place(
        scanned_HW=scanned_HW,
        rings=tuple(_cut(depth_HW, scanned_HW, rings)),
        rays=tuple(_cut(side_HW, scanned_HW & (depth_HW > 1 / 3), rays)),
    )


def _cut(share_HW: NDArray[np.float64], area_HW: Area, bins: int) -> Iterator[Area]:
    """Yield the parts of an area in which a share from 0 to 1 lies in each of some equal bins."""
    place_HW = np.clip((share_HW * bins).astype(np.intp), 0, bins - 1)
    for number in range(bins):
        yield area_HW & (place_HW == number)


def measure_frame(frame_HW: NDArray[np.uint8], place: Place) -> Figures:
    """Return the figures of a grey frame by name. A figure of an empty part of the frame is 0."""
    levels_HW = frame_HW.astype(np.float32)
    near_HW = np.asarray(cv2.blur(levels_HW, (5, 5), borderType=cv2.BORDER_REPLICATE), dtype=np.float32)
    return {
        **_measure_levels(levels_HW, place.scanned_HW),
        **_measure_spikes(frame_HW, place.scanned_HW),
        **_measure_fine_noise(levels_HW, near_HW, place.scanned_HW),
        **_measure_grain(levels_HW, near_HW, place.scanned_HW),
        **_measure_sharpness(levels_HW, place.scanned_HW),
        **_measure_direction(levels_HW, place.scanned_HW),
        **_measure_storage(levels_HW, place.scanned_HW),
        **_measure_frequencies(levels_HW),
        **_measure_beams(levels_HW, near_HW, place),
    }


def _mean(values_HW: NDArray[np.generic], area_HW: Area) -> float:
    inside = values_HW[area_HW]
    return float(inside.mean(dtype=np.float64)) if len(inside) else 0.0


def _measure_levels(levels_HW: Levels, scanned_HW: Area) -> Figures:
    """Return the shares of black and white and quantiles of the other levels in the sector; the levels outside."""
    inside, outside = levels_HW[scanned_HW], levels_HW[~scanned_HW]
    lit = inside[inside > BLACK]
    quantiles = np.quantile(lit, QUANTILES).tolist() if len(lit) else [0.0] * len(QUANTILES)
    return {
        "black": float((inside <= BLACK).mean()) if len(inside) else 0.0,
        "white": float((inside >= WHITE).mean()) if len(inside) else 0.0,
        **{f"level {share:.0%}": level for share, level in zip(QUANTILES, quantiles, strict=True)},
        "lit outside": float((outside > BLACK).mean()) if len(outside) else 0.0,
        "level outside": float(outside.mean()) if len(outside) else 0.0,
    }


def _measure_spikes(frame_HW: NDArray[np.uint8], scanned_HW: Area) -> Figures:
    """Return the shares of single pixels that are much darker or brighter than the pixels around them."""
    off_HW = frame_HW.astype(np.int16) - cv2.medianBlur(frame_HW, 3)
    brightest_HW = cv2.dilate(frame_HW, np.ones((3, 3), np.uint8))
    black_HW = frame_HW <= BLACK
    lit_HW = cv2.blur((~black_HW).astype(np.float32), (3, 3))
    return {
        "spikes up": _mean(off_HW > SPIKE, scanned_HW),
        "spikes down": _mean(off_HW < -SPIKE, scanned_HW),
        "white spikes": _mean((off_HW > SPIKE) & (frame_HW >= WHITE), scanned_HW),
        "black spikes": _mean((off_HW < -SPIKE) & black_HW, scanned_HW),
        "black by bright": _mean(black_HW & (brightest_HW > SPIKE), scanned_HW),
        "lone lit": _mean(~black_HW & (lit_HW < 0.4), scanned_HW),
    }


def _measure_fine_noise(levels_HW: Levels, near_HW: Levels, scanned_HW: Area) -> Figures:
    """Return the mean size of the finest diagonal wavelet (Haar), by local brightness in the sector, and outside."""
    fine_HW = np.zeros_like(levels_HW)
    across_HW = np.diff(levels_HW, axis=1)
    fine_HW[:-1, :-1] = np.abs(np.diff(across_HW, axis=0)) / 2.0
    inside, near, middle = fine_HW[scanned_HW], near_HW[scanned_HW], 0.0
    by_level = {
        f"fine noise from {low}": _mean(inside, (near >= low) & (near < high))
        for low, high in itertools.pairwise(LEVELS)
    }
    if len(inside):
        middle = float(np.median(inside))
    return {"fine noise": middle, **by_level, "fine noise outside": _mean(fine_HW, ~scanned_HW)}


def _measure_grain(levels_HW: Levels, near_HW: Levels, scanned_HW: Area) -> Figures:
    """Return the autocorrelation of what is finer than 3 px: of the whole sector, and of its dark parts."""
    rest_HW = levels_HW - _smooth(levels_HW, 3.0)
    figures = {}
    for name, area_HW in (("grain", scanned_HW), ("dark grain", scanned_HW & (near_HW < LEVELS[2]))):
        power = _mean(rest_HW * rest_HW, area_HW)
        figures[name] = power**0.5
        for down, right in LAGS:
            moved_HW = np.roll(rest_HW, (down, right), axis=(0, 1))
            figures[f"{name} {down},{right}"] = _mean(rest_HW * moved_HW, area_HW) / (power + 1.0)
    return figures


def _smooth(levels_HW: Levels, sigma_px: float) -> Levels:
    return np.asarray(
        cv2.GaussianBlur(levels_HW, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE), dtype=np.float32
    )


def _measure_sharpness(levels_HW: Levels, scanned_HW: Area) -> Figures:
    """Return the logarithms of the power in bands of an octave, from fine to coarse."""
    scales = [levels_HW, *(_smooth(levels_HW, sigma_px) for sigma_px in OCTAVES_PX)]
    return {
        f"band {number}": float(np.log(_mean((fine - coarse) ** 2, scanned_HW) + 0.1))
        for number, (fine, coarse) in enumerate(itertools.pairwise(scales))
    }


def _measure_direction(levels_HW: Levels, scanned_HW: Area) -> Figures:
    """Return how much the steepness depends on its direction, at three scales: from 0 to 1, all in one direction."""
    figures = {}
    for sigma_px in (0.5, 1.0, 2.0):
        down_HW, right_HW = np.gradient(_smooth(levels_HW, sigma_px))
        down = _mean(np.square(down_HW), scanned_HW)
        right = _mean(np.square(right_HW), scanned_HW)
        mixed = _mean(np.multiply(down_HW, right_HW), scanned_HW)
        figures[f"direction {sigma_px:g}"] = float(np.hypot(down - right, 2.0 * mixed) / (down + right + 1.0))
    return figures


def _measure_storage(levels_HW: Levels, scanned_HW: Area) -> Figures:
    """Return what fewer pixels and JPEG leave: equal neighbours, and steps between blocks of 8 x 8."""
    figures = {}
    lit_HW = (levels_HW > BLACK) & scanned_HW
    for name, values_HW, area_HW in (("down", levels_HW, lit_HW), ("right", levels_HW.T, lit_HW.T)):
        step_HW = np.abs(np.diff(values_HW, axis=0))
        both_HW = area_HW[:-1] & area_HW[1:]
        figures[f"equal {name}"] = _mean(step_HW == 0, both_HW)
        figures[f"near equal {name}"] = _mean(step_HW <= 2, both_HW)
        border_H1 = (np.arange(len(step_HW)) % BLOCK == BLOCK - 1)[:, None]
        border, within = _mean(step_HW, both_HW & border_H1), _mean(step_HW, both_HW & ~border_H1)
        figures[f"blocks {name}"] = float(np.log((border + 0.5) / (within + 0.5)))
    return figures


def _measure_frequencies(levels_HW: Levels) -> Figures:
    """Return which share of the cosine coefficients of the lit 8 x 8 blocks vanishes, for three bands."""
    high, wide = (side // BLOCK for side in levels_HW.shape)
    blocks_GG88 = levels_HW[: high * BLOCK, : wide * BLOCK].reshape(high, BLOCK, wide, BLOCK).swapaxes(1, 2)
    lit_GG = blocks_GG88.mean(axis=(2, 3)) > LEVELS[1]
    if not lit_GG.any():
        return dict.fromkeys(("no low frequencies", "no middle frequencies", "no high frequencies"), 0.0)
    small_B88 = np.abs(fft.dctn(blocks_GG88[lit_GG], axes=(1, 2), norm="ortho")) < 2.0
    order_88 = np.add.outer(np.arange(BLOCK), np.arange(BLOCK))
    return {
        f"no {name} frequencies": float(small_B88[:, (order_88 >= low) & (order_88 < top)].mean())
        for name, low, top in (("low", 1, 3), ("middle", 3, 7), ("high", 7, 15))
    }


def _measure_beams(levels_HW: Levels, near_HW: Levels, place: Place) -> Figures:
    """Return brightness, black share and floor by depth; and how dark single beams are beside the others."""
    figures = {}
    for ring, area_HW in enumerate(place.rings):
        inside, near = levels_HW[area_HW], near_HW[area_HW]
        figures[f"level at depth {ring}"] = float(inside.mean()) if len(inside) else 0.0
        figures[f"black at depth {ring}"] = float((inside <= BLACK).mean()) if len(inside) else 0.0
        figures[f"floor at depth {ring}"] = float(np.quantile(near, FLOOR)) if len(near) else 0.0
    beams_B = np.array([_mean(levels_HW, area_HW) for area_HW in place.rays])
    ordered_B = np.sort(beams_B) - np.median(beams_B)
    return figures | {
        "darkest beam": float(ordered_B[0]),
        "third darkest beam": float(ordered_B[2]),
        "brightest beam": float(ordered_B[-1]),
        "spread of the beams": float(beams_B.std()),
        "steepest beam": float(np.abs(np.diff(beams_B)).max()),
    }
