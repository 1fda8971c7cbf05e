"""Keeps the scores of a data set's experts in the folder of a run that was tested on it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from lvzoo.errors import DataError, one_line
from lvzoo.files import atomic_file
from lvzoo.run.trial import DAMAGE
from lvzoo.types import Scores
from lvzoo.types.experts import EXPERT_COLUMNS

EXPERT_SCORES: Final = "experts.parquet"


def write_experts(folder: Path, scores: Scores) -> None:
    """Write the scores: one row per expert and frame."""
    with atomic_file(folder / EXPERT_SCORES) as temporary:
        scores[list(EXPERT_COLUMNS)].to_parquet(temporary, index=False)


def read_experts(folder: Path) -> Scores | None:
    """Return the scores, or None if the data set has no experts, or an earlier version tested on it.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / EXPERT_SCORES
    if not path.is_file():
        return None
    try:
        return pd.read_parquet(path)[list(EXPERT_COLUMNS)]
    except DAMAGE as error:
        raise DataError(f"{path}: cannot be read ({one_line(error)}); remove it, and run again") from error
