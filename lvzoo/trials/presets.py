"""The presets of the benchmark. An option overrides any of their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lvzoo.types import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """Which entries are trained, how they are trained and tested, and on which phantom if no data are given."""

    summary: str
    plugins: str = "unet,landmark7"
    phantom_size: str = "quick"
    recipe: Recipe = field(default_factory=Recipe)
    seeds: int = 1
    severities: tuple[int, ...] = (1, 2, 3, 4, 5)
    resamples: int = 10_000


PRESETS: Final[Mapping[str, Preset]] = {
    "smoke": Preset(
        summary="seconds; only for tests, its ranking means nothing",
        phantom_size="smoke",
        recipe=Recipe(epochs=1),
        severities=(1, 3, 5),
        resamples=1000,
    ),
    "quick": Preset(
        summary="minutes on two cores; 400 training frames, 14 epochs, one seed",
        recipe=Recipe(epochs=14, batch_size=8),
    ),
    "standard": Preset(
        summary="a reliable ranking; three seeds, 20 epochs",
        phantom_size="small",
        recipe=Recipe(epochs=20, batch_size=32),
        seeds=3,
    ),
    "paper": Preset(
        summary="the original study's Experiment 1; a U-Net of 31 M parameters, 20 epochs, needs a GPU",
        plugins="unet-64",
        phantom_size="full",
        recipe=Recipe(epochs=20, batch_size=32, learning_rate=1e-3, averaging=0.0),
    ),
}
