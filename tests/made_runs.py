"""Makes run folders like those of `lvzoo bench` without training, for tests of what reads them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lvzoo.noise.apply import suite_digest
from lvzoo.noise.suite import NoiseV1
from lvzoo.run import RunFolder
from lvzoo.types import CLEAN, VOLUME_COLUMNS, Condition, Recipe, model_name
from lvzoo.types.results import ModelFacts, Specimen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lvzoo.types import Scores

CONDITIONS = (
    CLEAN,
    *(Condition(corruption=name, severity=severity) for name in ("haze", "blur") for severity in (1, 5)),
)
LEVELS = {"unet": 0.9, "landmark7": 0.87, "other": 0.8}
OTHER_LEVEL = 0.85
MakeScores: TypeAlias = "Callable[[str, int, float, tuple[Condition, ...]], Scores]"


def make_run(
    folder: Path,
    *,
    entries: tuple[str, ...] = ("unet", "landmark7"),
    seeds: int = 1,
    fingerprint: str | None = "f00d",
    suite: str = "noise-v1",
    noise_digest: str | None = None,
    conditions: tuple[Condition, ...] = CONDITIONS,
    recipe: Recipe | None = None,
    recipes: Mapping[str, Recipe] | None = None,
    key: str = "k",
    reader_dice: float | None = 0.95,
    weights: Mapping[str, Mapping[int, str]] | None = None,
    files: Mapping[str, str] | None = None,
    swap_volumes: bool = False,
    make_scores: MakeScores | None = None,
    resamples: int = 200,
) -> Path:
    """Write a finished run with made-up scores: each entry near its level in LEVELS, lower under noise.

    `weights` has the digests of models that were trained before, by entry and seed; `files` the names of their files.
    With `swap_volumes`, the entry of the higher Dice has the worse volumes. `make_scores` makes other scores than
    `made_scores` does, from the model's name, the seed, the level and the conditions.
    """
    shared = recipe or Recipe()
    settings = {
        "preset": "quick",
        "data": {"name": "phantom", **({"fingerprint": fingerprint} if fingerprint else {"test": "f"})},
        "entries": {
            name: {
                "family": name,
                "plugin": "p",
                "options": {},
                "recipe": dataclasses.asdict((recipes or {}).get(name, shared)),
                "trainer": None,
                **_describe_weights((weights or {}).get(name)),
            }
            for name in entries
        },
        "recipe": dataclasses.asdict(shared),
        "seeds": seeds,
        "suite": suite,
        "noise": noise_digest or suite_digest(NoiseV1()),
        "conditions": [f"{condition.corruption}:{condition.severity}" for condition in conditions],
        "resamples": resamples,
    }
    counts = {"frames": 24, "patients": 12, "fingerprint": "f", "version": "phantom-v1"}
    facts: dict[str, Any] = {
        "computed": {"device": "CPU", "torch": "2"},
        "synthetic": True,
        "reader_dice": reader_dice,
        "data": dict.fromkeys(("train", "val", "test"), counts),
        "findings": [],
        **({} if files is None else {"files": dict(files)}),
    }
    run = RunFolder(path=folder)
    run.start(settings, facts)
    for name in entries:
        model = model_name(name, (recipes or {}).get(name, shared))
        for seed in (weights or {}).get(name, range(seeds)):
            _finish(run, model, seed, name, conditions, key, make_scores or made_scores)
            if swap_volumes:
                _swap_volumes(run, model, seed, name)
    return folder


def _swap_volumes(run: RunFolder, model: str, seed: int, entry: str) -> None:
    trial = run.trial(f"{model}-s{seed}")
    scores = trial.read_scores()
    other = made_scores(model, seed, 1.7 - LEVELS[entry])
    trial.write_scores(scores.assign(volume_pred=other["volume_pred"]))


def forget_volumes(run: Path, *trials: str) -> None:
    """Remove the volumes from the scores of some trials, or of all, as an earlier version wrote them."""
    for path in run.glob("trials/*/scores.parquet"):
        if not trials or path.parent.name in trials:
            pd.read_parquet(path).drop(columns=list(VOLUME_COLUMNS), errors="ignore").to_parquet(path)


def _describe_weights(digests: Mapping[int, str] | None) -> dict[str, Any]:
    if digests is None:
        return {}
    origin = {"data": "phantom", "origin": "here"}
    return {"seeds": list(digests), "weights": list(digests.values()), "trained_on": origin}


def _finish(
    run: RunFolder,
    model: str,
    seed: int,
    entry: str,
    conditions: tuple[Condition, ...],
    key: str,
    make_scores: MakeScores,
) -> None:
    trial = run.trial(f"{model}-s{seed}")
    trial.write_scores(make_scores(model, seed, LEVELS.get(entry, OTHER_LEVEL), conditions))
    landmark = entry.startswith("landmark")
    trial.write_facts(
        ModelFacts(
            kind="landmark" if landmark else "mask",
            plugin="p",
            augmented=model.endswith("+noise"),
            parameters=10,
            flops=20,
            ms_per_frame=1.0 + seed,
            hardware="CPU",
            landmarks=7 if landmark else None,
            ceiling={"all": 0.96, "ED": 0.97, "ES": 0.95} if landmark else {},
        )
    )
    frame_HW, mask_HW = np.zeros((112, 112), np.uint8), np.zeros((112, 112), np.bool_)
    mask_HW[40:80, 40:70] = True
    trial.write_specimens(
        [
            Specimen(
                model=model,
                place=place,
                condition=CLEAN,
                video="v",
                frame=3,
                phase="ED",
                dice=0.9,
                frame_HW=frame_HW,
                predicted_HW=mask_HW,
                reference_HW=mask_HW,
            )
            for place in ("best", "median", "worst")
        ]
    )
    trial.mark("finished", key=f"{key}-{model}-{seed}", model_key=f"{key}-{model}", scores_key="s")


def made_scores(
    model: str, seed: int, level: float, conditions: tuple[Condition, ...] = CONDITIONS
) -> Scores:
    """Return the scores of one trial on 12 patients, ED and ES of each. All trials have the same patients."""
    ease_N = np.repeat(np.random.default_rng(0).normal(0, 0.02, 12), 2)
    rng = np.random.default_rng([seed, *model.encode()])
    names = np.repeat([f"p{index:02d}" for index in range(12)], 2)
    tables = [
        pd.DataFrame(
            {
                "model": model,
                "seed": seed,
                "patient": names,
                "video": names,
                "frame": [3, 17] * 12,
                "phase": ["ED", "ES"] * 12,
                "corruption": condition.corruption,
                "severity": condition.severity,
                "dice": level - 0.03 * condition.severity + ease_N + rng.normal(0, 0.01, 24),
                "nsd1": 0.7,
                "nsd2": 0.9,
                "hd95": 4.0,
                "assd": 1.5,
                "area_pred": 1000,
                "area_ref": 1000,
                "components": 1,
                "holes": 0,
                "apex_below_base": False,
                **made_volumes(rng, level - 0.03 * condition.severity),
            }
        )
        for condition in conditions
    ]
    return pd.concat(tables, ignore_index=True)


def made_volumes(rng: np.random.Generator, dice: float) -> dict[str, NDArray[np.float64]]:
    """Return the volumes of 12 patients of EF 35 to 67 %, predicted the worse, the lower the Dice."""
    ef_N = np.repeat(np.linspace(35, 67, 12), 2)
    ref_N = np.where(np.arange(24) % 2, 20_000 * (1 - ef_N / 100), 20_000.0)
    return {
        "volume_pred": ref_N * np.exp(rng.normal(0, 0.6 * (1 - dice), 24)),
        "volume_ref": ref_N,
        "volume_perfect": ref_N * 1.01,
        "ef_listed": ef_N + 1.5,
    }
