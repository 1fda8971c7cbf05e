"""The named sizes of the whole benchmark. Every number of them can be overridden by an option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lvzoo.errors import UsageError, did_you_mean
from lvzoo.types import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """One size: which entries, which phantom (where no data are given), how they are trained and tested."""

    summary: str
    plugins: str = "unet,landmark7"
    phantom_size: str = "quick"
    recipe: Recipe = field(default_factory=Recipe)
    seeds: int = 1
    severities: tuple[int, ...] = (1, 2, 3, 4, 5)
    resamples: int = 10_000


PRESETS: Final[Mapping[str, Preset]] = {
    "smoke": Preset(
        summary="seconds; for tests: the ranking means nothing",
        phantom_size="smoke",
        recipe=Recipe(epochs=1),
        severities=(1, 3, 5),
        resamples=1000,
    ),
    "quick": Preset(
        summary="minutes on two cores: 400 training frames, 14 epochs, one seed",
        recipe=Recipe(epochs=14, batch_size=8),
    ),
    "standard": Preset(
        summary="a ranking to believe: three seeds, 20 epochs",
        phantom_size="small",
        recipe=Recipe(epochs=20, batch_size=32),
        seeds=3,
    ),
    "paper": Preset(
        summary="the original study's Experiment 1: U-Net of 31 M parameters, 20 epochs; wants a GPU",
        plugins="unet-64",
        phantom_size="full",
        recipe=Recipe(epochs=20, batch_size=32, learning_rate=1e-3),
    ),
}


def choose_preset(name: str) -> Preset:
    """Return a named preset.

    Raises:
        UsageError: no such name.
    """
    if name not in PRESETS:
        raise UsageError(
            f"preset '{name}' is unknown; use one of {', '.join(PRESETS)}{did_you_mean(name, PRESETS)}"
        )
    return PRESETS[name]
