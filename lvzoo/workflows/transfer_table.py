"""Makes one table of the Dice of models on several phantoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from lvzoo.workflows.compare import Comparison

STANDARD: Final = "standard"
"""The name of the phantom of the usual ranges."""
BEATS: Final = "beats"
"""The name of the phantom whose whole beats are tested, not only ED and ES."""
NO_INTERVALS: Final = pd.DataFrame(
    {
        **{name: pd.Series(dtype="str") for name in ("model", "phantom")},
        "seeds": pd.Series(dtype="int64"),
        **{name: pd.Series(dtype="float64") for name in ("dice", "dice_low", "dice_high")},
    }
)


def take_intervals(name: str, result: Comparison) -> pd.DataFrame:
    """Return one row per model with its Dice on one phantom; empty if no model could be tested on it."""
    columns = {"headline": "dice", "headline_low": "dice_low", "headline_high": "dice_high"}
    if result.study is None:
        return NO_INTERVALS
    return result.ranking.rename(columns=columns)[["model", "seeds", *columns.values()]].assign(phantom=name)


def make_table(
    intervals: pd.DataFrame, names: Sequence[str], results: Mapping[str, Comparison]
) -> pd.DataFrame:
    """Return one row per model that was tested on every phantom, best first by its mean Dice on the shifted ones.

    A model with fewer seeds on one phantom is left out: its means would be over different seeds.
    """
    whole = intervals.groupby("model")["seeds"].transform("nunique") == 1
    wide = intervals[whole].pivot_table(index="model", columns="phantom", values="dice")
    wide = wide.reindex(columns=pd.Index(names)).dropna()
    shifted = wide.drop(columns=[STANDARD, BEATS])
    wide = wide.assign(shifted=shifted.mean(axis=1), worst=shifted.min(axis=1)).reset_index()
    about = ["model", "kind", "seeds"]
    if wide.empty:
        return pd.DataFrame(columns=[*about, *wide.columns.drop("model")])
    models = results[STANDARD].ranking[about]
    return models.merge(wide, on="model").sort_values("shifted", ascending=False, ignore_index=True)
