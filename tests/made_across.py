"""Makes a run whose models were also scored on other data sets, without training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from lvzoo.weights.locate import WEIGHTS
from lvzoo.weights.trained import digest_file
from tests.made_runs import CONDITIONS, made_scores, make_run

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.types import Condition, Scores

ENTRIES = ("unet", "landmark7", "other")
DROPS = {"unet": 0.1, "landmark7": 0.04, "other": 0.06}
"""How much lower the Dice of each model is on another set."""
GRADES = ("Good", "Medium", "Poor")


def made_elsewhere(
    model: str, seed: int, level: float, conditions: tuple[Condition, ...] = CONDITIONS
) -> Scores:
    """Return scores that are lower by DROPS and, on poor pictures, lower still; patients have grades in turn."""
    scores = made_scores(model, seed, level - DROPS.get(model, 0.05), conditions)
    grade = scores["patient"].str[1:].astype(int) % len(GRADES)
    words = np.array(GRADES)[grade]
    return scores.assign(quality=words, view="4CH", dice=scores["dice"] - 0.02 * grade)


def make_across(
    folder: Path, *others: str, entries: tuple[str, ...] = ENTRIES, seeds: int = 1, synthetic: bool = False
) -> Path:
    """Write a finished run and, below it, runs of its models on other sets; their pictures have grades."""
    make_run(folder, entries=entries, seeds=seeds)
    digests: dict[str, dict[int, str]] = {name: {} for name in entries}
    for name in entries:
        for seed in range(seeds):
            path = folder / "trials" / f"{name}-s{seed}" / WEIGHTS
            path.write_bytes(f"{name} {seed}".encode())
            digests[name][seed] = digest_file(path)
    for other in others:
        below = make_run(
            folder / "also" / other,
            entries=entries,
            seeds=seeds,
            fingerprint=None,
            weights=digests,
            make_scores=made_elsewhere,
        )
        edit_run(below, name=other, synthetic=synthetic)
    return folder


def edit_run(folder: Path, *, name: str, synthetic: bool) -> None:
    """Give a run's data another name, and say whether they are synthetic."""
    path = folder / "run.json"
    known = json.loads(path.read_text())
    known["settings"]["data"]["name"], known["synthetic"] = name, synthetic
    path.write_text(json.dumps(known))
