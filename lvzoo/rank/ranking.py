"""The ranking: who copes best with noise, by how much, and how sure that is.

Aggregate, then rank: the headline is the mean over patients of the Dice averaged over the suite's families, so
that a family with five corruptions weighs no more than one with a single one; clean frames stay beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from lvzoo.errors import UsageError
from lvzoo.rank.bootstrap import RESAMPLES, interval, resampled_means
from lvzoo.rank.columns import count_columns, metric_columns, pooled_dice
from lvzoo.rank.grid import make_grid
from lvzoo.rank.patients import OVERALL, by_patient, families_run, scope_weights, weighted
from lvzoo.results import Ranking
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.rank.grid import Grid
    from lvzoo.results import ModelFacts
    from lvzoo.types import Scores

__all__ = ["CLEAN_HEADLINE", "MARGIN", "REFERENCES", "Ranking", "headline_name", "rank"]

CLEAN_HEADLINE: Final = "clean Dice"
MARGIN: Final = 0.005
REFERENCES: Final = {"Dice 0.90": 0.90}


def rank(
    scores: Scores,
    suite: NoiseSuite,
    *,
    models: Mapping[str, ModelFacts],
    references: Mapping[str, float] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Ranking:
    """Rank the models of a table of scores (all trials stacked, columns SCORE_COLUMNS)."""
    grid = make_grid(scores, suite)
    unknown = [model for model in grid.models if model not in models]
    if unknown:
        raise UsageError(f"there are scores of {', '.join(unknown)} but no facts; give a ModelFacts for each")
    families = families_run(grid, suite)
    weights = scope_weights(grid, families)
    dice_TFC = grid.cube_TFC("dice")
    dice_TPC = by_patient(dice_TFC, grid)
    scopes = {name: grid.over_seeds(weighted(dice_TPC, weight_C)) for name, weight_C in weights.items()}
    for phase in ("ED", "ES"):
        scopes[phase] = grid.over_seeds(weighted(by_patient(dice_TFC, grid, phase), weights["clean"]))
    run = {(each.corruption, each.severity) for each in grid.conditions if each != CLEAN}
    return Ranking(
        table=_table(
            grid, scopes, families, models, weights, dice_TFC, dice_TPC, seed=seed, resamples=resamples
        ),
        pairs=pd.DataFrame(
            columns=[
                "better",
                "worse",
                "difference",
                "difference_low",
                "difference_high",
                "p",
                "p_holm",
                "outperforms",
                "mdd",
                "verdict",
            ]
        ),
        response=pd.DataFrame(
            columns=["model", "family", "corruption", "severity", "dice", "dice_low", "dice_high"]
        ),
        breaks=pd.DataFrame(columns=["model", "family", "corruption", "reference", "level", "severity"]),
        contests=pd.DataFrame(
            columns=[
                "track",
                "scope",
                "mask",
                "landmark",
                "mask_dice",
                "landmark_dice",
                "difference",
                "difference_low",
                "difference_high",
                "p",
                "p_holm",
                "winner",
            ]
        ),
        models={model: models[model] for model in grid.models},
        suite=suite.name,
        headline=headline_name(suite.name) if families else CLEAN_HEADLINE,
        families=families,
        severities=tuple(sorted({severity for _, severity in run})),
        partial=len(run) < len(suite.severities) * sum(map(len, suite.families.values())),
        references=dict(REFERENCES if references is None else references),
        margin=MARGIN,
        kendall_tau=float("nan"),
        warnings=(),
        patients=len(grid.patients),
        frames=len(grid.patient_F),
        resamples=resamples,
    )


def headline_name(suite: str) -> str:
    """Return what the mean Dice over a suite's families is called: it is another number for every suite.

    >>> headline_name("noise-v1"), headline_name("ward-noise")
    ('mDice-N1', 'mDice(ward-noise)')
    """
    ours = re.fullmatch(r"noise-v(\d+)", suite)
    return f"mDice-N{ours[1]}" if ours else f"mDice({suite})"


def _table(
    grid: Grid,
    scopes: Mapping[str, NDArray[np.float64]],
    families: Mapping[str, tuple[str, ...]],
    models: Mapping[str, ModelFacts],
    weights: Mapping[str, NDArray[np.float64]],
    dice_TFC: NDArray[np.float64],
    dice_TPC: NDArray[np.float64],
    *,
    seed: int,
    resamples: int,
) -> pd.DataFrame:
    headline_MP, clean_MP = scopes[OVERALL], scopes["clean"]
    headline_M, clean_M = headline_MP.mean(axis=1), clean_MP.mean(axis=1)
    best = int(np.argmax(headline_M))
    means = resampled_means(np.vstack([headline_MP, clean_MP]), resamples=resamples, seed=seed)
    headline_BM, clean_BM = means[:, : len(headline_M)], means[:, len(headline_M) :]
    rank_BM = rankdata(-headline_BM.round(12), method="min", axis=1)
    columns: dict[str, object] = {"model": list(grid.models)}
    for field in ("kind", "augmented", "own_recipe"):
        columns[field] = [getattr(models[model], field) for model in grid.models]
    for name, value_M, means_BM in (
        ("headline", headline_M, headline_BM),
        ("clean", clean_M, clean_BM),
        ("difference", headline_M - headline_M[best], headline_BM - headline_BM[:, [best]]),
    ):
        low_M, high_M = interval(means_BM)
        columns |= {name: value_M, f"{name}_low": low_M, f"{name}_high": high_M}
    columns["rank_low"], columns["rank_high"] = np.quantile(
        rank_BM, [0.025, 0.975], axis=0, method="inverted_cdf"
    ).astype(int)
    columns["p_first"] = (rank_BM == 1).mean(axis=0)
    columns["group"] = ""
    with np.errstate(invalid="ignore", divide="ignore"):
        columns["retention"] = headline_M / clean_M
    corruptions = [name for names in families.values() for name in names]
    columns["worst_corruption"], columns["worst"] = "", np.nan
    if corruptions:
        dice_MC = grid.over_seeds(dice_TPC).mean(axis=1)
        by_corruption = np.stack(
            [dice_MC[:, [c.corruption == name for c in grid.conditions]].mean(axis=1) for name in corruptions]
        )
        columns["worst_corruption"] = [corruptions[i] for i in by_corruption.argmin(axis=0)]
        columns["worst"] = by_corruption.min(axis=0)
    for phase in ("ED", "ES"):
        columns[f"dice_{phase.lower()}"] = pd.DataFrame(scopes[phase]).mean(axis=1)
    columns["dice_pooled"] = pooled_dice(dice_TFC, grid)
    columns |= metric_columns(grid, weights, noisy=bool(families)) | count_columns(dice_TFC, grid)
    columns["seeds"] = np.bincount(grid.model_T)
    seed_scores = pd.Series(weighted(dice_TPC, weights[OVERALL]).mean(axis=1))
    columns["seed_sd"] = seed_scores.groupby(grid.model_T).std().to_numpy()
    columns["mean_rank"] = rankdata(-headline_MP.round(12), axis=0).mean(axis=1)
    columns |= {f"family_{family}": scopes[family].mean(axis=1) for family in families}
    table = pd.DataFrame(columns).sort_values(
        ["headline", "model"], ascending=[False, True], ignore_index=True
    )
    table["rank"] = table["headline"].round(12).rank(method="min", ascending=False).astype(int)
    return table[[*_COLUMNS, *(f"family_{family}" for family in families)]]


_COLUMNS: Final = (
    *("rank", "model", "kind", "augmented", "own_recipe", "headline", "headline_low", "headline_high"),
    *("rank_low", "rank_high", "p_first", "group", "clean", "clean_low", "clean_high", "retention"),
    *("worst_corruption", "worst", "dice_ed", "dice_es", "dice_pooled", "nsd1", "nsd2", "hd95", "assd"),
    *("nsd1_noisy", "nsd2_noisy", "hd95_noisy", "assd_noisy", "failures", "failure_share", "empty"),
    *(
        "fragmented",
        "holed",
        "apex_below_base",
        "anatomical_failures",
        "anatomical_share",
        "seeds",
        "seed_sd",
    ),
    *("mean_rank", "difference", "difference_low", "difference_high"),
)
