"""Makes the table of scores by patient that the R package challengeR reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from lvzoo.rank.patients import OVERALL
from lvzoo.types import CLEAN

if TYPE_CHECKING:
    from lvzoo.rank.patients import PatientScores

COLUMNS: Final = ("task", "algorithm", "case", "value")
HEADLINE: Final = "headline"


def challenge_table(patients: PatientScores) -> pd.DataFrame:
    """Return one row per task, algorithm (model) and case (patient), with the Dice averaged over frames and seeds.

    Tasks are `headline` (the mean of its values is the ranking's headline), `clean` and each family. Without noise,
    `clean` is the only task. R reads the table from a CSV file with

        data <- read.csv("challenge.csv", colClasses = c(case = "character"))
        as.challenge(data, by = "task", algorithm = "algorithm", case = "case", value = "value", smallBetter = FALSE)

    Without `colClasses`, R converts numeric names of patients to numbers, and 007 becomes 7.
    """
    tasks = {CLEAN.corruption: CLEAN.corruption, **{family: family for family in patients.families}}
    if patients.families:
        tasks = {HEADLINE: OVERALL, **tasks}
    grid = patients.grid
    index = pd.MultiIndex.from_product([tasks, grid.models, grid.patients], names=COLUMNS[:-1])
    values = [value for scope in tasks.values() for value in patients.scopes[scope].ravel()]
    return pd.Series(values, index=index, name=COLUMNS[-1]).reset_index()
