"""What the parts of `gpu.py` share: how much they measure, the time that is left, synthetic frames, and rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from torch import nn

from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.train.trainer import LoopTrainer
from lvzoo.types import Fitted, FrameSet, OnBatch, OnEpoch, Recipe, ScoreModel, Trial
from tests.toys import toy_frames

NO_TIME: Final = "not measured: the time was up"
DRAWN: Final = 256
"""So many synthetic frames are drawn; larger sets repeat them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much is measured."""

    study: str = "unet-64"
    """The network of G1."""
    study_frames: int = 16_038
    study_batches: tuple[int, ...] = (16, 64)
    names: tuple[str, ...] = ("unet", "landmark7", "unet-fast")
    """The entries whose speed is measured."""
    frames: int = 4_096
    """The frames that they are trained on."""
    tested_frames: int = 1_024
    warm_up: int = 20
    """Steps before a measurement begins."""
    steps: int = 300
    """Steps that are measured at most."""
    window_s: float = 10.0
    """The longest time of one measurement."""
    matrix: int = 8_192
    """Rows and columns of the matrices whose product shows the peak."""
    equal: tuple[str, ...] = ("unet-fast", "landmark7-fast")
    """The entries that are trained on the CPU too."""
    equal_frames: int = 256
    equal_epochs: int = 3
    beside: tuple[int, ...] = (1, 2, 4)
    """Numbers of trainings beside each other."""
    beside_name: str = "unet"
    noisy_frames: int = 4


SMALL = Size(
    study="unet-fast",
    study_frames=64,
    study_batches=(16,),
    names=("unet-fast",),
    frames=32,
    tested_frames=32,
    warm_up=1,
    steps=2,
    window_s=0.5,
    matrix=256,
    equal_frames=32,
    equal_epochs=1,
    beside=(1, 2),
    beside_name="unet-fast",
    noisy_frames=1,
)
"""For a machine without a GPU: shows in seconds that the benchmark runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table. `fails` says that a bound does not hold that must hold everywhere."""

    what: str
    figure: str
    bound: str = ""
    fails: bool = False


@dataclass(kw_only=True, slots=True)
class Clock:
    """The time that the benchmark may still take."""

    seconds: float
    started_s: float = field(default_factory=time.monotonic)

    def left_s(self) -> float:
        """Return how many seconds are left."""
        return self.started_s + self.seconds - time.monotonic()


class EnoughError(Exception):
    """Ends a training early."""


def make_frames(count: int, *, seed: int = 0) -> FrameSet:
    """Return `count` synthetic labelled frames."""
    drawn = toy_frames(min(count, DRAWN), seed=seed)
    return drawn.take([n % len(drawn) for n in range(count)])


def build(name: str) -> nn.Module:
    """Return the untrained network of an entry."""
    return build_model(open_zoo().select(name)[0])


def never_score(*_: object) -> float:
    """Return a validation score without validation."""
    return 0.0


def train(
    model: nn.Module,
    name: str,
    frames: FrameSet,
    recipe: Recipe,
    *,
    device: torch.device,
    on_batch: OnBatch,
    on_epoch: OnEpoch = lambda _: None,
    score: ScoreModel = never_score,
) -> Fitted | None:
    """Train the model of an entry with lvzoo's own loop; None if `on_batch` ended it by EnoughError."""
    entry = open_zoo().select(name)[0]
    trial = Trial(entry=entry, data="toys", seed=0, recipe=recipe)
    with TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]), suppress(EnoughError):
        return LoopTrainer().fit(
            model,
            frames,
            make_frames(32, seed=1),
            recipe,
            trial,
            score=score,
            device=device,
            checkpoints=Path(folder),
            on_epoch=on_epoch,
            on_batch=on_batch,
        )
    return None


def synchronise(device: torch.device) -> None:
    """Wait until a GPU has done all of its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def median_s(work: Callable[[], object], device: torch.device, *, rounds: int = 5) -> float:
    """Return the median time of some work in seconds, after one round that does not count."""
    times_s = []
    for _ in range(rounds + 1):
        synchronise(device)
        start_s = time.perf_counter()
        work()
        synchronise(device)
        times_s.append(time.perf_counter() - start_s)
    return float(np.median(times_s[1:]))
