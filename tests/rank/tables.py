"""Small tables of scores for tests: one that can be computed by hand, and simulations with known truth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from lvzoo.types import CLEAN, Condition
from lvzoo.types.results import ModelFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.types import Kind, Scores


@dataclass(frozen=True)
class _Suite:
    name: str
    families: Mapping[str, tuple[str, ...]]
    severities: tuple[int, ...]


TINY = cast("NoiseSuite", _Suite("noise-v9", {"acoustic": ("haze", "shadow"), "digital": ("jpeg",)}, (1, 2)))
"""A suite of two families and two severities. A ranking needs only these three fields of a suite."""
WARD = cast(
    "NoiseSuite",
    _Suite(
        "ward",
        {
            "acoustic": ("haze", "shadow"),
            "electronic": ("dropout",),
            "resolution": ("blur",),
            "digital": ("jpeg",),
        },
        (1, 2, 3, 4, 5),
    ),
)
"""A suite of usual size, for simulations."""
PLAIN = {
    "area_pred": 10,
    "area_ref": 10,
    "nsd1": 0.5,
    "nsd2": 0.75,
    "hd95": 4.0,
    "assd": 2.0,
    "components": 1,
    "holes": 0,
    "apex_below_base": False,
}
"""Values of the columns that a test does not use."""


def conditions(severities: Sequence[int] = WARD.severities) -> list[Condition]:
    """Return the clean condition and those of WARD at some severities."""
    names = [name for names in WARD.families.values() for name in names]
    return [CLEAN, *(Condition(corruption=name, severity=level) for name in names for level in severities)]


def facts(
    *masks: str, landmarks: Iterable[str] = (), augmented: bool = False, own_recipe: bool = False
) -> dict[str, ModelFacts]:
    """Return facts about mask and landmark models, all in the same track and with the same kind of recipe."""
    kinds: dict[str, Kind] = dict.fromkeys(masks, "mask")
    kinds |= dict.fromkeys(landmarks, "landmark")
    return {
        name: ModelFacts(kind=kind, plugin="toys", augmented=augmented, own_recipe=own_recipe)
        for name, kind in kinds.items()
    }


def two_models() -> Scores:
    """Return the scores of models a and b on two patients: p with ED and ES, q only with ED.

    Model a by hand: clean p (.9 + .8)/2 = .85, q .7; under each noise p has the scores in `noisy`, q .1 less.
    Model b is .05 worse than a everywhere.
    """
    levels = {"haze": (0.8, 0.6), "shadow": (0.6, 0.4), "jpeg": (0.9, 0.5)}
    noisy = [(name, severity, level[severity - 1]) for name, level in levels.items() for severity in (1, 2)]
    rows = [
        *(("p", 5, "ED", "clean", 0, 0.9), ("p", 2, "ES", "clean", 0, 0.8), ("q", 7, "ED", "clean", 0, 0.7)),
        *(("p", 5, "ED", *each) for each in noisy),
        *(("p", 2, "ES", *each) for each in noisy),
        *(("q", 7, "ED", name, severity, dice - 0.1) for name, severity, dice in noisy),
    ]
    columns = ["patient", "frame", "phase", "corruption", "severity", "dice"]
    one = pd.DataFrame(rows, columns=columns).assign(seed=0, **PLAIN)
    one["video"] = one["patient"] + "-clip"
    return pd.concat(
        [one.assign(model="b", dice=one["dice"] - 0.05), one.assign(model="a")], ignore_index=True
    )


def simulated(
    models: Mapping[str, float], tested: Sequence[Condition], *, patients: int, seeds: int = 1, draw: int = 0
) -> Scores:
    """Return scores near each model's level that fall with severity and vary over patients and frames."""
    rng = np.random.default_rng(draw)
    names = np.repeat([f"p{index:03d}" for index in range(patients)], 2)
    ease_P1 = rng.normal(0, 0.03, (patients, 1))
    frames = pd.DataFrame(
        {"patient": names, "video": names, "frame": [3, 17] * patients, "phase": ["ED", "ES"] * patients}
    ).assign(**PLAIN)
    return pd.concat(
        [
            frames.assign(
                model=model,
                seed=seed,
                corruption=condition.corruption,
                severity=condition.severity,
                dice=(level - 0.02 * condition.severity + ease_P1 + rng.normal(0, 0.02, (patients, 2)))
                .clip(0, 1)
                .ravel(),
            )
            for (model, level), seed, condition in product(models.items(), range(seeds), tested)
        ],
        ignore_index=True,
    )


def row(table: pd.DataFrame, **values: object) -> pd.Series:
    """Return the only row of a table in which the columns have these values."""
    chosen = table
    for column, value in values.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]
