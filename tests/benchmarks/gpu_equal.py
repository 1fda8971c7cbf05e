"""Checks that a training on a GPU equals the same training on the CPU, within a tolerance.

Both have the same initial weights, batches and random numbers, and compute in float32 without TF32. The sums of a
convolution are rounded differently, so the two trainings drift apart. Two implementations on one CPU, with and
without oneDNN, do too: their first loss differed by 2e-7 of its size, the first five losses by up to 3e-5, the mean
loss of the third epoch by up to 0.7 %, and its Dice by up to 0.028. The tolerances are four to fifty times as large,
because a GPU also chooses other algorithms.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch
from torch.overrides import TorchFunctionMode

from lvzoo.evaluate.validate import mean_dice
from lvzoo.train.augment import STRONG, augment
from lvzoo.train.memory import FramesInMemory
from lvzoo.types import Recipe
from tests.benchmarks.gpu_plan import NO_TIME, Clock, EnoughError, Row, Size, build, make_frames, train

CPU: Final = torch.device("cpu")
FIRST_STEPS: Final = 5
FIRST_LOSS: Final = 1e-5
"""Largest difference of the first loss, as a share of it; TF32 alone changes it by more."""
FIRST_LOSSES: Final = 1e-3
"""Largest difference of the losses of the first steps, as a share of each."""
LAST_LOSS: Final = 0.03
"""Largest difference of the last epoch's mean loss, as a share of it."""
LAST_DICE: Final = 0.1
GREY_LEVELS: Final = 0.1
"""Largest mean difference between augmented frames; white is 255."""


class SameDraws(TorchFunctionMode):
    """Draws the random numbers of any device from one generator on the CPU."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.draw = torch.Generator().manual_seed(seed)

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        kwargs = kwargs or {}
        if func not in (torch.rand, torch.randn, torch.randint) or "device" not in kwargs:
            return func(*args, **kwargs)
        return func(*args, **{**kwargs, "generator": self.draw, "device": "cpu"}).to(kwargs["device"])


@contextmanager
def plain_float32() -> Iterator[None]:
    """Let convolutions and matrix products compute in float32 proper, for a while."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How a training went."""

    losses: tuple[float, ...]
    """The losses of the first steps."""
    last_loss: float
    """The mean loss of the last epoch."""
    dice: float
    """The validation Dice of the last epoch."""


def compare(device: torch.device, size: Size, clock: Clock) -> Iterator[Row]:
    """Yield the differences between trainings on a device and on the CPU, and between augmented frames."""
    with plain_float32():
        yield compare_augmented(device)
        for name in size.equal:
            there, here = (follow(name, size, clock, place) for place in (device, CPU))
            if there is None or here is None:
                yield Row(what=f"`{name}`, float32: differences from the CPU's training", figure=NO_TIME)
            else:
                yield from list_differences(name, there, here)


def follow(name: str, size: Size, clock: Clock, device: torch.device) -> Course | None:
    """Train an entry on synthetic frames; None if the time is up before the end."""
    losses: list[torch.Tensor] = []

    def on_batch(_done: int, _total: int, loss: torch.Tensor) -> None:
        if clock.left_s() < 0:
            raise EnoughError
        losses.append(loss.clone())

    recipe = Recipe(epochs=size.equal_epochs, batch_size=16, precision="float32")
    score = partial(mean_dice, device=device, precision=torch.float32)
    with SameDraws():
        fitted = train(
            build(name),
            name,
            make_frames(size.equal_frames),
            recipe,
            device=device,
            on_batch=on_batch,
            score=score,
        )
    if fitted is None:
        return None
    last = fitted.history[-1]
    first = torch.stack(losses[:FIRST_STEPS]).tolist()
    return Course(losses=tuple(first), last_loss=last.train_loss, dice=last.val_dice)


def list_differences(name: str, there: Course, here: Course) -> Iterator[Row]:
    """Yield one row for each number of a training that is compared."""
    shares = [abs(ours / theirs - 1) for ours, theirs in zip(there.losses, here.losses, strict=True)]
    differences = (
        ("first loss", shares[0], FIRST_LOSS),
        (f"first {len(shares)} losses", max(shares), FIRST_LOSSES),
        ("mean loss of the last epoch", abs(there.last_loss / here.last_loss - 1), LAST_LOSS),
    )
    for what, share, most in differences:
        yield Row(
            what=f"`{name}`, float32: {what}, largest difference from the CPU's",
            figure=f"{share:.1e} of it",
            bound=f"at most {most:.0e}",
            fails=not share <= most,
        )
    yield Row(
        what=f"`{name}`, float32: Dice of the last epoch, there and on the CPU",
        figure=f"{there.dice:.3f}, {here.dice:.3f}",
        bound=f"{LAST_DICE} apart at most",
        fails=not abs(there.dice - here.dice) <= LAST_DICE,
    )


def compare_augmented(device: torch.device) -> Row:
    """Return the difference between frames that were augmented on a device and on the CPU, with all corruptions."""
    ranges = dataclasses.replace(STRONG, flip=0.5, noise=1.0)
    frames, made = make_frames(64), []
    for place in (device, CPU):
        batch = FramesInMemory(frames, place).batch(torch.arange(64, device=place))
        with SameDraws():
            made.append(augment(batch, ranges, torch.Generator(place)).frames_B1HW.cpu())
    levels = 255 * float((made[0] - made[1]).abs().mean())
    return Row(
        what="augmentation with all corruptions: mean difference from the CPU's, in grey levels",
        figure=f"{levels:.1e}",
        bound=f"at most {GREY_LEVELS}",
        fails=not levels <= GREY_LEVELS,
    )
