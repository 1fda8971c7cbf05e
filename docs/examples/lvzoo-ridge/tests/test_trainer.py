"""Tests of the trainer. `pytest --lvzoo-plugin ridge` adds the checks of lvzoo, one test per check."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lvzoo import Entry, UsageError
from lvzoo.registry import open_zoo
from lvzoo.types import Epoch, Fitted, FrameSet, Recipe, Sector, Source, Trial
from lvzoo_ridge.model import LinearShape
from lvzoo_ridge.trainer import RidgeTrainer

SECTOR = Sector(apex_px=(16, 0), half_angle_deg=45, radius_px=32, hull_px=((16, 0), (0, 31), (31, 31)))


def frames_with_a_spot(count: int, seed: int) -> FrameSet:
    """Frames with a soft spot and an arch around it: the landmarks are nearly linear in the grey levels."""
    rng = np.random.default_rng(seed)
    centres_N2 = rng.uniform(14, 18, (count, 2))
    rows, columns = np.mgrid[:32, :32]
    distance_NHW = np.hypot(rows - centres_N2[:, 1, None, None], columns - centres_N2[:, 0, None, None])
    turn_P = np.linspace(-np.pi, 0, 121)
    arch_P2 = 8 * np.stack([np.cos(turn_P), np.sin(turn_P)], axis=1)
    names = tuple(map(str, range(count)))
    return FrameSet(
        frames_NHW=(255 * np.exp(-((distance_NHW / 6) ** 2))).astype(np.uint8),
        masks_NHW=distance_NHW < 8,
        contours_NP2=(centres_N2[:, None] + arch_P2).astype(np.float32),
        sectors=(SECTOR,) * count,
        patients=names,
        videos=names,
        frame_indices=(0,) * count,
        phases=tuple("ED" for _ in names),
        source=Source(name="spots", version="1", fingerprint="spots", synthetic=True),
    )


def distance_px(model: torch.nn.Module, frames: FrameSet) -> float:
    """The mean distance from the landmarks, in pixels."""
    with torch.no_grad():
        points_NK2 = model(torch.from_numpy(frames.frames_NHW)[:, None] / 255).numpy()
    return float(np.linalg.norm(points_NK2 - frames.contours_NP2[:, ::20], axis=-1).mean())


def entry() -> Entry:
    return open_zoo().select("ridge")[0]


def fit_on_spots(recipe: Recipe, folder: Path, reported: list[Epoch]) -> Fitted:
    validation = frames_with_a_spot(8, seed=1)
    return RidgeTrainer().fit(
        LinearShape(landmarks=7, side=16, modes=4),
        frames_with_a_spot(40, seed=0),
        validation,
        recipe,
        Trial(entry=entry(), data="spots", seed=0, recipe=recipe),
        score=lambda model, frames: -distance_px(model, frames),
        device=torch.device("cpu"),
        checkpoints=folder,
        on_epoch=reported.append,
    )


def test_the_fit_finds_landmarks_that_are_linear_in_the_frame(tmp_path: Path) -> None:
    reported: list[Epoch] = []
    done = fit_on_spots(Recipe(epochs=7), tmp_path, reported)
    assert distance_px(done.model, frames_with_a_spot(8, seed=2)) < 0.3
    assert [each.epoch for each in done.history] == list(range(1, 8))
    assert tuple(reported) == done.history


def test_the_best_penalty_on_the_validation_frames_is_kept(tmp_path: Path) -> None:
    done = fit_on_spots(Recipe(epochs=7), tmp_path, [])
    assert done.history[done.best_epoch - 1].val_dice == max(each.val_dice for each in done.history)
    assert (
        -distance_px(done.model, frames_with_a_spot(8, seed=1)) == done.history[done.best_epoch - 1].val_dice
    )


def test_training_on_noise_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--augment"):
        fit_on_spots(Recipe(augment="noise"), tmp_path, [])
