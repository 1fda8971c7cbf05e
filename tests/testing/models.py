"""A small model that passes every check, and one for each way to fail one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.types import Epoch, Fitted, Prediction

if TYPE_CHECKING:
    from lvzoo.types import Batch

COUNT = itertools.count()


class Sound(MaskModel):
    """Two convolutions at a quarter of the frame's size, with batch normalisation: all that can go wrong."""

    def __init__(self, *, width: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 5, stride=4, padding=2), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.head = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        logits_B1HW: torch.Tensor = self.head(self.body(frames_B1HW))
        return logits_B1HW


class NoOption(Sound):
    def __init__(self) -> None:
        super().__init__()


class Explodes(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        raise ZeroDivisionError("boom")


class Frozen(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.requires_grad_(False)


class OneSizeOnly(Sound):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return super().forward(frames_B1HW).reshape(-1, 1, 28, 28)


class ManyOutputs(Sound):
    def forward(self, frames_B1HW: torch.Tensor) -> Any:  # noqa: ANN401 - wrong on purpose
        return [super().forward(frames_B1HW)]


class BatchLost(Sound):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return super().forward(frames_B1HW)[:1]


class DividesByTheSpread(Sound):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return super().forward((frames_B1HW - frames_B1HW.mean()) / frames_B1HW.std())


class CoarseMasks(Sound):
    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
        del size_HW
        return super().decode(output, size_HW=(28, 28))


class FloatMasks(Sound):
    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
        masks_BHW: Any = super().decode(output, size_HW=size_HW).masks_BHW.astype(np.float32)
        return Prediction(masks_BHW=masks_BHW)


class NoBf16(Sound):
    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
        output.numpy()
        return super().decode(output, size_HW=size_HW)


class OwnDice(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.head.bias = nn.Parameter(torch.full((1,), float(next(COUNT))))


class Counts(Sound):
    seen: torch.Tensor

    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        self.seen += 1
        return super().forward(frames_B1HW)


class InPlace(Sound):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return super().forward(frames_B1HW.sub_(0.5))


class AlwaysDropsOut(Sound):
    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return super().forward(nn.functional.dropout(frames_B1HW, training=True))


class NoBf16InLoss(Sound):
    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        output.detach().numpy()
        return super().loss(output, batch)


class OverflowsInBf16(Sound):
    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        rounds_to_1 = torch.full_like(output, 1 - 2**-12)
        return super().loss(output, batch) - (1 - rounds_to_1).log().mean()


class BatchStatistics(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.body[1] = nn.BatchNorm2d(width, track_running_stats=False)


class ForgetsTheScale(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.scale = torch.rand(())

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return super().forward(frames_B1HW) * self.scale


class TiedWeights(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.again = self.head


class LossOfEach(Sound):
    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        return super().loss(output, batch).expand(len(output))


class NanLoss(Sound):
    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        return super().loss(output, batch) * float("nan")


class Detached(Sound):
    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        return super().loss(output.detach(), batch)


class Unused(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.aside = nn.Linear(2, 2)


class RootAtZero(Sound):
    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        return super().loss(output, batch) + (output - output.detach()).abs().sum().sqrt()


class LearnsTheOpposite(Sound):
    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        return super().loss(-output, batch)


class Points(LandmarkModel):
    """Landmarks from the mean grey levels of 7 x 7 fields, by one layer."""

    def __init__(self, *, width: int = 7) -> None:
        super().__init__()
        self.count = width
        self.head = nn.Linear(49, 2 * width)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        fields_BF = nn.functional.adaptive_avg_pool2d(frames_B1HW, 7).flatten(1)
        points_BK2: torch.Tensor = 56 + 100 * self.head(fields_BF).unflatten(1, (self.count, 2))
        return points_BK2


class EightPoints(Points):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=8)
        del width


class BackwardsPoints(Points):
    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        return super().loss(output.flip(1), batch)


class OneEpoch:
    """A trainer that trains nothing, and tells of one epoch."""

    def fit(self, model: nn.Module, *_: Any, on_epoch: Any, **__: Any) -> Fitted:  # noqa: ANN401 - whatever comes
        epoch = Epoch(epoch=1, train_loss=1.0, val_dice=0.5, seconds=0.0)
        on_epoch(epoch)
        return Fitted(model=model, history=(epoch,), best_epoch=1)


class CountsFromZero(OneEpoch):
    def fit(self, model: nn.Module, *_: Any, on_epoch: Any, **__: Any) -> Fitted:  # noqa: ANN401 - whatever comes
        on_epoch(Epoch(epoch=0, train_loss=1.0, val_dice=0.5, seconds=0.0))
        return Fitted(model=model, history=(), best_epoch=0)
