"""Changes of the signal along the beams: shadows, attenuation with depth, and gain.

A factor on the amplitude is a step on the log-compressed display, so these corruptions add to grey levels. A black
pixel carries no signal and stays black.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lvzoo.noise.display import DYNAMIC_RANGE_DB, WHITE, quantise
from lvzoo.noise.scene import Scene, beam_coordinates, scan_area

GREY_PER_DB: Final = WHITE / DYNAMIC_RANGE_DB
"""Grey levels per dB on the display."""
MOST_SHADOWS: Final = 4
"""Shadows drawn for every video; a severity uses the first few of them."""
SHADOW_ANGLES: Final = 0.75
"""Shadows are centred within this share of the half angle to either side."""
SHADOW_STARTS: Final = (0.05, 0.3)
"""A shadow begins between these depths (shares of R)."""
SHADOW_ONSET_PX: Final = 8.0
"""Distance over which a shadow sets in."""


class Shadow(NamedTuple):
    """The number of shadows, the sigma of their profile over the angle, and the loss in their middle."""

    number: int
    width_deg: float
    loss_db: float


def shadow(frame_HW: NDArray[np.uint8], level: Shadow, scene: Scene) -> NDArray[np.uint8]:
    """Darken the beams behind ribs or lung, at the same places in all frames of a video.

    Each shadow costs `A exp(-(theta - t0)^2 / (2 w^2)) clip((r - r0) / 8 px, 0, 1)` dB; their dB add up.
    """
    depth_HW, angle_HW = beam_coordinates(scene.sector, scene.size_HW)
    depth_px_HW = scene.sector.radius_px * depth_HW
    width_rad = math.radians(level.width_deg)
    lost_HW = np.zeros(scene.size_HW)
    for _, (middle_rad, start_px) in zip(range(level.number), _draw_shadows(scene), strict=False):
        profile_HW = np.exp(-0.5 * ((angle_HW - middle_rad) / width_rad) ** 2)
        lost_HW += profile_HW * np.clip((depth_px_HW - start_px) / SHADOW_ONSET_PX, 0.0, 1.0)
    return quantise(frame_HW - level.loss_db * GREY_PER_DB * lost_HW)


def _draw_shadows(scene: Scene) -> Iterator[tuple[float, float]]:
    """Yield the angle (rad) and start (px) of each shadow of the video; all angles are drawn before the starts."""
    draws = scene.video_draws().uniform(2 * MOST_SHADOWS).tolist()
    widest_rad = SHADOW_ANGLES * math.radians(scene.sector.half_angle_deg)
    first, last = SHADOW_STARTS
    for side, start in zip(draws[:MOST_SHADOWS], draws[MOST_SHADOWS:], strict=True):
        yield (2.0 * side - 1.0) * widest_rad, (first + start * (last - first)) * scene.sector.radius_px


def attenuation(frame_HW: NDArray[np.uint8], loss_db: float, scene: Scene) -> NDArray[np.uint8]:
    """Darken linearly with depth, by `loss_db` at the far end of the sector: time-gain compensation set too low."""
    depth_HW, _ = beam_coordinates(scene.sector, scene.size_HW)
    return quantise(frame_HW - loss_db * GREY_PER_DB * depth_HW)


def gain(frame_HW: NDArray[np.uint8], step_db: float, scene: Scene) -> NDArray[np.uint8]:
    """Turn the gain up or down by `step_db` inside the scan mask; the sign is drawn once per video."""
    up = bool(scene.video_draws().raw(1)[0] & np.uint64(1))
    turned_HW = quantise(frame_HW.astype(np.float64) + (step_db if up else -step_db) * GREY_PER_DB)
    signal_HW = scan_area(scene.sector, scene.size_HW) & (frame_HW > 0)
    return np.where(signal_HW, turned_HW, frame_HW)
