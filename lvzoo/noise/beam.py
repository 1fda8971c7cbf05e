"""What the sound meets on its way, and what the receiver makes of it: shadows, depth and gain.

A factor on the amplitude is a step on the log-compressed display, so these work on grey levels. What is black
carries no signal and stays black.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lvzoo.noise.display import DYNAMIC_RANGE_DB, WHITE, quantise
from lvzoo.noise.scene import beam, scanned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lvzoo.noise.scene import Scene

GREY_PER_DB: Final = WHITE / DYNAMIC_RANGE_DB
"""Grey levels that a dB is wide on the display."""
MOST_SHADOWS: Final = 4
"""Drawn for every video; a severity uses the first of them."""
SHADOW_ANGLES: Final = 0.75
"""Shadows are centred within this share of the half angle, on either side."""
SHADOW_STARTS: Final = (0.05, 0.3)
"""Between these depths (shares of R) a shadow begins."""
SHADOW_ONSET_PX: Final = 8.0
"""Over this depth a shadow comes up."""


class Shadow(NamedTuple):
    """How many shadows there are, the sigma of each one's profile over the angle, and what its middle loses."""

    number: int
    width_deg: float
    loss_db: float


def shadow(frame_HW: NDArray[np.uint8], level: Shadow, scene: Scene) -> NDArray[np.uint8]:
    """Darken the beams behind ribs or lung, in the same places all through a video.

    Each shadow takes `A exp(-(theta - t0)^2 / (2 w^2)) clip((r - r0) / 8 px, 0, 1)` dB; their dB add up.
    """
    depth_HW, angle_HW = beam(scene.sector, scene.size_HW)
    depth_px_HW = scene.sector.radius_px * depth_HW
    width_rad = math.radians(level.width_deg)
    lost_HW = np.zeros(scene.size_HW)
    for _, (middle_rad, start_px) in zip(range(level.number), _shadows(scene), strict=False):
        profile_HW = np.exp(-0.5 * ((angle_HW - middle_rad) / width_rad) ** 2)
        lost_HW += profile_HW * np.clip((depth_px_HW - start_px) / SHADOW_ONSET_PX, 0.0, 1.0)
    return quantise(frame_HW - level.loss_db * GREY_PER_DB * lost_HW)


def _shadows(scene: Scene) -> Iterator[tuple[float, float]]:
    """Yield the angle (rad) and the start (px) of each of the video's shadows: all angles are drawn first."""
    draws = scene.video_draws().uniform(2 * MOST_SHADOWS).tolist()
    widest_rad = SHADOW_ANGLES * math.radians(scene.sector.half_angle_deg)
    first, last = SHADOW_STARTS
    for side, start in zip(draws[:MOST_SHADOWS], draws[MOST_SHADOWS:], strict=True):
        yield (2.0 * side - 1.0) * widest_rad, (first + start * (last - first)) * scene.sector.radius_px


def attenuation(frame_HW: NDArray[np.uint8], loss_db: float, scene: Scene) -> NDArray[np.uint8]:
    """Lose `loss_db` on the way to the sector's far end, evenly over depth: time-gain compensation set too low."""
    depth_HW, _ = beam(scene.sector, scene.size_HW)
    return quantise(frame_HW - loss_db * GREY_PER_DB * depth_HW)


def gain(frame_HW: NDArray[np.uint8], step_db: float, scene: Scene) -> NDArray[np.uint8]:
    """Turn the gain up or down by `step_db`, which of the two being the video's lot, inside the scan mask."""
    up = bool(scene.video_draws().raw(1)[0] & np.uint64(1))
    turned_HW = quantise(frame_HW.astype(np.float64) + (step_db if up else -step_db) * GREY_PER_DB)
    sounding_HW = scanned(scene.sector, scene.size_HW) & (frame_HW > 0)
    return np.where(sounding_HW, turned_HW, frame_HW)
