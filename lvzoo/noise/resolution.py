"""What a probe with a wider beam would show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvzoo.noise.display import quantise
from lvzoo.noise.filters import gaussian_weights, reflect, smooth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lvzoo.noise.scene import Scene


def blur(frame_HW: NDArray[np.uint8], sigma_px: float, _scene: Scene) -> NDArray[np.uint8]:
    """Smooth the displayed frame with a Gaussian, mirrored at its borders."""
    weights = gaussian_weights(sigma_px)
    return quantise(smooth(reflect(frame_HW, len(weights) - 1), weights))
