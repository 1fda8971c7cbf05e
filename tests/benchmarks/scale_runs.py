"""Makes the folder of a finished run of any size, with simulated scores, without training or testing a model."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.noise.suite import NoiseV1
from lvzoo.rank.bootstrap import RESAMPLES
from lvzoo.types import CLEAN, Condition
from tests.made_runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.types import Scores

CONDITIONS: Final = (
    CLEAN,
    *(
        Condition(corruption=name, severity=severity)
        for names in NoiseV1().families.values()
        for name in names
        for severity in NoiseV1().severities
    ),
)
"""Clean frames, and every corruption of noise-v1 at every severity."""


def make_large_run(folder: Path, *, models: int, seeds: int, patients: int) -> Path:
    """Write a run of mask and landmark models in turn, with the scores of an ED and an ES frame per patient."""
    kinds = ("mask", "landmark")
    entries = tuple(f"{kinds[index % 2]}{index:02d}" for index in range(models))

    def make_scores(model: str, seed: int, _level: float, conditions: tuple[Condition, ...]) -> Scores:
        return simulate_scores(model, seed, patients=patients, conditions=conditions)

    return make_run(
        folder,
        entries=entries,
        seeds=seeds,
        conditions=CONDITIONS,
        make_scores=make_scores,
        resamples=RESAMPLES,
    )


def simulate_scores(model: str, seed: int, *, patients: int, conditions: tuple[Condition, ...]) -> Scores:
    """Return the scores of a trial: they vary over models, seeds, patients and frames, and fall with severity."""
    frames = 2 * patients
    shared, own = np.random.default_rng(0), np.random.default_rng([seed, *model.encode()])
    ease_N = np.repeat(shared.normal(0, 0.02, patients), 2)
    ef_N = np.repeat(shared.uniform(25, 70, patients), 2)
    ref_N = np.where(np.arange(frames) % 2, 20_000 * (1 - ef_N / 100), 20_000.0)
    area_ref_N = shared.integers(800, 2_400, frames)
    level = 0.82 + 0.1 * (zlib.crc32(model.encode()) % 1_000) / 1_000
    names = np.repeat([f"0X{index:016X}" for index in shared.permutation(patients)], 2)

    def rows(condition: Condition) -> dict[str, NDArray[np.generic]]:
        lost = 0.25 * condition.severity**1.5 / 11
        dice_N = (level - lost + ease_N * (1 + lost) + own.normal(0, 0.03, frames)).clip(0, 1)
        miss_N = 1 - dice_N
        return {
            "dice": dice_N,
            "nsd1": (1 - 2 * miss_N).clip(0, 1),
            "nsd2": (1 - miss_N).clip(0, 1),
            "hd95": 40 * miss_N,
            "assd": 15 * miss_N,
            "area_pred": (area_ref_N * own.normal(1, 0.1, frames)).clip(0).astype(np.int64),
            "components": 1 + (own.random(frames) < lost / 2),
            "holes": (own.random(frames) < lost / 5).astype(np.int64),
            "apex_below_base": own.random(frames) < lost / 20,
            "volume_pred": ref_N * np.exp(own.normal(0, 0.6 * miss_N + 0.02)),
        }

    by_condition = [rows(condition) for condition in conditions]
    count = len(conditions)
    return pd.DataFrame(
        {
            "model": model,
            "seed": seed,
            "patient": np.tile(names, count),
            "video": np.tile(names, count),
            "frame": np.tile(np.tile([3, 17], patients), count),
            "phase": np.tile(np.tile(["ED", "ES"], patients), count),
            "corruption": np.repeat([each.corruption for each in conditions], frames),
            "severity": np.repeat([each.severity for each in conditions], frames),
            **{name: np.concatenate([each[name] for each in by_condition]) for name in by_condition[0]},
            "area_ref": np.tile(area_ref_N, count),
            "volume_ref": np.tile(ref_N, count),
            "volume_perfect": np.tile(ref_N * 1.01, count),
            "ef_listed": np.tile(ef_N + 1.5, count),
        }
    )
