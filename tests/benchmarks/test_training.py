"""D4, T1, T4 and I1: batches out of memory, augmentation, the training step and inference, against the usual way."""

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
from lvzoo.evaluate.evaluator import predict_batches
from lvzoo.models.base import MaskModel
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.train.augment import Augmentation, augment
from lvzoo.train.memory import FramesInMemory
from lvzoo.types import Batch, FrameSet
from tests.toys import toy_frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.conftest import Race

CPU = torch.device("cpu")
BATCH_SIZE = 16
needs_bf16 = pytest.mark.skipif(
    choose_precision(CPU) != torch.bfloat16, reason="T4 and I1 apply where the processor has bf16"
)


class PngFiles(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """The usual way: a PNG file a frame and a mask, decoded by worker processes."""

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


def batches_of(data: FramesInMemory, ranges: Augmentation | None = None) -> list[Batch]:
    """One epoch, without a network."""
    draw = torch.Generator().manual_seed(0)
    batches = data.batches(BATCH_SIZE, draw)
    return [batch if ranges is None else augment(batch, ranges, draw) for batch in batches]


def test_d4_batches_out_of_memory(race: Race, frames: FrameSet, tmp_path: Path) -> None:
    data, loader = FramesInMemory(frames, CPU), usual_loader(tmp_path, frames)
    assert sum(len(batch[0]) for batch in loader) == len(frames)  # the workers have started
    race("D4", lambda: batches_of(data), lambda: list(loader), at_least=30)


def test_t1_augmentation_costs_no_more_than_a_loader(race: Race, frames: FrameSet, tmp_path: Path) -> None:
    data, loader = FramesInMemory(frames, CPU), usual_loader(tmp_path, frames)
    assert sum(len(batch[0]) for batch in loader) == len(frames)
    race("T1", lambda: batches_of(data, Augmentation()), lambda: list(loader), at_least=0.8)


def unet() -> MaskModel:
    model = build_model(open_zoo().select("unet")[0])
    assert isinstance(model, MaskModel)
    return model


@needs_bf16
def test_t4_a_training_step_in_bf16(race: Race, frames: FrameSet) -> None:
    batch = next(FramesInMemory(frames, CPU).batches(BATCH_SIZE, torch.Generator().manual_seed(0)))

    def trained(model: MaskModel, precision: torch.dtype, layout: torch.memory_format) -> Callable[[], None]:
        optimiser = torch.optim.AdamW(model.parameters())

        def steps() -> None:
            for _ in range(2):
                with autocast(CPU, precision):
                    output = model(batch.frames_B1HW.contiguous(memory_format=layout))
                optimiser.zero_grad()
                model.loss(output, batch).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
                optimiser.step()

        steps()
        return steps

    ours = trained(unet().to(memory_format=torch.channels_last), torch.bfloat16, torch.channels_last)
    theirs = trained(unet(), torch.float32, torch.contiguous_format)
    race("T4", ours, theirs, at_least=1.4)


@needs_bf16
def test_i1_inference_in_batches(race: Race, frames: FrameSet) -> None:
    model = unet().eval()
    laid_out = unet().eval().to(memory_format=torch.channels_last)

    def ours() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        parts = predict_batches(laid_out, frames.frames_NHW, device=CPU, precision=torch.bfloat16)
        return np.concatenate([part.masks_BHW for part in parts])

    def theirs() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        with torch.inference_mode():
            grey = torch.from_numpy(frames.frames_NHW)
            outputs = [model(frame[None, None].float() / 255) for frame in grey]
        return np.concatenate([model.decode(output).masks_BHW for output in outputs])

    race("I1", ours, theirs, at_least=2.0)
    assert dice_N(ours(), theirs()).mean() > 0.9, (
        "an untrained network's masks; docs/benchmarks.md has a trained one's"
    )
