"""The ranking: who copes best with noise, by how much, and how sure that is.

Aggregate, then rank: the headline is the mean over patients of the Dice averaged over the suite's families, so
that a family with five corruptions weighs no more than one with a single one; clean frames stay beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.bootstrap import RESAMPLES, interval, resampled_means
from lvzoo.rank.patients import check, patient_scores
from lvzoo.types import CLEAN, FAILURE_DICE, Ranking

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.rank.patients import PatientScores
    from lvzoo.types import Phase, Scores

__all__ = ["CLEAN_HEADLINE", "Ranking", "headline_name", "rank"]

CLEAN_HEADLINE: Final = "clean Dice"


def rank(
    scores: Scores,
    suite: NoiseSuite,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    own_recipes: Collection[str] = (),
) -> Ranking:
    """Rank the models of a table of scores (all trials stacked, columns SCORE_COLUMNS).

    Dice is averaged over a patient's frames and a model's training seeds, then over severities, corruptions and
    families, then over patients. Intervals are percentiles of a bootstrap over patients that is the same for
    all models. Where only some of the suite was run, the families present count and the ranking is `partial`;
    where none was, models are ranked by clean Dice. Models of equal headline share a rank. `own_recipes` names
    the models that were trained otherwise than the rest; they are marked.

    Raises:
        DataError: the table is not fit for it: models were scored on unequal frames or conditions, or some of
            what `lvzoo.types.SCORE_COLUMNS` promises is missing.
    """
    check(scores, suite)
    patients = patient_scores(scores, suite)
    conditions = scores[["corruption", "severity"]].drop_duplicates().itertuples(index=False, name=None)
    run = {
        (corruption, int(severity)) for corruption, severity in conditions if corruption != CLEAN.corruption
    }
    families = {
        family: tuple(name for name in names if any(name == corruption for corruption, _ in run))
        for family, names in suite.families.items()
        if family in patients.families
    }
    table = pd.concat(
        [_headline_columns(patients, seed=seed, resamples=resamples), _plain_columns(scores, patients)],
        axis=1,
    )
    return Ranking(
        table=_ordered(table.assign(own_recipe=table.index.isin(own_recipes))),
        suite=suite.name,
        headline=headline_name(suite.name) if families else CLEAN_HEADLINE,
        families=families,
        severities=tuple(sorted({severity for _, severity in run})),
        partial=len(run) < len(suite.severities) * sum(map(len, suite.families.values())),
        patients=patients.clean_MP.shape[1],
        frames=len(scores[["patient", "video", "frame"]].drop_duplicates()),
        resamples=resamples,
    )


def headline_name(suite: str) -> str:
    """Return what the mean Dice over a suite's families is called: it is another number for every suite.

    >>> headline_name("noise-v0"), headline_name("ward-noise")
    ('mDice-N0', 'mDice(ward-noise)')
    """
    ours = re.fullmatch(r"noise-v(\d+)", suite)
    return f"mDice-N{ours[1]}" if ours else f"mDice({suite})"


def _headline_columns(patients: PatientScores, *, seed: int, resamples: int) -> pd.DataFrame:
    """Return headline, clean Dice and the difference to the best, each with its interval, a row a model."""
    clean_MP = patients.clean_MP
    headline_MP = clean_MP if patients.noisy_MP is None else patients.noisy_MP
    headline_M, clean_M = headline_MP.mean(axis=1), clean_MP.mean(axis=1)
    best = int(np.argmax(headline_M))
    means = resampled_means(np.vstack([headline_MP, clean_MP]), resamples=resamples, seed=seed)
    headline_BM, clean_BM = means[:, : len(headline_M)], means[:, len(headline_M) :]
    columns: dict[str, NDArray[np.float64]] = {}
    for name, value_M, means_BM in (
        ("headline", headline_M, headline_BM),
        ("clean", clean_M, clean_BM),
        ("difference", headline_M - headline_M[best], headline_BM - headline_BM[:, [best]]),
    ):
        low_M, high_M = interval(means_BM)
        columns |= {name: value_M, f"{name}_low": low_M, f"{name}_high": high_M}
    with np.errstate(
        invalid="ignore", divide="ignore"
    ):  # a model that fails even on clean frames retains NaN
        columns["retention"] = headline_M / clean_M
    columns |= {f"family_{family}": matrix.mean(axis=1) for family, matrix in patients.families.items()}
    return pd.DataFrame(columns, index=list(patients.models))


def _plain_columns(scores: Scores, patients: PatientScores) -> pd.DataFrame:
    """Return what needs no resampling: Dice by phase on clean frames, failures and seeds, a row a model."""
    by_model = scores.assign(failed=scores["dice"] < FAILURE_DICE).groupby("model", observed=True)
    clean = scores[scores["corruption"] == CLEAN.corruption]
    return pd.DataFrame(
        {
            "dice_ed": _phase_dice(clean, "ED"),
            "dice_es": _phase_dice(clean, "ES"),
            "failures": by_model["failed"].sum(),
            "failure_share": by_model["failed"].mean(),
            "seeds": by_model["seed"].nunique(),
        },
        index=list(patients.models),
    )


def _phase_dice(clean: Scores, phase: Phase) -> pd.Series[float]:
    """Return each model's mean over patients of its Dice on their clean frames of one phase."""
    of_phase = clean[clean["phase"] == phase]
    return of_phase.groupby(["model", "patient"], observed=True)["dice"].mean().groupby(level="model").mean()


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Put the best first, number the ranks, and bring the columns into the order in which they are read."""
    table = table.rename_axis("model").reset_index()
    table = table.sort_values(["headline", "model"], ascending=[False, True], ignore_index=True)
    table["rank"] = table["headline"].rank(method="min", ascending=False).astype(int)
    families = [column for column in table.columns if column.startswith("family_")]
    return table[[*_COLUMNS, *families]]


_COLUMNS: Final = (
    *("rank", "model", "headline", "headline_low", "headline_high", "clean", "clean_low", "clean_high"),
    *("retention", "dice_ed", "dice_es", "failures", "failure_share", "seeds", "own_recipe"),
    *("difference", "difference_low", "difference_high"),
)
