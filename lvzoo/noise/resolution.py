"""What a wider beam, or a probe that moves, would show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lvzoo.noise.display import quantise
from lvzoo.noise.filters import gaussian_weights, line_weights, reflect, smear, smooth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lvzoo.noise.scene import Scene


def blur(frame_HW: NDArray[np.uint8], sigma_px: float, _scene: Scene) -> NDArray[np.uint8]:
    """Smooth the displayed frame with a Gaussian, mirrored at its borders."""
    weights = gaussian_weights(sigma_px)
    return quantise(smooth(reflect(frame_HW, len(weights) - 1), weights))


def motion(frame_HW: NDArray[np.uint8], length_px: float, scene: Scene) -> NDArray[np.uint8]:
    """Average the displayed frame along a line, mirrored at its borders; the video moves in one direction."""
    angle_rad = math.pi * float(scene.video_draws().uniform(1)[0])
    return quantise(smear(frame_HW, line_weights(length_px, angle_rad)))
