"""Sums up the scores of a data set's experts: one row per expert, and the band of all of them.

Letters: E experts, P patients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.bootstrap import Bootstrap
from lvzoo.rank.ejections import limited_ef
from lvzoo.rank.patients import mean_M
from lvzoo.types.experts import ExpertResults

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import Phase, Scores

PLAIN: Final = ("nsd1", "nsd2", "hd95", "assd", "area_bias")
PHASES: Final[dict[str, Phase]] = {"dice_ed": "ED", "dice_es": "ES"}
BAND: Final = ("dice", *PHASES, *PLAIN, "ef_mae")


def sum_up_experts(scores: Scores, *, resamples: int, seed: int = 0) -> ExpertResults:
    """Return the table of experts and their band from scores with EXPERT_COLUMNS."""
    area_ref = scores["area_ref"].where(scores["area_ref"] > 0)  # the others may have no pixel in common
    scores = scores.assign(area_bias=100.0 * (scores["area_pred"] / area_ref - 1.0))
    experts = sorted(scores["expert"].unique())
    dice_EP = _by_patient(scores, "dice", experts)
    low_E, high_E = Bootstrap(resamples=resamples, seed=seed).intervals(dice_EP)
    groups = scores.groupby("expert")
    columns: dict[str, object] = {
        "expert": experts,
        "frames": groups.size().reindex(experts).to_numpy(),
        "patients": groups["patient"].nunique().reindex(experts).to_numpy(),
        "others": groups["others"].mean().reindex(experts).to_numpy(),
        "dice": mean_M(dice_EP),
        "dice_low": low_E,
        "dice_high": high_E,
    }
    for name, phase in PHASES.items():
        columns[name] = mean_M(_by_patient(scores[scores["phase"] == phase], "dice", experts))
    columns |= {name: mean_M(_by_patient(scores, name, experts)) for name in PLAIN}
    errors = _find_ef_errors(scores)
    errors_EP = _by_patient(errors, "error", experts)
    columns["ef_mae"] = mean_M(_by_patient(errors.assign(error=errors["error"].abs()), "error", experts))
    columns["ef_bias"] = mean_M(errors_EP)
    columns["ef_patients"] = np.isfinite(errors_EP).sum(axis=1)
    table = pd.DataFrame(columns).sort_values(["dice", "expert"], ascending=[False, True], ignore_index=True)
    return ExpertResults(table=table, band=_make_band(table), resamples=resamples)


def _by_patient(scores: Scores, column: str, experts: list[str]) -> NDArray[np.float64]:
    """Return the means over each patient's rows (E, P); NaN where an expert has none."""
    means = scores.pivot_table(index="expert", columns="patient", values=column, aggfunc="mean", dropna=False)
    return means.reindex(experts).to_numpy(dtype=np.float64)


def _find_ef_errors(scores: Scores) -> pd.DataFrame:
    """Return the expert's EF minus that of the others, in points, by expert and video with an ED and an ES."""
    keys = ["expert", "patient", "video"]
    ed, es = (scores[scores["phase"] == phase].drop_duplicates(keys) for phase in ("ED", "ES"))
    both = ed.merge(es, on=keys, suffixes=("_ed", "_es"))
    own, reference = (
        limited_ef(both[f"{name}_ed"].to_numpy(np.float64), both[f"{name}_es"].to_numpy(np.float64))[0]
        for name in ("volume_pred", "volume_ref")
    )
    unknown = both[["volume_ref_ed", "volume_ref_es"]].isna().any(axis=1).to_numpy()
    return both[keys].assign(error=np.where(unknown, np.nan, own - reference))


def _make_band(table: pd.DataFrame) -> pd.DataFrame:
    """Return the median and the range of each measure over the experts."""
    columns = table[list(BAND)]
    return pd.DataFrame(
        {
            "measure": BAND,
            "median": columns.median().to_numpy(),
            "lowest": columns.min().to_numpy(),
            "highest": columns.max().to_numpy(),
        }
    )
