"""Scores by patient for other tools: challengeR's long form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from lvzoo.files import atomic_file
from lvzoo.rank.grid import make_grid
from lvzoo.rank.patients import OVERALL, patient_scores
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from lvzoo.interfaces import NoiseSuite
    from lvzoo.types import Scores

COLUMNS: Final = ("task", "algorithm", "case", "value")
HEADLINE: Final = "headline"


def challenge_csv(scores: Scores, suite: NoiseSuite, path: Path) -> None:
    """Write a row a task, algorithm (model) and case (patient): its Dice, averaged over frames and seeds.

    Tasks are `headline` (its mean over cases is the ranking's), `clean` and each family; where no noise was run,
    `clean` alone. R reads it by

        data <- read.csv("challenge.csv", colClasses = c(case = "character"))
        as.challenge(data, by = "task", algorithm = "algorithm", case = "case", value = "value", smallBetter = FALSE)

    Without `colClasses` R takes numeric names of patients for numbers, and 007 becomes 7.

    Raises:
        DataError: the table is not fit for a ranking.
    """
    patients = patient_scores(make_grid(scores, suite), suite)
    tasks = {CLEAN.corruption: CLEAN.corruption, **{family: family for family in patients.families}}
    if patients.families:
        tasks = {HEADLINE: OVERALL, **tasks}
    grid = patients.grid
    index = pd.MultiIndex.from_product([tasks, grid.models, grid.patients], names=COLUMNS[:-1])
    values = [value for scope in tasks.values() for value in patients.scopes[scope].ravel()]
    with atomic_file(path) as temporary:
        pd.Series(values, index=index, name=COLUMNS[-1]).to_csv(temporary)
