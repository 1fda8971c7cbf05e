"""Chooses the test frames that a report shows: a model's best, median and worst, clean and under noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lvzoo.types import CLEAN, Scores


def choose_specimens(scores: Scores) -> Iterator[tuple[str, int]]:
    """Yield ("best" | "median" | "worst", row) for one model's clean scores, then for its scores under noise.

    Rows are positions in the table. If scores are equal, the earlier row comes first. Nothing is yielded for noise if
    none was run.
    """
    dice_R = scores["dice"].to_numpy()
    clean_R = (scores["corruption"] == CLEAN.corruption).to_numpy()
    for among_R in (clean_R, ~clean_R):
        rows = np.flatnonzero(among_R)
        if not len(rows):
            continue
        best_first = rows[np.argsort(-dice_R[rows], kind="stable")]
        yield "best", int(best_first[0])
        yield "median", int(best_first[len(rows) // 2])
        yield "worst", int(best_first[-1])
