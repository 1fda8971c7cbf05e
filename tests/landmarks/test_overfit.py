"""Each landmark model learns one batch of the phantom (synthetic) by heart: the loss falls, Dice passes 0.9."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import pytest
import torch

from lvzoo.evaluate.dice import dice_N
from lvzoo.models.build import build_model
from lvzoo.phantom.dataset import Phantom
from lvzoo.phantom.write import cached_phantom
from lvzoo.registry import open_zoo
from lvzoo.types import Batch, OptionValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.interfaces import LVModel

FRAMES = 8
NARROW: Mapping[str, OptionValue] = {"width": 8}
BAND: Mapping[str, OptionValue] = {"target": "band", "sigma_px": 5.0, "decode": "dark"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "steps"),
    [
        ("landmark7", {}, 60),
        ("landmark13", {}, 60),
        ("coords7", {}, 120),
        ("contour41", {}, 120),
        ("coords7", {"encoder": "resnet18"}, 120),
        ("landmark7", {**NARROW, "decode": "dark"}, 120),
        ("landmark7", {**NARROW, "loss": "dsnt"}, 200),
        ("landmark7", {**NARROW, "loss": "mse", "decode": "dark"}, 200),
        ("landmark7", {**NARROW, **BAND}, 200),
    ],
)
def test_one_batch_is_learnt_by_heart(name: str, options: Mapping[str, OptionValue], steps: int) -> None:
    (entry,) = open_zoo().select(name)
    model = build_model(dataclasses.replace(entry, options={**entry.options, **options}))
    frames = Phantom(cached_phantom(size="smoke", seed=0, workers=1)).load("train")
    batch = Batch(
        frames_B1HW=torch.from_numpy(frames.frames_NHW[:FRAMES])[:, None].float() / 255,
        masks_BHW=torch.from_numpy(frames.masks_NHW[:FRAMES]),
        contours_BP2=torch.from_numpy(frames.contours_NP2[:FRAMES]),
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    losses = []
    for _ in range(steps):
        loss = cast("LVModel", model).loss(model(batch.frames_B1HW), batch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
    with torch.inference_mode():
        prediction = cast("LVModel", model.eval()).decode(model(batch.frames_B1HW), size_HW=(112, 112))
    dice = dice_N(prediction.masks_BHW, frames.masks_NHW[:FRAMES])
    print(f"{name} {options}: loss {losses[0]:.3f} -> {losses[-1]:.3f}, Dice {dice.mean():.3f}")
    assert dice.mean() > 0.9
