"""Neither training nor testing waits for a GPU more often than they must, and all their tensors are on one device.

There need be no GPU: `tests.pretended_device` says which lines of code would wait for one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from lvzoo.evaluate.predict import predict_batches
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.train.noise import CORRUPTIONS
from lvzoo.train.trainer import LoopTrainer
from lvzoo.trials import job
from lvzoo.types import Entry, Event, Option, OptionValue, Recipe, Trial
from tests.pretended_device import PRETENDED, Watch, pretend_device
from tests.toys import toy_frames

FRAMES = 12
RECIPE = Recipe(epochs=2, batch_size=4, precision="float32", augment="none")
BATCHES = FRAMES // RECIPE.batch_size
ORDER = "memory.py: order_N"
MEAN_LOSS = "trainer.py: train_loss"
MODELS: list[tuple[str, dict[str, OptionValue]]] = [
    ("unet", {}),
    ("landmark7", {}),
    ("landmark7", {"loss": "dsnt"}),
    ("landmark7", {"loss": "mse", "target": "band", "decode": "dark"}),
    ("coords7", {}),
]


def small(name: str, options: dict[str, OptionValue]) -> Entry:
    entry = open_zoo().select(name)[0]
    known: dict[str, Option] = dict(entry.family.options)
    fewer = {key: value for key, value in {"width": 4, "levels": 2}.items() if key in known}
    return dataclasses.replace(entry, options={**entry.options, **fewer, **options})


def watch_second_epoch(
    entry: Entry,
    recipe: Recipe,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    model: nn.Module | None = None,
) -> Watch:
    """Train two epochs on the pretended device; return what was seen in the second, before it is validated."""
    seen = Watch()

    def score(*_: object) -> float:
        for name in Watch.__slots__:
            value = getattr(watch, name)
            setattr(seen, name, value if isinstance(value, int) else list(value))
        return 0.5

    with pretend_device(monkeypatch) as watch:
        LoopTrainer().fit(
            model or build_model(entry),
            toy_frames(FRAMES),
            toy_frames(2),
            recipe,
            Trial(entry=entry, data="toy", seed=0, recipe=recipe),
            score=score,
            device=PRETENDED,
            checkpoints=folder,
            on_epoch=lambda _: watch.clear(),
        )
    assert seen.operations > 300, "the network was trained on the pretended device"
    return seen


def targets(lines: list[str]) -> list[str]:
    """Return the files and what is assigned in the lines: "trainer.py: train_loss"."""
    return [line.partition(" = ")[0] for line in lines]


@pytest.mark.parametrize(("name", "options"), MODELS)
def test_an_epoch_waits_for_its_order_and_its_mean_loss_only(
    name: str, options: dict[str, OptionValue], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = watch_second_epoch(small(name, options), RECIPE, monkeypatch, tmp_path)
    assert targets(seen.readings) == [MEAN_LOSS]
    assert targets(seen.copies) == [ORDER]
    assert seen.mixtures == []
    assert seen.doubles == []


@pytest.mark.parametrize("augment", ["default", "strong-flip", "noise"])  # all that there is to draw
def test_augmentation_does_not_wait_but_for_the_numbers_of_frames_with_noise(
    augment: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The made-up numbers give each of the twelve frames another corruption."""
    recipe = dataclasses.replace(RECIPE, augment=augment, batch_size=FRAMES)
    assert len(CORRUPTIONS) <= FRAMES
    seen = watch_second_epoch(small("unet", {}), recipe, monkeypatch, tmp_path)
    noise = ["noise.py: counts"] if recipe.augmented else []
    assert targets(seen.readings) == [*noise, MEAN_LOSS]
    assert targets(seen.copies) == [ORDER]
    assert seen.mixtures == []
    assert seen.doubles == []


class Types(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's
    """Records the types in which convolutions and losses compute."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's
        self.seen: dict[str, set[torch.dtype]] = {}

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        name = func.overloadpacket.__name__.removesuffix("_backward")
        if name in ("convolution", "binary_cross_entropy_with_logits", "smooth_l1_loss", "_foreach_lerp_"):
            first = args[0][0] if isinstance(args[0], list) else args[0]
            self.seen.setdefault(name, set()).add(first.dtype)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("name", "loss"), [("unet", "binary_cross_entropy_with_logits"), ("landmark7", "smooth_l1_loss")]
)
def test_networks_compute_in_bf16_but_losses_and_averages_in_float32(
    name: str, loss: str, tmp_path: Path
) -> None:
    entry, recipe = small(name, {}), dataclasses.replace(RECIPE, epochs=1, precision="bf16")
    with Types() as types:
        LoopTrainer().fit(
            build_model(entry),
            toy_frames(FRAMES),
            toy_frames(2),
            recipe,
            Trial(entry=entry, data="toy", seed=0, recipe=recipe),
            score=lambda *_: 0.5,
            device=torch.device("cpu"),
            checkpoints=tmp_path,
            on_epoch=lambda _: None,
        )
    assert types.seen == {
        "convolution": {torch.bfloat16},
        loss: {torch.float32},
        "_foreach_lerp_": {torch.float32},
    }


class Careless(nn.Module):
    """A model that does what a GPU waits for, or what it cannot do."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.network = build_model(small("unet", {}))

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        if self.fault == "reads":
            frames_B1HW.sum().item()
        if self.fault == "copies":
            frames_B1HW = frames_B1HW + torch.tensor([0.5], device=frames_B1HW.device)
        if self.fault == "mixes":
            frames_B1HW = frames_B1HW[torch.arange(len(frames_B1HW))]
        if self.fault == "doubles":
            frames_B1HW = frames_B1HW.double().float()
        output: torch.Tensor = self.network(frames_B1HW)
        return output

    def loss(self, output: torch.Tensor, _: object) -> torch.Tensor:
        return output.square().mean()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("reads", "readings"), ("copies", "copies"), ("mixes", "mixtures"), ("doubles", "doubles")],
)
def test_the_pretended_device_sees_faults(
    fault: str, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = watch_second_epoch(small("unet", {}), RECIPE, monkeypatch, tmp_path, Careless(fault))
    found = [line for line in targets(getattr(seen, kind)) if line not in (MEAN_LOSS, ORDER)]
    assert len(found) == BATCHES


@pytest.mark.parametrize(("name", "options"), MODELS)
def test_testing_copies_a_batch_once_and_reads_at_most_twice(
    name: str, options: dict[str, OptionValue], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads whether the output is finite, and the masks or the landmarks."""
    model, frames_NHW = build_model(small(name, options)), toy_frames(130).frames_NHW
    with pretend_device(monkeypatch) as watch:
        model.to(PRETENDED)
        watch.clear()
        batches = len(list(predict_batches(model, frames_NHW, device=PRETENDED, precision=torch.float32)))
    assert batches > 1
    assert len(watch.copies) == batches
    assert batches <= len(watch.readings) <= 2 * batches
    assert watch.mixtures == []
    assert watch.doubles == []


class Readings(TorchFunctionMode):
    """Counts how often a tensor becomes a number of Python."""

    count = 0

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        self.count += func in (torch.Tensor.__float__, torch.Tensor.__format__, torch.Tensor.item)
        return func(*args, **(kwargs or {}))


def test_the_shown_loss_is_read_at_most_every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    batches, step_s = 1_000, 0.01
    now_s = [100.0]
    monkeypatch.setattr(job, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    events: list[Event] = []
    reporter = job._Reporter(Trial(entry=small("unet", {}), data="toy", seed=0, recipe=RECIPE), events.append)
    with Readings() as readings:
        for done in range(1, batches + 1):
            now_s[0] += step_s
            reporter.report_batch(done, batches, torch.tensor(0.5))
    ticks = batches * step_s / job.TICK_S
    assert ticks / 2 < len(events) <= ticks + 2
    assert readings.count == len(events)
