"""The coordinate regressor: an encoder and one linear layer that predicts the landmarks directly.

Letters in names: B batch, K landmarks, C channels, H rows, W columns, P points of a curve.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lvzoo.geometry.contour import join_walls, landmark_stride, spline
from lvzoo.models.base import LandmarkModel
from lvzoo.models.blocks import Normalise
from lvzoo.models.decode import Curve
from lvzoo.models.targets import extent_px
from lvzoo_landmarks.encoders import SMALL, SmallEncoder, TimmEncoder

MEAN_SHAPE_72 = (
    *((0.55, 0.67), (0.45, 0.57), (0.43, 0.38)),
    (0.48, 0.21),
    *((0.61, 0.32), (0.70, 0.48), (0.69, 0.63)),
)
"""Mean positions of seven landmarks, as fractions of the frame's width and height (synthetic data).

Computed from the 400 training frames of the phantom `quick` with seed 0: every 20th of the 121 contour points,
averaged over the frames and rounded.
"""
SPREAD = 0.09
"""Unit of the head's output, as a fraction of the frame: how far landmarks scatter around the mean shape.

It is the mean standard deviation of the coordinates over the same frames, rounded.
"""
CELLS = 7
"""The feature map is averaged to 7 x 7 cells and flattened, so that the head sees where a feature is."""
FEATURES = 32
"""Channels of the flattened map. With more, the head would have more parameters than the encoder."""
FIRST_SCATTER = 0.1
"""Factor on the head's initial weights, so that the first predictions lie near the mean shape."""


class CoordinateRegressor(LandmarkModel):
    """Encoder, 1x1 convolution, linear head on the flattened map: K points, trained by their distance in pixels."""

    mean_shape_K2: torch.Tensor

    def __init__(self, *, landmarks: int, encoder: str, curve: Curve) -> None:
        """Build the network.

        Raises:
            PluginError: the encoder is unknown, or it needs a package that is not installed.
        """
        super().__init__(landmarks=landmarks, curve=curve)
        self.normalise = Normalise()
        self.encoder = SmallEncoder() if encoder == SMALL else TimmEncoder(encoder)
        self.narrow = nn.Conv2d(self.encoder.channels, FEATURES, 1)
        self.head = nn.Linear(FEATURES * CELLS**2, 2 * landmarks)
        with torch.no_grad():
            self.head.weight.mul_(FIRST_SCATTER)
            self.head.bias.zero_()
        self.register_buffer("mean_shape_K2", torch.from_numpy(mean_shape(landmarks)))

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return points (B, K, 2) in pixels of the frame, which may have any size."""
        rows, columns = frames_B1HW.shape[-2:]
        features_BCHW = functional.relu(self.narrow(self.encoder(self.normalise(frames_B1HW))))
        cells_BC77 = functional.adaptive_avg_pool2d(features_BCHW, CELLS)
        offsets_BK2 = self.head(cells_BC77.flatten(1)).unflatten(1, (-1, 2))
        # Fractions of the frame to pixels: the centre of the first pixel is 0, so the frame begins at -0.5.
        size_2 = extent_px((rows, columns), self.mean_shape_K2)
        points_BK2: torch.Tensor = (self.mean_shape_K2 + SPREAD * offsets_BK2) * size_2 - 0.5
        return points_BK2


def mean_shape(landmarks: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return K landmarks (K, 2) of the mean shape, at equal arc lengths on each wall, as fractions of the frame."""
    stride = landmark_stride(landmarks)
    # Draw the curve through the seven known landmarks, cut it at the apex, and place K landmarks on both walls.
    known_72 = np.array(MEAN_SHAPE_72)
    curve_P2 = spline(known_72)
    apex = int(np.linalg.norm(curve_P2 - known_72[3], axis=1).argmin())
    return join_walls(curve_P2[: apex + 1], curve_P2[apex:])[::stride]
