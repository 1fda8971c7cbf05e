"""A torch module as somebody else wrote it, and what lvzoo must know to run it.

`HeartNet` stands for code that you import: `from their_package import HeartNet`.
"""

import torch
from torch import nn

from lvzoo.foreign.wrap import ForeignMaskModel


class HeartNet(nn.Module):
    """Takes colour images (B, 3, 96, 128) and returns logits of background, left ventricle, wall and atrium."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(
            *(nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.BatchNorm2d(16), nn.ReLU()),
            *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU()),
            *(nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.BatchNorm2d(64), nn.ReLU()),
            *(nn.Conv2d(64, 64, 3, padding=2, dilation=2), nn.BatchNorm2d(64), nn.ReLU()),
        )
        self.up = nn.Sequential(
            *(nn.ConvTranspose2d(64, 32, 2, stride=2), nn.BatchNorm2d(32), nn.ReLU()),
            *(nn.ConvTranspose2d(32, 16, 2, stride=2), nn.BatchNorm2d(16), nn.ReLU()),
            nn.Conv2d(16, 4, 1),
        )

    def forward(self, images_B3HW: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"out": logits (B, 4, 48, 64)}."""
        return {"out": self.up(self.down(images_B3HW))}


class ForeignNet(ForeignMaskModel):
    """`HeartNet` with the input that its author trained it on, and the class that is the left ventricle."""

    def __init__(self) -> None:
        super().__init__(
            HeartNet(),
            size_HW=(96, 128),
            channels=3,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            scores="class-logits",
            target=1,
        )
