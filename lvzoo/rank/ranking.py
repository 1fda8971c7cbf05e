"""Ranks models by their Dice under noise, with the uncertainty of the order.

Scores are aggregated first and ranked then. The headline is the mean over patients of the Dice averaged over the
suite's families, so a family of five corruptions has the same weight as a family of one. Dice on clean frames is not
part of the headline; it is shown next to it.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final, TypeAlias

import pandas as pd

from lvzoo.errors import UsageError, name_some
from lvzoo.rank.bootstrap import RESAMPLES, Bootstrap, interval
from lvzoo.rank.cautions import find_cautions
from lvzoo.rank.columns import plain_columns
from lvzoo.rank.contests import contest_table
from lvzoo.rank.ejection_tables import ejection_results
from lvzoo.rank.export import challenge_table
from lvzoo.rank.grid import make_grid
from lvzoo.rank.pairs import pairs_table
from lvzoo.rank.patients import OVERALL, patient_scores
from lvzoo.rank.response import break_table, response_table
from lvzoo.rank.significance import MARGIN, letters, significant_pairs
from lvzoo.rank.stability import mean_kendall_tau, rank_columns, ranks
from lvzoo.types import CLEAN
from lvzoo.types.results import Ranking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.rank.patients import PatientScores
    from lvzoo.types import Scores
    from lvzoo.types.results import ModelFacts

Matrix: TypeAlias = "NDArray[np.float64]"
CLEAN_HEADLINE: Final = "clean Dice"
FACTS: Final = ("kind", "augmented", "own_recipe", "trained_on", "calibrated_on")
COLUMNS: Final = (
    *("rank", "model", *FACTS),
    *("headline", "headline_low", "headline_high", "rank_low", "rank_high", "p_first", "group"),
    *("clean", "clean_low", "clean_high", "retention", "worst_corruption", "worst"),
    *("dice_ed", "dice_es", "dice_pooled", "nsd1", "nsd2", "hd95", "assd"),
    *("nsd1_noisy", "nsd2_noisy", "hd95_noisy", "assd_noisy", "failures", "failure_share"),
    *("empty", "fragmented", "holed", "apex_below_base", "anatomical_failures", "anatomical_share"),
    *("seeds", "seed_sd", "mean_rank", "difference", "difference_low", "difference_high"),
)
REFERENCES: Final[Mapping[str, float]] = {"Dice 0.90": 0.90}
"""The default references by name: a model breaks at the severity where its Dice falls below one of them."""


def rank(
    scores: Scores | Iterable[Scores],
    suite: NoiseSuite,
    *,
    models: Mapping[str, ModelFacts],
    references: Mapping[str, float] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Ranking:
    """Rank the models of a table of scores (all trials stacked, columns SCORE_COLUMNS), or of several tables.

    Dice is averaged over a patient's frames and a model's training seeds, then over severities, corruptions and
    families, then over patients. Intervals are percentiles of one bootstrap over patients. If only part of the suite
    was run, the headline is the mean over the families that are there, and the ranking is `partial`. If no noise was
    run, models are ranked by clean Dice. Models of equal headline share a rank.

    Args:
        scores: the scores that `lvzoo bench` writes, with rows in any order. Several tables with whole trials are
            read in turn, so an iterator of tables needs less memory than one table.
        suite: the noise suite of these scores.
        models: facts about each model; models without scores are left out.
        references: the Dice levels of the break points, by name; None stands for 0.90.
        seed: the random seed of the bootstrap.
        resamples: the number of bootstrap resamples.

    Raises:
        DataError: models were scored on different frames or conditions, or the table lacks columns of
            `lvzoo.types.SCORE_COLUMNS` or has values that are not valid.
        UsageError: a model of the scores has no facts, or `resamples` is not positive.
    """
    _check_resamples(resamples)
    patients = patient_scores(make_grid(scores, suite), suite)
    return rank_patients(
        patients, suite, models=models, references=references, seed=seed, resamples=resamples
    )


def rank_patients(
    patients: PatientScores,
    suite: NoiseSuite,
    *,
    models: Mapping[str, ModelFacts],
    references: Mapping[str, float] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Ranking:
    """Rank models by their scores by patient. The other arguments and the errors are those of `rank`."""
    _check_resamples(resamples)
    grid = patients.grid
    unknown = [model for model in grid.models if model not in models]
    if unknown:
        raise UsageError(
            f"models: no facts about {name_some(unknown)}, which have scores; give a ModelFacts for each"
        )
    bootstrap = Bootstrap(resamples=resamples, seed=seed)
    means = {scope: bootstrap.means(scores_MP) for scope, scores_MP in patients.scopes.items()}
    pairs = pairs_table(patients, means[OVERALL], bootstrap.means(patients.trials[OVERALL]))
    response = response_table(patients, bootstrap)
    references = dict(REFERENCES if references is None else references)
    ranking = Ranking(
        table=_table(patients, means, pairs, models),
        pairs=pairs,
        response=response,
        breaks=break_table(response, references),
        contests=contest_table(patients, means, models, pairs),
        cases=challenge_table(patients),
        models={model: models[model] for model in patients.grid.models},
        suite=suite.name,
        headline=headline_name(suite.name) if patients.families else CLEAN_HEADLINE,
        families=patients.families,
        severities=tuple(sorted({each.severity for each in grid.conditions if each != CLEAN})),
        partial=len(grid.conditions) < 1 + len(suite.severities) * sum(map(len, suite.families.values())),
        references=references,
        margin=MARGIN,
        kendall_tau=mean_kendall_tau(patients.headline_M, means[OVERALL]),
        warnings=(),
        patients=len(grid.patients),
        frames=len(grid.patient_F),
        resamples=resamples,
        bootstrap_seed=seed,
        ejection=ejection_results(patients, models, bootstrap),
    )
    return dataclasses.replace(ranking, warnings=find_cautions(ranking))


def _check_resamples(resamples: int) -> None:
    if resamples < 1:
        raise UsageError(
            f"resamples is {resamples}, too few for an interval; give a positive number, for example {RESAMPLES:,}"
        )


def order_by_ef(ranking: Ranking) -> Ranking:
    """Return a ranking whose table is ordered by the MAE of the ejection fraction under noise, the lowest first.

    The ranks stay those of the headline. Models without an ejection fraction come last.

    Raises:
        UsageError: no model has an ejection fraction.
    """
    ejection = ranking.ejection
    if ejection is None or not ejection.known:
        if ejection is not None and not ejection.lacking:
            raise UsageError("by: no patient has a traced ED and ES, so no EF is known; use 'headline'")
        raise UsageError(
            "by: the scores are of an earlier version and hold no volumes; use 'headline', or repeat the command "
            "that made the run with its folder as --out, which scores its models again and trains none"
        )
    overall = ejection.table[ejection.table["scope"] == OVERALL]
    mae_M = ranking.table["model"].map(dict(zip(overall["model"], overall["mae"], strict=True)))
    table = ranking.table.iloc[mae_M.argsort(kind="stable")].reset_index(drop=True)
    return dataclasses.replace(ranking, table=table, order="ef")


def headline_name(suite: str) -> str:
    """Return the name of a suite's mean Dice. It contains the suite, because every suite gives another number.

    >>> headline_name("noise-v1"), headline_name("ward-noise")
    ('mDice-N1', 'mDice(ward-noise)')
    """
    ours = re.fullmatch(r"noise-v(\d+)", suite)
    return f"mDice-N{ours[1]}" if ours else f"mDice({suite})"


def _table(
    patients: PatientScores,
    means: Mapping[str, Matrix],
    pairs: pd.DataFrame,
    models: Mapping[str, ModelFacts],
) -> pd.DataFrame:
    """Return one row per model, best first, with the columns in the order of COLUMNS."""
    names, headline_M, headline_BM = patients.grid.models, patients.headline_M, means[OVERALL]
    columns: dict[str, object] = {
        "rank": ranks(headline_M),
        "model": list(names),
        **{fact: [getattr(models[name], fact) for name in names] for fact in FACTS},
        **rank_columns(headline_BM),
        "group": letters(len(names), significant_pairs(len(names), pairs["p_holm"].to_numpy())),
        "difference": headline_M - headline_M[0],
        **plain_columns(patients),
    }
    for name, means_BM in (
        ("headline", headline_BM),
        ("clean", means[CLEAN.corruption]),
        ("difference", headline_BM - headline_BM[:, [0]]),
    ):
        columns[f"{name}_low"], columns[f"{name}_high"] = interval(means_BM)
    families = [f"family_{family}" for family in patients.families]
    return pd.DataFrame(columns)[[*COLUMNS, *families]]
