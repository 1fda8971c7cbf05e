"""Acoustic noise in the echo itself: speckle from interference, and haze from clutter."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lvzoo.noise.display import amplitude, display, from_db
from lvzoo.noise.filters import enlarge, gaussian_weights, smooth
from lvzoo.noise.scene import Field, Scene, add_in_sector, beam_coordinates

COARSEST_GRAIN_PX: Final = 2.5
"""The largest grain of speckle. All grains are smoothed from one field, whose margin fits this one."""
HAZE_GRAIN_PX: Final = 0.8
"""Sigma of the haze's grain: the point spread of a scanner with fine resolution."""
HAZE_GRID: Final = 6
"""The level of the haze is drawn on a 6 x 6 grid that spans the frame."""
HAZE_SPREAD_DB: Final = 4.0
"""Standard deviation of the haze's level on that grid."""
HAZE_FALL_DB: Final = 6.0
"""How much weaker the haze is at the far end of the sector than at its apex."""


class Speckle(NamedTuple):
    """The diffuse share of the echo (0 none, 1 all: Rayleigh), and the sigma of its grain."""

    diffuse: float
    grain_px: float


def speckle(frame_HW: NDArray[np.uint8], level: Speckle, scene: Scene) -> NDArray[np.uint8]:
    """Add speckle: `a' = a |sqrt(1 - k) + sqrt(k / 2) (z_re + i z_im)|`, where k is the diffuse share.

    The mean power does not change. The amplitude is Rician for k < 1 and Rayleigh for k = 1, which is fully
    developed speckle (Goodman 1975, statistical properties of laser speckle patterns). Black stays black.
    """
    in_phase_HW, quadrature_HW = _speckle_grain(scene, level.grain_px)
    spread = math.sqrt(level.diffuse / 2.0)
    along_HW = math.sqrt(1.0 - level.diffuse) + spread * in_phase_HW
    across_HW = spread * quadrature_HW
    return display(amplitude(frame_HW) * np.sqrt(along_HW * along_HW + across_HW * across_HW))


def haze(frame_HW: NDArray[np.uint8], level_db: float, scene: Scene) -> NDArray[np.uint8]:
    """Add clutter: `a' = hypot(a + h z_re / sqrt 2, h z_im / sqrt 2)` inside the scan mask.

    `h = level + 4 l(x, y) - 6 r/R` in dB. l is a smooth map of unit variance that is the same for all frames of
    a video. z is a complex speckle field with unit variance per component, drawn for each frame.
    """
    return add_in_sector(frame_HW, _draw_unit_haze(scene), level_db, scene)


@lru_cache(maxsize=2)
def _draw_unit_haze(scene: Scene) -> Field:
    """Return the complex haze of a frame at 0 dB; it is cached because all severities scale the same field."""
    # level map: random on a coarse grid, lower with depth
    depth_HW, _ = beam_coordinates(scene.sector, scene.size_HW)
    grid_66 = scene.video_draws().normal(HAZE_GRID**2).reshape(HAZE_GRID, HAZE_GRID)
    level_db_HW = HAZE_SPREAD_DB * enlarge(grid_66, scene.size_HW) - HAZE_FALL_DB * depth_HW
    strength_HW = from_db(level_db_HW) / math.sqrt(2.0)
    # grain: white noise, smoothed
    weights = gaussian_weights(HAZE_GRAIN_PX)
    white = draw_white_field(scene, margin_px=len(weights) - 1)
    in_phase_HW, quadrature_HW = speckle_field(white, HAZE_GRAIN_PX, scene.size_HW)
    return strength_HW * in_phase_HW, strength_HW * quadrature_HW


@lru_cache(maxsize=2)
def _speckle_grain(scene: Scene, grain_px: float) -> Field:
    """Return the unit speckle field of a frame, cached because severities may share a grain."""
    return speckle_field(_white_for_speckle(scene), grain_px, scene.size_HW)


@lru_cache(maxsize=1)
def _white_for_speckle(scene: Scene) -> Field:
    """Return the white field that the speckle of all severities is smoothed from."""
    return draw_white_field(scene, margin_px=len(gaussian_weights(COARSEST_GRAIN_PX)) - 1)


def draw_white_field(scene: Scene, *, margin_px: int) -> Field:
    """Draw a complex white Gaussian field for a frame and a margin, row by row, with unit variance per component."""
    rows, columns = (size + 2 * margin_px for size in scene.size_HW)
    in_phase, quadrature = scene.frame_draws().normal_pairs(rows * columns)
    return in_phase.reshape(rows, columns), quadrature.reshape(rows, columns)


def speckle_field(white: Field, grain_px: float, size_HW: tuple[int, int]) -> Field:
    """Smooth the middle of a white field, which has a margin, to a grain of unit variance.

    The margin must be at least as wide as the kernel's reach, so that the variance is the same up to the border.
    Smoothing with the weights w along both axes multiplies the variance by (sum w^2)^2.
    """
    weights = gaussian_weights(grain_px)
    gain = 1.0 / math.fsum(weight * weight for weight in (*weights, *weights[1:]))
    # the margin may fit a wider kernel than this one: cut off what is left of it
    spare = (white[0].shape[0] - size_HW[0]) // 2 - (len(weights) - 1)
    kept = slice(spare, -spare or None)
    in_phase_HW, quadrature_HW = (gain * smooth(part[kept, kept], weights) for part in white)
    return in_phase_HW, quadrature_HW
