"""The loop learns, keeps the best epoch, and gives the same result after an interruption."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lvzoo.errors import LvzooError
from lvzoo.evaluate.validate import mean_dice
from lvzoo.models.base import MaskModel
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.train.average import average_weights
from lvzoo.train.memory import FramesInMemory
from lvzoo.train.trainer import LoopTrainer
from lvzoo.types import Batch, Entry, Epoch, Fitted, FrameSet, Recipe, Trial
from tests.toys import toy_frames

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=4, batch_size=4, learning_rate=1e-2, precision="float32")


def small(name: str) -> Entry:
    entry = open_zoo().select(name)[0]
    return dataclasses.replace(entry, options={**entry.options, "width": 8, "levels": 3})


def dice_of(model: nn.Module, frames: FrameSet) -> float:
    return mean_dice(model, frames, device=CPU, precision=torch.float32)


def fit(
    folder: Path,
    *,
    name: str = "unet",
    recipe: Recipe = RECIPE,
    score: Callable[[nn.Module, FrameSet], float] = dice_of,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,  # noqa: ARG005
    model: nn.Module | None = None,
) -> Fitted:
    entry = small(name)
    trial = Trial(entry=entry, data="toy", seed=0, recipe=recipe)
    return LoopTrainer().fit(
        model or build_model(entry, seed=0),
        toy_frames(24, seed=1),
        toy_frames(8, seed=2),
        recipe,
        trial,
        score=score,
        device=CPU,
        checkpoints=folder,
        on_epoch=on_epoch,
    )


@pytest.mark.parametrize("name", ["unet", "landmark7"])
def test_both_kinds_learn(name: str, tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, epochs=12, augment="none")
    fitted = fit(tmp_path, name=name, recipe=recipe)
    assert fitted.history[-1].train_loss < fitted.history[0].train_loss
    assert dice_of(fitted.model, toy_frames(8, seed=3)) > 0.9


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("augment", ["default", "noise"])
def test_a_resumed_training_equals_an_uninterrupted_one(augment: str, tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, augment=augment)
    whole = fit(tmp_path / "whole", recipe=recipe)

    def stop(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        fit(tmp_path / "broken", recipe=recipe, on_epoch=stop)
    heard: list[int] = []
    resumed = fit(tmp_path / "broken", recipe=recipe, on_epoch=lambda epoch: heard.append(epoch.epoch))
    assert heard == [3, 4]
    same = ("epoch", "train_loss", "val_dice")
    assert [[getattr(epoch, key) for key in same] for epoch in resumed.history] == [
        [getattr(epoch, key) for key in same] for epoch in whole.history
    ]
    for key, weights in whole.model.state_dict().items():
        assert torch.equal(weights, resumed.model.state_dict()[key]), key


def test_the_best_epoch_is_kept(tmp_path: Path) -> None:
    dice = iter([0.3, 0.8, 0.5, 0.7])
    kept: list[dict[str, torch.Tensor]] = []

    def score(model: nn.Module, frames: FrameSet) -> float:  # noqa: ARG001
        kept.append({key: tensor.clone() for key, tensor in model.state_dict().items()})
        return next(dice)

    fitted = fit(tmp_path, score=score)
    assert fitted.best_epoch == 2
    assert all(torch.equal(tensor, kept[1][key]) for key, tensor in fitted.model.state_dict().items())


def test_a_seed_repeats_a_training(tmp_path: Path) -> None:
    first, again = (fit(tmp_path / str(turn)) for turn in (1, 2))
    assert [epoch.train_loss for epoch in first.history] == [epoch.train_loss for epoch in again.history]


class Exploding(nn.Module):
    """A model whose loss is NaN."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        return frames_B1HW * self.weight

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        return output.sum() * float("nan")


def test_a_loss_that_is_not_finite_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LvzooError, match="the training loss is nan in epoch 1"):
        fit(tmp_path, model=Exploding())


def test_frames_that_may_be_mapped_from_a_file_are_not_copied(tmp_path: Path) -> None:
    frames = toy_frames(4)
    np.save(tmp_path / "frames.npy", frames.frames_NHW)
    mapped_NHW = np.asarray(np.load(tmp_path / "frames.npy", mmap_mode="c"))
    data = FramesInMemory(dataclasses.replace(frames, frames_NHW=mapped_NHW), CPU)
    assert data.frames_NHW.data_ptr() == mapped_NHW.ctypes.data
    read_only_NHW = np.load(tmp_path / "frames.npy", mmap_mode="r")  # torch would warn
    copied = FramesInMemory(dataclasses.replace(frames, frames_NHW=read_only_NHW), CPU)
    assert torch.equal(copied.frames_NHW, data.frames_NHW)


def test_an_epoch_has_every_frame_once_and_no_batch_of_one_frame() -> None:
    data = FramesInMemory(toy_frames(9), CPU)
    batches = list(data.batches(4, torch.Generator().manual_seed(0)))
    assert [len(batch.frames_B1HW) for batch in batches] == [4, 4]
    assert data.steps(4) == 2
    whole = torch.cat(
        [batch.contours_BP2[:, 0] for batch in data.batches(3, torch.Generator().manual_seed(0))]
    )
    assert len(torch.unique(whole, dim=0)) == 9


class Watching(MaskModel):
    """A model that records the dtype of its output."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.seen: set[torch.dtype] = set()

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.conv(frames_B1HW)
        return output

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:
        self.seen.add(output.dtype)
        return super().loss(output, batch)


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("float32", torch.float32)])
def test_the_model_computes_in_the_requested_precision(
    precision: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    model = Watching()
    fit(tmp_path, model=model, recipe=dataclasses.replace(RECIPE, epochs=1, precision=precision))
    assert model.seen == {dtype}
    assert model.conv.weight.dtype == torch.float32


def test_a_checkpoint_of_another_precision_is_not_resumed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fit(tmp_path, recipe=dataclasses.replace(RECIPE, epochs=1))
    other = fit(tmp_path, recipe=dataclasses.replace(RECIPE, epochs=2, precision="bf16"))
    assert [epoch.epoch for epoch in other.history] == [1, 2]
    assert "last.pt" in caplog.text
    assert "cpu in float32" in caplog.text
    assert "cpu in bfloat16" in caplog.text


@pytest.mark.parametrize("rest", [b"", b"PK no more", b"\x80\x02 a pickle, perhaps"])
def test_training_starts_again_after_a_damaged_checkpoint(
    rest: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "last.pt").write_bytes(rest)
    fitted = fit(tmp_path, recipe=dataclasses.replace(RECIPE, epochs=1))
    assert len(fitted.history) == 1
    assert "damaged" in caplog.text


def test_batches_of_one_frame_are_possible() -> None:
    data = FramesInMemory(toy_frames(3), CPU)
    assert len(list(data.batches(1, torch.Generator().manual_seed(0)))) == data.steps(1) == 3


class Line(nn.Module):
    """One weight and one buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("mean", torch.zeros(1))


def test_the_average_follows_weights_and_buffers() -> None:
    model = Line()
    averaged = average_weights(model, share=0.1, steps=40)  # a memory of 4 steps
    expected = 0.0
    for step in range(1, 11):
        with torch.no_grad():
            model.weight.fill_(step)
            model.get_buffer("mean").fill_(step)
        averaged.update_parameters(model)
        # AveragedModel begins with the weights of the first step
        expected = step if step == 1 else 0.75 * expected + 0.25 * step
    assert averaged.module.get_parameter("weight").item() == pytest.approx(expected)
    assert float(averaged.module.get_buffer("mean")) == pytest.approx(expected)


@pytest.mark.parametrize(("share", "steps"), [(0.0, 100), (0.001, 100)])
def test_without_a_memory_the_average_is_the_last_step(share: float, steps: int) -> None:
    model = Line()
    averaged = average_weights(model, share=share, steps=steps)
    for step in (1.0, 5.0):
        with torch.no_grad():
            model.weight.fill_(step)
        averaged.update_parameters(model)
    assert averaged.module.get_parameter("weight").item() == 5.0


def test_the_averaged_model_is_validated_and_kept(tmp_path: Path) -> None:
    """Its weights differ from those of the last step, and the returned model has them."""
    seen: list[dict[str, torch.Tensor]] = []

    def score(model: nn.Module, _: FrameSet) -> float:
        seen.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return float(len(seen))

    weights = {}
    for averaging in (0.0, 0.5):
        seen.clear()
        recipe = dataclasses.replace(RECIPE, averaging=averaging)
        fitted = fit(tmp_path / str(averaging), recipe=recipe, score=score)
        assert all(torch.equal(fitted.model.state_dict()[name], seen[-1][name]) for name in seen[-1])
        weights[averaging] = seen[-1]
    assert any(not torch.equal(weights[0.0][name], weights[0.5][name]) for name in weights[0.0])
