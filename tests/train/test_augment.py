"""Augmentation moves frame, mask and contour together, and is repeatable."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from lvzoo.errors import UsageError
from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.raster import rasterise
from lvzoo.train.augment import Augmentation, augment, choose_augmentation
from lvzoo.types import APEX_INDEX, Batch
from tests.toys import toy_batch

STILL = Augmentation(rotation_deg=0, scale=0, shift_px=0, flip=0, gain=0, gamma=0, blur=0)


def changed(*, seed: int = 0, **ranges: float) -> tuple[Batch, Batch]:
    batch = toy_batch(16)
    wanted = dataclasses.replace(STILL, **ranges)
    return batch, augment(batch, wanted, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "ranges",
    [
        {"rotation_deg": 20.0},
        {"scale": 0.2},
        {"stretch": 0.2},
        {"shift_px": 9.0},
        {"flip": 1.0},
        {"rotation_deg": 15.0, "scale": 0.12, "shift_px": 8.0, "flip": 0.5},
        {"rotation_deg": 25.0, "scale": 0.2, "shift_px": 8.0, "stretch": 0.15},
    ],
    ids="+".join,
)
def test_geometry_moves_frame_mask_and_contour_together(ranges: dict[str, float]) -> None:
    before, after = changed(seed=0, **ranges)
    drawn = np.stack([rasterise(contour.numpy(), (112, 112)) for contour in after.contours_BP2])
    assert dice_N(drawn, after.masks_BHW.numpy()).min() > 0.96
    assert dice_N(after.masks_BHW.numpy(), before.masks_BHW.numpy()).min() < 0.97, "something must have moved"
    inside = torch.stack(
        [frame[0][mask].mean() for frame, mask in zip(after.frames_B1HW, after.masks_BHW, strict=True)]
    )
    assert inside.max() < 0.2, "the dark cavity lies under the mask"


def test_a_flip_keeps_the_first_annulus_point_on_the_left() -> None:
    before, after = changed(flip=1.0)
    assert (after.contours_BP2[:, 0, 0] < after.contours_BP2[:, -1, 0]).all()
    assert torch.allclose(after.contours_BP2[:, 0, 0], 111 - before.contours_BP2[:, -1, 0])
    assert torch.allclose(after.contours_BP2[:, APEX_INDEX, 1], before.contours_BP2[:, APEX_INDEX, 1])
    assert torch.allclose(after.frames_B1HW, before.frames_B1HW.flip(-1), atol=1e-5)


def test_ranges_of_zero_change_nothing() -> None:
    before, after = changed()
    assert torch.allclose(after.frames_B1HW, before.frames_B1HW, atol=1e-5)
    assert torch.equal(after.masks_BHW, before.masks_BHW)
    assert torch.allclose(after.contours_BP2, before.contours_BP2, atol=1e-4)


def test_shading_is_smooth_and_each_frame_has_its_own() -> None:
    batch = toy_batch(4)
    batch.frames_B1HW[:] = 0.5
    after = augment(batch, dataclasses.replace(STILL, shade=0.1), torch.Generator().manual_seed(0))
    field_BHW = (after.frames_B1HW - 0.5).squeeze(1)
    assert 0.05 < field_BHW.std() < 0.2
    assert field_BHW.diff(dim=1).abs().max() < 0.03
    assert (field_BHW[0] - field_BHW[1]).abs().max() > 0.05


def test_black_stays_black_and_grey_stays_in_range() -> None:
    batch = toy_batch(8)
    batch.frames_B1HW[:, :, :20] = 0
    ranges = dataclasses.replace(STILL, gain=0.5, gamma=0.5, shade=0.3)
    after = augment(batch, ranges, torch.Generator().manual_seed(0))
    assert after.frames_B1HW[:, :, :20].max() < 1e-5
    assert after.frames_B1HW.min() >= 0
    assert after.frames_B1HW.max() <= 1
    assert (after.frames_B1HW - batch.frames_B1HW).abs().max() > 0.1


def test_blur_smooths_and_keeps_the_brightness() -> None:
    before, after = changed(blur=1.0)
    assert after.frames_B1HW.diff(dim=-1).abs().mean() < before.frames_B1HW.diff(dim=-1).abs().mean()
    assert torch.allclose(after.frames_B1HW.mean(), before.frames_B1HW.mean(), rtol=0.02)


def test_a_seed_repeats_the_augmentation_and_frames_differ() -> None:
    ranges = dataclasses.asdict(Augmentation())
    _, first = changed(seed=1, **ranges)
    _, again = changed(seed=1, **ranges)
    _, other = changed(seed=2, **ranges)
    assert torch.equal(first.frames_B1HW, again.frames_B1HW)
    assert not torch.equal(first.frames_B1HW, other.frames_B1HW)
    shifts = first.contours_BP2[:, APEX_INDEX] - toy_batch(16).contours_BP2[:, APEX_INDEX]
    assert shifts.std(dim=0).min() > 1, "each frame draws its own change"


def test_an_unknown_augmentation_is_refused() -> None:
    with pytest.raises(UsageError, match=r"augmentation 'defualt'.*did you mean 'default'"):
        choose_augmentation("defualt")
