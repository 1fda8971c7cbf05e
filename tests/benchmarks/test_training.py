"""D4, T1, T4 and I1: batches from memory, augmentation, the training loop and inference, against the usual way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from lvzoo.device import autocast, choose_precision
from lvzoo.evaluate.dice import dice_N
from lvzoo.evaluate.predict import predict_batches
from lvzoo.models.base import MaskModel
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.train.augment import Augmentation, augment
from lvzoo.train.memory import FramesInMemory
from lvzoo.train.trainer import LoopTrainer
from lvzoo.types import Batch, FrameSet, Recipe, Trial
from tests.toys import toy_frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from tests.benchmarks.conftest import Race

CPU = torch.device("cpu")
BATCH_SIZE = 16
needs_bf16 = pytest.mark.skipif(
    choose_precision(CPU) != torch.bfloat16, reason="T4 and I1 apply where the processor has bf16"
)


class PngFiles(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """The usual way: one PNG file per frame and per mask, decoded by worker processes."""

    def __init__(self, folder: Path, frames: FrameSet) -> None:
        self.folder = folder
        self.count = len(frames)
        for index, (frame, mask) in enumerate(zip(frames.frames_NHW, frames.masks_NHW, strict=True)):
            cv2.imwrite(str(folder / f"{index}.png"), frame)
            cv2.imwrite(str(folder / f"{index}-mask.png"), mask.astype(np.uint8) * 255)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        frame = cv2.imread(str(self.folder / f"{index}.png"), cv2.IMREAD_GRAYSCALE)
        mask = cv2.imread(str(self.folder / f"{index}-mask.png"), cv2.IMREAD_GRAYSCALE)
        return torch.from_numpy(frame).float() / 255, torch.from_numpy(mask) > 127


@pytest.fixture
def frames(request: pytest.FixtureRequest) -> FrameSet:
    return toy_frames(640 if request.config.getoption("--hold") else 8)


def usual_loader(folder: Path, frames: FrameSet) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
    return DataLoader(
        PngFiles(folder, frames),
        batch_size=BATCH_SIZE,
        shuffle=True,
        num_workers=2,
        persistent_workers=True,
        multiprocessing_context="spawn",
    )


def run_through(batches: Iterable[object]) -> int:
    """Take one batch after the other, as training does, and return their number."""
    return sum(1 for _ in batches)


def epoch_of(data: FramesInMemory, ranges: Augmentation | None = None) -> Iterator[Batch]:
    """Yield the batches of one epoch, augmented if `ranges` are given."""
    draw = torch.Generator().manual_seed(0)
    for batch in data.batches(BATCH_SIZE, draw):
        yield batch if ranges is None else augment(batch, ranges, draw)


def test_d4_batches_out_of_memory(race: Race, frames: FrameSet, tmp_path: Path) -> None:
    data, loader = FramesInMemory(frames, CPU), usual_loader(tmp_path, frames)
    assert sum(len(batch[0]) for batch in loader) == len(frames)  # the workers have started
    race("D4", lambda: run_through(epoch_of(data)), lambda: run_through(loader), at_least=30)


def test_t1_augmentation_costs_no_more_than_a_loader(race: Race, frames: FrameSet, tmp_path: Path) -> None:
    data, loader = FramesInMemory(frames, CPU), usual_loader(tmp_path, frames)
    assert sum(len(batch[0]) for batch in loader) == len(frames)
    augmentation = Augmentation()
    race("T1", lambda: run_through(epoch_of(data, augmentation)), lambda: run_through(loader), at_least=0.8)


def unet() -> MaskModel:
    model = build_model(open_zoo().select("unet")[0])
    assert isinstance(model, MaskModel)
    return model


@needs_bf16
def test_t4_the_training_loop_in_bf16(race: Race, frames: FrameSet, tmp_path: Path) -> None:
    """Our whole loop, with augmentation and checkpoint, against bare float32 steps."""
    few = toy_frames(min(len(frames), 128))
    recipe = Recipe(epochs=1, batch_size=BATCH_SIZE)
    trial = Trial(entry=open_zoo().select("unet")[0], data="toys", seed=0, recipe=recipe)
    rounds = iter(range(100))

    def ours() -> None:
        LoopTrainer().fit(
            unet(),
            few,
            few,
            recipe,
            trial,
            score=lambda _model, _frames: 0.0,
            device=CPU,
            checkpoints=tmp_path / str(next(rounds)),
            on_epoch=lambda _epoch: None,
        )

    model, data = unet(), FramesInMemory(few, CPU)
    optimiser = torch.optim.AdamW(model.parameters())

    def theirs() -> None:
        for batch in data.batches(BATCH_SIZE, torch.Generator().manual_seed(0)):
            optimiser.zero_grad()
            model.loss(model(batch.frames_B1HW), batch).backward()  # type: ignore[no-untyped-call] # torch's
            optimiser.step()

    race("T4", ours, theirs, at_least=1.4)


@needs_bf16
def test_i1_inference_in_batches(race: Race, frames: FrameSet) -> None:
    model = unet()
    learn(model)
    model.eval()
    laid_out = unet().eval().to(memory_format=torch.channels_last)
    laid_out.load_state_dict(model.state_dict())

    def ours() -> NDArray[np.bool_]:
        parts = predict_batches(laid_out, frames.frames_NHW, device=CPU, precision=torch.bfloat16)
        return np.concatenate([part.masks_BHW for part in parts])

    def theirs() -> NDArray[np.bool_]:
        with torch.inference_mode():
            outputs = [model(frame_HW[None, None] / 255) for frame_HW in torch.from_numpy(frames.frames_NHW)]
        return np.concatenate([model.decode(output).masks_BHW for output in outputs])

    race("I1", ours, theirs, at_least=2.0)
    dice, usual_dice = (dice_N(masks_NHW, frames.masks_NHW).mean() for masks_NHW in (ours(), theirs()))
    print(f"I1 Dice: ours {dice:.4f}, theirs {usual_dice:.4f}, at most 0.002 below")
    assert usual_dice > 0.8, "the network has learnt something"
    assert dice > usual_dice - 0.002


def learn(model: MaskModel) -> None:
    """Train for a few steps on toy frames, enough to find their ventricles."""
    data = FramesInMemory(toy_frames(32, seed=1), CPU)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    draw = torch.Generator().manual_seed(0)
    for _ in range(15):
        for batch in data.batches(8, draw):
            with autocast(CPU, torch.bfloat16):
                output = model(batch.frames_B1HW)
            optimiser.zero_grad()
            model.loss(output, batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
            optimiser.step()
