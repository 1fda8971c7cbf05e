"""Noise that comes back with the echo: the grain of interference, and the veil of clutter over the sector."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lvzoo.noise.display import amplitude, display, from_db
from lvzoo.noise.filters import enlarge, gaussian_weights, smooth
from lvzoo.noise.scene import beam, scanned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.noise.scene import Scene

COARSEST_GRAIN_PX: Final = 2.5
"""The widest grain that speckle may have: all grains are smoothed from one field, drawn with its margin."""
HAZE_GRAIN_PX: Final = 0.8
"""Sigma of the haze's grain, a fine scanner's point spread."""
HAZE_GRID: Final = 6
"""The haze is drawn on a grid of 6 x 6 from corner to corner of the frame."""
HAZE_SPREAD_DB: Final = 4.0
"""Standard deviation of the haze's level on that grid."""
HAZE_FALL_DB: Final = 6.0
"""By how much the haze is fainter at the sector's far end than at its apex."""

Field = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
"""The two components of a complex field: in phase, and in quadrature."""


class Speckle(NamedTuple):
    """How much of the echo is diffuse (0 none, 1 all of it: Rayleigh), and the sigma of its grain."""

    diffuse: float
    grain_px: float


def speckle(frame_HW: NDArray[np.uint8], level: Speckle, scene: Scene) -> NDArray[np.uint8]:
    """Let each echo interfere: `a' = a |sqrt(1 - k) + sqrt(k / 2) (z_re + i z_im)|`, k being its diffuse share.

    The mean power stays; the amplitude goes from Rician to Rayleigh, which is fully developed speckle
    (Goodman 1975, statistical properties of laser speckle patterns). Black stays black.
    """
    in_phase_HW, quadrature_HW = _grain(scene, level.grain_px)
    spread = math.sqrt(level.diffuse / 2.0)
    along_HW = math.sqrt(1.0 - level.diffuse) + spread * in_phase_HW
    across_HW = spread * quadrature_HW
    return display(amplitude(frame_HW) * np.sqrt(along_HW * along_HW + across_HW * across_HW))


def haze(frame_HW: NDArray[np.uint8], level_db: float, scene: Scene) -> NDArray[np.uint8]:
    """Add a veil of clutter: `a' = hypot(a + h z_re / sqrt 2, h z_im / sqrt 2)` inside the scan mask.

    `h = level + 4 l(x, y) - 6 r/R` in dB, l being a smooth unit Gaussian map that stays the same over the
    video, and z a complex speckle field of unit variance a component, new in every frame.
    """
    strength = float(from_db(level_db))
    in_phase_HW, quadrature_HW = _unit_haze(scene)
    along_HW = amplitude(frame_HW) + strength * in_phase_HW
    across_HW = strength * quadrature_HW
    hazy_HW = display(np.sqrt(along_HW * along_HW + across_HW * across_HW))
    return np.where(scanned(scene.sector, scene.size_HW), hazy_HW, frame_HW)


@lru_cache(maxsize=2)
def _unit_haze(scene: Scene) -> Field:
    """Return the complex haze of a frame at a level of 0 dB, once for all severities."""
    depth_HW, _ = beam(scene.sector, scene.size_HW)
    grid_66 = scene.video_draws().normal(HAZE_GRID**2).reshape(HAZE_GRID, HAZE_GRID)
    level_db_HW = HAZE_SPREAD_DB * enlarge(grid_66, scene.size_HW) - HAZE_FALL_DB * depth_HW
    strength_HW = from_db(level_db_HW) / math.sqrt(2.0)
    weights = gaussian_weights(HAZE_GRAIN_PX)
    white = white_field(scene, margin_px=len(weights) - 1)
    in_phase_HW, quadrature_HW = speckle_field(white, HAZE_GRAIN_PX, scene.size_HW)
    return strength_HW * in_phase_HW, strength_HW * quadrature_HW


@lru_cache(maxsize=2)
def _grain(scene: Scene, grain_px: float) -> Field:
    return speckle_field(_white_for_speckle(scene), grain_px, scene.size_HW)


@lru_cache(maxsize=1)
def _white_for_speckle(scene: Scene) -> Field:
    return white_field(scene, margin_px=len(gaussian_weights(COARSEST_GRAIN_PX)) - 1)


def white_field(scene: Scene, *, margin_px: int) -> Field:
    """Draw a frame's complex white Gaussian field, unit variance a component, row by row with its margin."""
    rows, columns = (size + 2 * margin_px for size in scene.size_HW)
    in_phase, quadrature = scene.frame_draws().normal_pairs(rows * columns)
    return in_phase.reshape(rows, columns), quadrature.reshape(rows, columns)


def speckle_field(white: Field, grain_px: float, size_HW: tuple[int, int]) -> Field:
    """Smooth the middle of a white field, which has a margin, to a grain; its variance is 1 again.

    The margin is at least as wide as the kernel reaches, so that the variance is the same up to the border:
    smoothing with the weights w leaves (sum w^2)^2 of it.
    """
    weights = gaussian_weights(grain_px)
    gain = 1.0 / math.fsum(weight * weight for weight in (*weights, *weights[1:]))
    spare = (white[0].shape[0] - size_HW[0]) // 2 - (len(weights) - 1)
    kept = slice(spare, -spare or None)
    in_phase_HW, quadrature_HW = (gain * smooth(part[kept, kept], weights) for part in white)
    return in_phase_HW, quadrature_HW
