"""Compares the best mask model with the best landmark model on the same patients: masks or landmarks?

Both are chosen by the headline, once per track, and then compared in every scope. To choose the best models again in
each scope would make both look too good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.bootstrap import interval
from lvzoo.rank.patients import OVERALL, mean_M
from lvzoo.rank.significance import holm, judge_seeds, verdict, wilcoxon_p
from lvzoo.types import CLEAN
from lvzoo.types.results import AUGMENTED, CHANGE, STANDARD, TRACKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.rank.patients import PatientScores
    from lvzoo.rank.significance import Verdict
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
    """Return one row per track and scope, and a last row that compares the tracks if both have a contest.

    A track that lacks mask or landmark models has no rows. `means` holds the means of each scope in each resample
    (B, M); `pairs` is the table of all pairs of models.
    """
    chosen = {track: find_contestants(patients.grid.models, models, track) for track in TRACKS}
    found = {track: pair for track, pair in chosen.items() if pair is not None}
    contests = [_compare_in_scopes(track, pair, patients, means, pairs) for track, pair in found.items()]
    if len(found) == len(TRACKS):
        contests.append(_compare_tracks(found[STANDARD], found[AUGMENTED], patients, means))
    return pd.concat(contests, ignore_index=True) if contests else pd.DataFrame(columns=list(COLUMNS))


def find_contestants(
    ranked: tuple[str, ...], models: Mapping[str, ModelFacts], track: str
) -> tuple[str, str] | None:
    """Return the best mask and the best landmark model of a track, or None if it lacks a kind.

    `ranked` names all models, best first.
    """
    in_track = [name for name in ranked if models[name].augmented == (track == AUGMENTED)]
    best = {models[name].kind: name for name in reversed(in_track)}  # the best of a kind comes last and stays
    return (best["mask"], best["landmark"]) if len(best) == 2 else None


def _compare_in_scopes(
    track: str,
    pair: tuple[str, str],
    patients: PatientScores,
    means: Mapping[str, NDArray[np.float64]],
    pairs: pd.DataFrame,
) -> pd.DataFrame:
    """Return one row per scope that has patients, for a pair of a mask and a landmark model.

    The scope "overall" is the question of the study. Its p_holm is that of `pairs`, which is adjusted over all pairs
    of models, because the two models were chosen among them. The other scopes look at the same answer from several
    sides; Holm's adjustment runs over them.
    """
    mask, landmark = (patients.grid.models.index(name) for name in pair)
    scopes = [scope for scope, dice_MP in patients.scopes.items() if not np.isnan(dice_MP).all()]
    if not patients.families:
        scopes.remove(CLEAN.corruption)  # "overall" is clean Dice then
    rows = [
        compare_pair(patients.scopes[scope][[mask, landmark]], means[scope][:, [mask, landmark]])
        for scope in scopes
    ]
    table = pd.DataFrame(rows).assign(track=track, scope=scopes, mask=pair[0], landmark=pair[1])

    of_pair = pairs["better"].isin(pair) & pairs["worse"].isin(pair)
    overall = table["scope"] == OVERALL
    table.loc[overall, "p_holm"] = float(pairs.loc[of_pair, "p_holm"].iloc[0])
    table.loc[~overall, "p_holm"] = holm(table.loc[~overall, "p"].to_list())

    seeds = [patients.grid.by_model(mean_M(patients.trials[scope])) for scope in scopes]
    return add_winners(table.assign(seeds=[judge_seeds(each[mask], each[landmark]) for each in seeds]))


def _compare_tracks(
    standard: tuple[str, str],
    augmented: tuple[str, str],
    patients: PatientScores,
    means: Mapping[str, NDArray[np.float64]],
) -> pd.DataFrame:
    """Return the row on what training on noise changes: the augmented track's contest minus the standard track's.

    The difference of the two differences, paired by patient, is how much more masks gain from it than landmarks. This
    is a single test, so its p is not adjusted.
    """
    before, after = ([patients.grid.models.index(name) for name in pair] for pair in (standard, augmented))
    headline_MP, headline_BM = patients.scopes[OVERALL], means[OVERALL]
    row = compare_pair(
        headline_MP[after] - headline_MP[before], headline_BM[:, after] - headline_BM[:, before]
    )
    mask, landmark = (f"{new} - {old}" for new, old in zip(augmented, standard, strict=True))
    trained = patients.grid.by_model(patients.trials[OVERALL].mean(axis=1))
    fewest = min(len(trained[model]) for model in (*before, *after))
    table = pd.DataFrame([{**row, "p_holm": row["p"], "seeds": "agree" if fewest > 1 else "one"}])
    return add_winners(table.assign(track=CHANGE, scope=OVERALL, mask=mask, landmark=landmark))


def compare_pair(dice_2P: NDArray[np.float64], means_B2: NDArray[np.float64]) -> dict[str, object]:
    """Return the difference of a mask and a landmark model, from their Dice by patient and their resampled means."""
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


def add_winners(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with verdicts and winners, and only the columns of the contests."""
    verdicts = [
        verdict(row["p_holm"], row["difference_low"], row["difference_high"], seeds=row["seeds"])
        for row in table.to_dict("records")
    ]
    winners = list(map(name_winner, verdicts, table["difference"]))
    return table.assign(verdict=verdicts, winner=winners)[list(COLUMNS)]


def name_winner(found: Verdict, difference: float) -> str:
    """Return the winner of a contest by the difference mask minus landmark: "neither" unless the verdict is clear."""
    if found != "clear":
        return "neither"
    return "mask" if difference > 0 else "landmark"
