"""Loss of resolution: a wider beam, and a moving probe."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lvzoo.noise.display import quantise
from lvzoo.noise.filters import gaussian_weights, line_weights, reflect, smear, smooth
from lvzoo.noise.scene import Scene


def blur(frame_HW: NDArray[np.uint8], sigma_px: float, _scene: Scene) -> NDArray[np.uint8]:
    """Smooth the displayed frame, mirrored at its borders, with a Gaussian."""
    weights = gaussian_weights(sigma_px)
    return quantise(smooth(reflect(frame_HW, len(weights) - 1), weights))


def motion(frame_HW: NDArray[np.uint8], length_px: float, scene: Scene) -> NDArray[np.uint8]:
    """Average the displayed frame, mirrored at its borders, along a line; its direction is drawn once per video."""
    angle_rad = math.pi * float(scene.video_draws().uniform(1)[0])
    return quantise(smear(frame_HW, line_weights(length_px, angle_rad)))
