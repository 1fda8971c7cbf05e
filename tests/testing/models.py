"""A small model that passes every check, and variants that each fail one check."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from lvzoo.models.base import LandmarkModel, MaskModel
from lvzoo.train.trainer import LoopTrainer
from lvzoo.types import Epoch, Fitted, Prediction

if TYPE_CHECKING:
    from lvzoo.types import Batch, FrameSet, Recipe, ScoreModel

COUNT = itertools.count()


class Sound(MaskModel):
    """Two convolutions at a quarter of the frame's size, with batch normalisation: it passes every check."""

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


class ComplexBuffer(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.register_buffer("wave", torch.ones(2, dtype=torch.complex64))


class InfiniteBuffer(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.register_buffer("far", torch.tensor([0.0, float("-inf")]))


class InfiniteConstant(Sound):
    """Its buffer is not kept in a file, so it may hold anything."""

    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.register_buffer("far", torch.tensor(float("-inf")), persistent=False)


class NanParameter(Sound):
    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.scale = nn.Parameter(torch.tensor(float("nan")))


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
    """One linear layer from the mean grey levels of 7 x 7 fields to landmarks."""

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


class DeadBranch(Sound):
    """One branch without a gradient (rounding), which is wrong, and one behind a gate of 0, which is allowed."""

    def __init__(self, *, width: int = 8) -> None:
        super().__init__(width=width)
        self.dead = nn.Linear(1, 1)
        self.late, self.gate = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        rest = self.dead(frames_B1HW.mean().reshape(1, 1)).round().sum() + self.gate * self.late
        logits_B1HW: torch.Tensor = super().forward(frames_B1HW) + rest
        return logits_B1HW


class SwappedPoints(Points):
    """The right mask, and the walls' landmarks swapped pairwise."""

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
        prediction = super().decode(output, size_HW=size_HW)
        assert prediction.landmarks_BK2 is not None
        swapped_BK2 = prediction.landmarks_BK2[:, [0, 2, 1, 3, 5, 4, 6]]
        return Prediction(masks_BHW=prediction.masks_BHW, landmarks_BK2=swapped_BK2)


class HalvedPoints(Points):
    """The right mask, and landmarks in pixels of a frame of half the size."""

    def decode(self, output: torch.Tensor, *, size_HW: tuple[int, int] = (112, 112)) -> Prediction:
        prediction = super().decode(output, size_HW=size_HW)
        assert prediction.landmarks_BK2 is not None
        halved_BK2 = prediction.landmarks_BK2 * np.float32(0.5)
        return Prediction(masks_BHW=prediction.masks_BHW, landmarks_BK2=halved_BK2)


class TellsTooMuch(LoopTrainer):
    """A trainer that reports a better Dice than its model has."""

    def fit(self, *given: Any, **named: Any) -> Fitted:  # noqa: ANN401 - whatever comes
        done = super().fit(*given, **named)
        flattered = tuple(dataclasses.replace(each, val_dice=0.99) for each in done.history)
        return dataclasses.replace(done, history=flattered)


class NoLoss(LoopTrainer):
    """A trainer whose training loss is not finite."""

    def fit(self, *given: Any, **named: Any) -> Fitted:  # noqa: ANN401 - whatever comes
        done = super().fit(*given, **named)
        lost = tuple(dataclasses.replace(each, train_loss=float("nan")) for each in done.history)
        return dataclasses.replace(done, history=lost)


class DoesNothing:
    """A trainer that trains nothing, and reports its Dice truly."""

    def fit(
        self,
        model: nn.Module,
        train: FrameSet,
        val: FrameSet,
        recipe: Recipe,
        *_: Any,  # noqa: ANN401 - whatever comes
        score: ScoreModel,
        on_epoch: Any,  # noqa: ANN401 - as it comes
        **__: Any,  # noqa: ANN401 - whatever comes
    ) -> Fitted:
        del train
        epochs = [
            Epoch(epoch=epoch, train_loss=1.0, val_dice=score(model, val), seconds=0.0)
            for epoch in range(1, recipe.epochs + 1)
        ]
        for epoch in epochs:
            on_epoch(epoch)
        return Fitted(model=model, history=tuple(epochs), best_epoch=1)


class CountsFromZero:
    """A trainer that counts epochs from 0, and forgets the history."""

    def fit(self, model: nn.Module, *_: Any, on_epoch: Any, **__: Any) -> Fitted:  # noqa: ANN401 - whatever comes
        on_epoch(Epoch(epoch=0, train_loss=1.0, val_dice=0.5, seconds=0.0))
        return Fitted(model=model, history=(), best_epoch=0)
