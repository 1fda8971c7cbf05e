"""Makes weights files like those of `lvzoo pack`, of a small untrained network, for tests of what reads them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import Entry, Recipe, Split
from lvzoo.weights import KEY, Calibration, CleanDice, Counts, TrainedOn, WeightsCard
from lvzoo.weights.calibration import Check

OPTIONS = {"width": 4, "levels": 2}
PATIENTS: dict[Split, int] = {"train": 8, "val": 4, "test": 6}
TRAINED_ON = TrainedOn(
    name="phantom",
    version="phantom-v9",
    synthetic=True,
    fingerprint="f00d",
    splits={
        split: Counts(patients=count, frames=2 * count, fingerprint=f"f-{split}")
        for split, count in PATIENTS.items()
    },
)
CARD = WeightsCard(
    entry="small",
    kind="mask",
    family="unet",
    plugin="unet",
    options=OPTIONS,
    summary="a small U-Net",
    licence="MIT",
    trained_on=TRAINED_ON,
    recipe=Recipe(epochs=3),
    seed=3,
    best_epoch=2,
    lvzoo="0.1.0",
    code="c0de",
    dice=CleanDice(val=0.9, test=0.91, test_ed=0.92, test_es=0.9),
    computed={"device": "CPU", "torch": "2"},
    commands=("lvzoo train small --seed 3",),
)

MOVED = Calibration(
    number=0.75,
    number_half=0.5,
    unit="logit",
    shift_px=0.3,
    shift_half_px=0.2,
    frames=10,
    patients=9,
    name="echonet-dynamic",
    version="reader-1",
    synthetic=False,
    split="train",
    fingerprint="cafe",
    names="",
    weights="0123",
    lvzoo="0.1.0",
    check=Check(
        crossed=False,
        frames=40,
        patients=20,
        dice_before=0.9,
        dice_after=0.91,
        distance_before_px=-0.31,
        distance_after_px=0.02,
    ),
)


def small_entry() -> Entry:
    """Return the entry of the files' U-Net."""
    [unet] = open_zoo().select("unet")
    return dataclasses.replace(unet, name="small", options={**unet.options, **OPTIONS})


def write_registry(folder: Path) -> Path:
    """Write a registry with `small` (masks) and `points` (landmarks), which train within a second."""
    path = folder / "small.yaml"
    path.write_text(
        "small: {family: unet, options: {width: 4, levels: 2}, recipe: {epochs: 1}, licence: MIT}\n"
        "points: {family: landmark-heatmap, options: {width: 4, levels: 2}, recipe: {epochs: 1}}\n"
    )
    return path


def write_weights(
    path: Path,
    *,
    model: nn.Module | None = None,
    dtype: torch.dtype = torch.float32,
    **changes: Any,  # noqa: ANN401 - fields of the card
) -> Path:
    """Write a weights file whose card is CARD with some changes; the network is drawn from seed 3."""
    network = model or build_model(small_entry(), seed=3)
    weights = {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }
    save_file(weights, path, metadata={KEY: dataclasses.replace(CARD, **changes).to_json()})
    return path
