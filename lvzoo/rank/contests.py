"""Masks or landmarks? The best mask model against the best landmark model, on the same patients.

Both are chosen by the headline, once a track, and then compared in every scope: choosing anew in each scope would
flatter both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.bootstrap import interval
from lvzoo.rank.patients import OVERALL, mean_M
from lvzoo.rank.significance import holm, steady, verdict, wilcoxon_p
from lvzoo.types import CLEAN
from lvzoo.types.results import AUGMENTED, CHANGE, STANDARD, TRACKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.rank.patients import PatientScores
    from lvzoo.rank.significance import Verdict
    from lvzoo.types import Kind
    from lvzoo.types.results import ModelFacts

COLUMNS: Final = (
    *("track", "scope", "mask", "landmark", "mask_dice", "landmark_dice", "difference", "difference_low"),
    *("difference_high", "p", "p_holm", "verdict", "winner"),
)


def contest_table(
    patients: PatientScores,
    means: Mapping[str, NDArray[np.float64]],
    models: Mapping[str, ModelFacts],
    pairs: pd.DataFrame,
) -> pd.DataFrame:
    """Return a row a track and scope, and one of what the tracks differ by; no row where a track lacks a kind.

    `means` holds the resampled means of each scope, (resamples, M); `pairs` is the table of all pairs of models.
    """
    entered = {track: contestants(patients.grid.models, models, track) for track in TRACKS}
    met = {track: pair for track, pair in entered.items() if pair is not None}
    contests = [_contest(track, pair, patients, means, pairs) for track, pair in met.items()]
    if len(met) == len(TRACKS):
        contests.append(_change(met[STANDARD], met[AUGMENTED], patients, means))
    return pd.concat(contests, ignore_index=True) if contests else pd.DataFrame(columns=list(COLUMNS))


def contestants(
    ranked: tuple[str, ...], models: Mapping[str, ModelFacts], track: str
) -> tuple[str, str] | None:
    """Return the best mask and the best landmark model of a track, from names best first, or None."""
    entered = [name for name in ranked if models[name].augmented == (track == AUGMENTED)]

    def best(kind: Kind) -> str | None:
        return next((name for name in entered if models[name].kind == kind), None)

    mask, landmark = best("mask"), best("landmark")
    return (mask, landmark) if mask is not None and landmark is not None else None


def _contest(
    track: str,
    pair: tuple[str, str],
    patients: PatientScores,
    means: Mapping[str, NDArray[np.float64]],
    pairs: pd.DataFrame,
) -> pd.DataFrame:
    """Compare two models in every scope that has patients.

    Overall is the question that the study asks, so its p is the one of `pairs`, adjusted over all pairs of models:
    the two were chosen among them. The other scopes are looks at the same answer; Holm's adjustment runs over them.
    """
    mask, landmark = (patients.grid.models.index(name) for name in pair)
    scopes = [scope for scope, dice_MP in patients.scopes.items() if not np.isnan(dice_MP).all()]
    if not patients.families:
        scopes.remove(CLEAN.corruption)  # overall is clean already
    rows = [
        {
            "track": track,
            "scope": scope,
            "mask": pair[0],
            "landmark": pair[1],
            **_difference(patients.scopes[scope][[mask, landmark]], means[scope][:, [mask, landmark]]),
        }
        for scope in scopes
    ]
    table = pd.DataFrame(rows)
    of_pair = pairs["better"].isin(pair) & pairs["worse"].isin(pair)
    overall = table["scope"] == OVERALL
    table.loc[overall, "p_holm"] = float(pairs.loc[of_pair, "p_holm"].iloc[0])
    table.loc[~overall, "p_holm"] = holm(table.loc[~overall, "p"].to_list())
    model_T = patients.grid.model_T
    of_seeds = [[mean_M(patients.trials[scope][model_T == m]) for m in (mask, landmark)] for scope in scopes]
    return _with_winners(table.assign(steady=[steady(*both) for both in of_seeds]))


def _change(
    standard: tuple[str, str],
    augmented: tuple[str, str],
    patients: PatientScores,
    means: Mapping[str, NDArray[np.float64]],
) -> pd.DataFrame:
    """Return the row that tells what training on noise changes: the augmented track's contest minus the standard's.

    The difference of the two differences, paired by patient, is also what masks gain by it more than landmarks do.
    It is one question, asked once, so its p is not adjusted.
    """
    before, after = ([patients.grid.models.index(name) for name in pair] for pair in (standard, augmented))
    headline_MP, headline_BM = patients.scopes[OVERALL], means[OVERALL]
    row = {
        "track": CHANGE,
        "scope": OVERALL,
        "mask": f"{augmented[0]} - {standard[0]}",
        "landmark": f"{augmented[1]} - {standard[1]}",
        **_difference(
            headline_MP[after] - headline_MP[before], headline_BM[:, after] - headline_BM[:, before]
        ),
    }
    return _with_winners(pd.DataFrame([{**row, "p_holm": row["p"], "steady": True}]))


def _difference(dice_2P: NDArray[np.float64], means_B2: NDArray[np.float64]) -> dict[str, object]:
    """Compare the numbers of a mask model with those of a landmark model: by patient, and their resampled means."""
    mask_dice, landmark_dice = mean_M(dice_2P)
    low_1, high_1 = interval(means_B2[:, [0]] - means_B2[:, [1]])
    return {
        "mask_dice": mask_dice,
        "landmark_dice": landmark_dice,
        "difference": mask_dice - landmark_dice,
        "difference_low": low_1[0],
        "difference_high": high_1[0],
        "p": wilcoxon_p(dice_2P[0] - dice_2P[1]),
    }


def _with_winners(table: pd.DataFrame) -> pd.DataFrame:
    verdicts = [
        verdict(row["p_holm"], row["difference_low"], row["difference_high"], steady=row["steady"])
        for row in table.to_dict("records")
    ]
    winners = list(map(winner, verdicts, table["difference"]))
    return table.assign(verdict=verdicts, winner=winners)[list(COLUMNS)]


def winner(found: Verdict, difference: float) -> str:
    """Return who wins a contest, of masks minus landmarks: nobody unless the difference is clear."""
    if found != "clear":
        return "neither"
    return "mask" if difference > 0 else "landmark"
