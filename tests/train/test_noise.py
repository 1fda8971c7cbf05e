"""Noise in training: each corruption does what its name says, and none is applied unless it is asked for."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch

from lvzoo.geometry.sector import STANDARD_APEX_PX, STANDARD_RADIUS_PX
from lvzoo.noise.suite import NOISE_V1
from lvzoo.train.augment import AUGMENTATIONS, Augmentation, augment
from lvzoo.train.noise import CORRUPTIONS, DYNAMIC_RANGE_DB, RANGES, corrupt
from lvzoo.types import NOISY_AUGMENTATIONS, Batch
from tests.toys import toy_batch, toy_frames

STILL = Augmentation(rotation_deg=0, scale=0, shift_px=0, flip=0, gain=0, gamma=0, blur=0)
BLACK_STAYS = ("speckle", "shadow", "attenuation", "gain", "dropout")
"""Corruptions that leave black pixels black."""


def sector_frames(count: int) -> torch.Tensor:
    """Frames (B, H, W) that are grey in a cone and black around it."""
    grey_BHW = torch.from_numpy(toy_frames(count).frames_NHW).float() / 255
    rows, columns = torch.meshgrid(torch.arange(112), torch.arange(112), indexing="ij")
    cone_HW = ((columns - 56).abs() < 0.9 * (rows - 6)) & (rows < 104)
    return grey_BHW * cone_HW


def apply(name: str, frames_BHW: torch.Tensor, strength: float, seed: int = 0) -> torch.Tensor:
    strength_B11 = torch.full((len(frames_BHW), 1, 1), strength)
    noisy_BHW = CORRUPTIONS[name](frames_BHW, strength_B11, torch.Generator().manual_seed(seed))
    return noisy_BHW.clamp(0, 1)


def batch_of(frames_BHW: torch.Tensor) -> Batch:
    return dataclasses.replace(toy_batch(len(frames_BHW)), frames_B1HW=frames_BHW[:, None])


def test_the_augmentations_with_corruptions_are_those_that_make_the_augmented_track() -> None:
    noisy = [name for name, ranges in AUGMENTATIONS.items() if ranges is not None and ranges.noise > 0]
    assert tuple(noisy) == NOISY_AUGMENTATIONS


def ends(levels: tuple[Any, ...]) -> tuple[tuple[float, float], ...]:
    """Return the lowest and highest level of a corruption, for each number of the level."""
    low, high = (each if isinstance(each, tuple) else (each,) for each in (levels[0], levels[-1]))
    return tuple(zip(low, high, strict=True))


def test_strengths_span_the_suites_severities() -> None:
    """Training does not import the suite, so the numbers are written twice."""
    table = {each.name: ends(each.levels) for each in NOISE_V1 if each.name != "jpeg"}
    assert dict(RANGES) == table
    assert set(CORRUPTIONS) == set(table)


@pytest.mark.parametrize("end", [0, 1])
def test_frames_meet_the_ends_of_the_ranges(end: int) -> None:
    """Only for corruptions whose level can be measured on an even grey."""
    grey_BHW, strength_B11 = torch.full((64, 112, 112), 0.5), torch.full((64, 1, 1), float(end))
    change = {
        name: CORRUPTIONS[name](grey_BHW, strength_B11, torch.Generator().manual_seed(0)) - grey_BHW
        for name in ("attenuation", "gain", "gaussian", "dropout", "saltpepper")
    }
    depth = (111 - STANDARD_APEX_PX[1]) / STANDARD_RADIUS_PX
    lost_db = -change["attenuation"][0, 111, 56].item() / depth * DYNAMIC_RANGE_DB
    met = {
        "attenuation": lost_db,
        "gain": change["gain"].abs().mean().item() * DYNAMIC_RANGE_DB,
        "gaussian": change["gaussian"].std().item(),
        "dropout": (change["dropout"] != 0).float().mean().item(),
        "saltpepper": (change["saltpepper"] != 0).float().mean().item(),
    }
    assert met == pytest.approx({name: RANGES[name][0][end] for name in met}, rel=0.05)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_changes_frames_and_more_so_when_it_is_stronger(name: str) -> None:
    frames_BHW = sector_frames(8)
    mild, middling, strong = (
        (apply(name, frames_BHW, strength) - frames_BHW).abs().mean() for strength in (0.0, 0.5, 1.0)
    )
    assert 0.001 < mild < middling < strong
    assert strong > 0.02


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_black_stays_black_where_it_must(name: str) -> None:
    frames_BHW = sector_frames(8)
    noisy_BHW = apply(name, frames_BHW, 1.0)
    if name in BLACK_STAYS:
        assert noisy_BHW[frames_BHW == 0].max() == 0
    if name in ("haze", "thermal"):
        assert noisy_BHW[:, :50, [0, -1]].max() == 0, "beside the sector"
        assert (noisy_BHW[:, 60:90, 50:60] > 0).float().mean() > 0.5, "within it"


def test_haze_covers_dark_cavities_too() -> None:
    frames_BHW = sector_frames(4)
    frames_BHW[:, 50:80, 45:70] = 0
    for name in ("haze", "thermal"):
        assert apply(name, frames_BHW, 1.0)[:, 50:80, 45:70].mean() > 0.2


@pytest.mark.parametrize("name", ["haze", "blur", "motion", "downsample"])
def test_what_a_constant_frame_shows(name: str) -> None:
    """Loss of resolution leaves an even grey alone; haze does not."""
    even_BHW = torch.full((2, 112, 112), 0.5)
    assert torch.allclose(apply(name, even_BHW, 1.0), even_BHW, atol=1e-4) == (name != "haze")


def test_a_line_is_smeared_along_the_motion() -> None:
    point_BHW = torch.zeros(1, 112, 112)
    point_BHW[0, 56, 56] = 1
    smeared_HW = apply("motion", point_BHW, 1.0)[0]
    rows, columns = torch.nonzero(smeared_HW > 0.02, as_tuple=True)
    height, width = ((each.max() - each.min()).item() for each in (rows, columns))
    length = math.hypot(height, width)
    assert 12 < length < 18
    assert len(rows) < 60, "a line, not a disc"


def test_about_half_the_frames_meet_one_corruption() -> None:
    frames_B1HW = sector_frames(8).repeat(40, 1, 1)[:, None]
    noisy_B1HW = corrupt(frames_B1HW, 0.5, torch.Generator().manual_seed(0))
    changed_B = (noisy_B1HW - frames_B1HW).abs().amax(dim=(1, 2, 3)) > 0
    assert changed_B.float().mean() == pytest.approx(0.5, abs=0.08)
    assert noisy_B1HW.min() >= 0
    assert noisy_B1HW.max() <= 1
    assert noisy_B1HW.isfinite().all()


def test_masks_and_contours_do_not_move_and_a_seed_repeats_the_noise() -> None:
    batch = batch_of(sector_frames(16))
    ranges = dataclasses.replace(STILL, noise=1.0)
    one, again, other = (augment(batch, ranges, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.masks_BHW, batch.masks_BHW)
    assert torch.allclose(one.contours_BP2, batch.contours_BP2, atol=1e-4)
    assert torch.equal(one.frames_B1HW, again.frames_B1HW)
    assert not torch.equal(one.frames_B1HW, other.frames_B1HW)


def test_black_and_white_frames_give_finite_results() -> None:
    """They have the logarithm of zero, and no sector."""
    for level in (0.0, 1.0):
        for name in CORRUPTIONS:
            assert apply(name, torch.full((2, 112, 112), level), 1.0).isfinite().all(), name


def test_no_global_generator_is_touched() -> None:
    before = torch.get_rng_state()
    corrupt(sector_frames(16)[:, None], 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), before)
