"""A network that predicts the ventricle as six numbers, with its own loss and decoding.

Letters in names: B batch, H rows, W columns, S numbers of a shape.
"""

from itertools import pairwise

import torch
from torch import nn

from lvzoo.models.blocks import DoubleConv, Normalise
from lvzoo.models.losses import mask_loss
from lvzoo.types import Batch, Prediction
from lvzoo_ellipse.draw import SHAPE_NUMBERS, logits_of

GRID = 4
"""The last layer gets 4 x 4 cells of features, whatever the size of the frame."""
STEP = 0.05
"""Factor on the output of the last layer, so that training starts near an average ventricle and moves slowly.

Each number is the sum over about a thousand features; without the factor, every step would be large.
"""


class EllipseNet(nn.Module):
    """Four levels of convolutions, pooled to a small grid, and one linear layer that predicts the shape.

    `forward` returns `shapes_BS`: S = 6 numbers (7 for the cut ellipse) without unit. `lvzoo_ellipse.draw` explains
    them.
    """

    def __init__(self, *, cut: bool, width: int, softness_px: float) -> None:
        super().__init__()
        self.softness_px = softness_px
        channels = [1, width, 2 * width, 4 * width, 4 * width]
        self.features = nn.Sequential(
            Normalise(),
            *(
                layer
                for before, after in pairwise(channels)
                for layer in (nn.AvgPool2d(2), DoubleConv(before, after))
            ),
            nn.AdaptiveAvgPool2d(GRID),
            nn.Flatten(),
        )
        self.head = nn.Linear(channels[-1] * GRID**2, SHAPE_NUMBERS + cut)
        nn.init.zeros_(self.head.bias)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return the shapes (B, S). Each number lies between -1 and 1, which keeps the ellipse inside the frame."""
        shapes_BS: torch.Tensor = (STEP * self.head(self.features(frames_B1HW))).tanh()
        return shapes_BS

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return cross-entropy plus soft Dice loss between the ellipse with a soft edge and the masks."""
        rows, columns = batch.masks_BHW.shape[-2:]
        logits_BHW = logits_of(output.float(), (rows, columns), softness_px=self.softness_px)
        return mask_loss(logits_BHW[:, None], batch.masks_BHW)

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int]) -> Prediction:
        """Return masks: the pixels whose centre lies inside the ellipse."""
        logits_BHW = logits_of(output.float(), size_HW, softness_px=self.softness_px)
        return Prediction(masks_BHW=(logits_BHW >= 0).cpu().numpy())
