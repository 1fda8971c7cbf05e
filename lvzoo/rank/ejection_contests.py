"""Compares the best mask with the best landmark model in the ejection fraction, on the same patients.

Both are those of the lowest mean absolute error (MAE) under noise, once per track, and are then compared under noise
and on clean frames, with each reference.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lvzoo.rank.bootstrap import interval
from lvzoo.rank.ejections import TRACINGS
from lvzoo.rank.patients import OVERALL, mean_M
from lvzoo.rank.significance import holm, judge_seeds, verdict, wilcoxon_p
from lvzoo.types.results import AUGMENTED, TRACKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.rank.bootstrap import Bootstrap
    from lvzoo.rank.ejections import Ejections
    from lvzoo.types import Kind
    from lvzoo.types.ejection import EFReference
    from lvzoo.types.results import ModelFacts

MARGIN_POINTS: Final = 0.5
"""The smallest difference in MAE that counts as a win, in points of EF."""
COLUMNS: Final = (
    *("track", "scope", "reference", "mask", "landmark", "mask_mae", "landmark_mae"),
    *("difference", "difference_low", "difference_high", "p", "p_holm", "verdict", "winner"),
)


def contest_table(
    ejections: Ejections,
    absolute: Mapping[EFReference, NDArray[np.float64]],
    weights: Mapping[str, NDArray[np.float64]],
    models: Mapping[str, ModelFacts],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return one row per track, scope and reference; no rows for a track that lacks a kind.

    `absolute` holds the absolute errors (T, P, C) against each reference, `weights` those of the conditions (C) in
    each scope.
    """
    errors = {
        (scope, reference): np.einsum("tpc,c->tp", error_TPC, weights_C)
        for (scope, weights_C), (reference, error_TPC) in product(weights.items(), absolute.items())
    }
    rows = [row for track in TRACKS for row in _compare(track, ejections, errors, models, bootstrap)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _compare(
    track: str,
    ejections: Ejections,
    errors: Mapping[tuple[str, EFReference], NDArray[np.float64]],
    models: Mapping[str, ModelFacts],
    bootstrap: Bootstrap,
) -> list[dict[str, object]]:
    """Return the rows of one track, with their winners.

    The row of the errors under noise against the tracings is the question. Its p is adjusted for all pairs of a mask
    and a landmark model of the track, because the two were chosen among them. The other rows look at the same answer
    from several sides, and Holm's adjustment runs over them.
    """
    question = errors[OVERALL, TRACINGS]
    kinds: dict[Kind, list[int]] = {
        kind: [
            m
            for m in ejections.models
            if models[name := ejections.grid.models[m]].kind == kind
            and models[name].augmented == (track == AUGMENTED)
        ]
        for kind in ("mask", "landmark")
    }
    if not all(kinds.values()):
        return []

    def of_model(error_TP: NDArray[np.float64], m: int) -> NDArray[np.float64]:
        return np.asarray(error_TP[ejections.model_T == m].mean(axis=0))

    best = [
        min(kinds[kind], key=lambda m: mean_M(of_model(question, m)[None])[0])
        for kind in ("mask", "landmark")
    ]
    pairs = list(product(kinds["mask"], kinds["landmark"]))
    p_pairs = holm([wilcoxon_p(of_model(question, m) - of_model(question, n)) for m, n in pairs])
    means_BR = bootstrap.means(
        np.concatenate([[of_model(error_TP, m) for m in best] for error_TP in errors.values()])
    )
    rows = []
    for place, ((scope, reference), error_TP) in enumerate(errors.items()):
        error_2P = np.stack([of_model(error_TP, m) for m in best])
        means_B2 = means_BR[:, 2 * place : 2 * place + 2]
        [low], [high] = interval(means_B2[:, [0]] - means_B2[:, [1]])
        mask_mae, landmark_mae = mean_M(error_2P).tolist()
        mask_S, landmark_S = (mean_M(error_TP[ejections.model_T == m]) for m in best)
        rows.append(
            {
                "track": track,
                "scope": scope,
                "reference": reference,
                "mask": ejections.grid.models[best[0]],
                "landmark": ejections.grid.models[best[1]],
                "mask_mae": mask_mae,
                "landmark_mae": landmark_mae,
                "difference": mask_mae - landmark_mae,
                "difference_low": low,
                "difference_high": high,
                "p": wilcoxon_p(error_2P[0] - error_2P[1]),
                "seeds": judge_seeds(mask_S, landmark_S),
            }
        )
    p_others = holm([row["p"] for row in rows[1:]])
    for row, p_holm in zip(rows, [p_pairs[pairs.index((best[0], best[1]))], *p_others], strict=True):
        row["p_holm"] = float(p_holm)
        row["verdict"] = verdict(
            row["p_holm"],
            row["difference_low"],
            row["difference_high"],
            seeds=row.pop("seeds"),
            margin=MARGIN_POINTS,
        )
        row["winner"] = _name_winner(row["verdict"], row["difference"])
    return rows


def _name_winner(found: str, difference: float) -> str:
    """Return the winner by the difference of MAE, mask minus landmark: "neither" unless the verdict is clear."""
    if found != "clear":
        return "neither"
    return "mask" if difference < 0 else "landmark"
