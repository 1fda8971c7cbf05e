"""Noise that is made in the body, on the way of the sound: it follows the beam and fills only the sector."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.geometry.sector import polar
from lvzoo.noise.display import amplitude, display, from_db
from lvzoo.noise.filters import gaussian_weights, smooth
from lvzoo.noise.scene import scanned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.noise.scene import Scene

POINT_SPREAD_PX: Final = 0.8
"""Sigma of the speckle's grain."""
HAZE_GRID: Final = 6
"""The haze is drawn on a grid of 6 x 6 from corner to corner of the frame."""
HAZE_SPREAD_DB: Final = 4.0
"""Standard deviation of the haze's level on that grid."""
HAZE_FALL_DB: Final = 6.0
"""By how much the haze is fainter at the sector's far end than at its apex."""


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
def _unit_haze(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the complex haze of a frame at a level of 0 dB, once for all severities."""
    radius_HW, _ = polar(scene.sector, scene.size_HW)
    grid_66 = scene.video_draws().normal(HAZE_GRID**2).reshape(HAZE_GRID, HAZE_GRID)
    level_db_HW = HAZE_SPREAD_DB * _enlarge(grid_66, scene.size_HW)
    level_db_HW -= HAZE_FALL_DB / scene.sector.radius_px * radius_HW
    strength_HW = from_db(level_db_HW) / math.sqrt(2.0)
    in_phase_HW, quadrature_HW = speckle_field(scene, POINT_SPREAD_PX)
    return strength_HW * in_phase_HW, strength_HW * quadrature_HW


def speckle_field(scene: Scene, sigma_px: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the two components of a frame's complex Gaussian field, smoothed and of unit variance again.

    The field is drawn with a margin as wide as the kernel reaches, row by row, so that its variance is the
    same up to the border: smoothing with the weights w leaves (sum w^2)^2 of it.
    """
    weights = gaussian_weights(sigma_px)
    margin = len(weights) - 1
    rows, columns = (size + 2 * margin for size in scene.size_HW)
    gain = 1.0 / math.fsum(weight * weight for weight in (*weights, *weights[1:]))
    parts = scene.frame_draws().normal_pairs(rows * columns)
    in_phase_HW, quadrature_HW = (gain * smooth(part.reshape(rows, columns), weights) for part in parts)
    return in_phase_HW, quadrature_HW


def _enlarge(grid_RC: NDArray[np.float64], size_HW: tuple[int, int]) -> NDArray[np.float64]:
    """Spread a grid over a frame, its corners on the frame's, by cubic convolution (Keys 1981, a = -1/2)."""
    return _enlarge_rows(_enlarge_rows(grid_RC, size_HW[0]).T, size_HW[1]).T


def _enlarge_rows(grid_RC: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    last = len(grid_RC) - 1
    position_H = np.arange(rows) * (last / max(rows - 1, 1))
    node_H = np.minimum(position_H.astype(np.intp), last - 1)
    t = (position_H - node_H)[:, None]
    weights = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    total_HC = np.zeros((rows, grid_RC.shape[1]))
    for step, weight_H1 in enumerate(weights, start=-1):
        total_HC += weight_H1 * grid_RC[np.clip(node_H + step, 0, last)]
    return total_HC
