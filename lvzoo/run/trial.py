"""The folder of one trial: its state, its weights' checkpoints, and what its scoring left.

Every file is written whole or not at all; a damaged one is told as a `DataError`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from lvzoo.errors import DataError
from lvzoo.files import atomic_file
from lvzoo.types import SCORE_COLUMNS, Condition, Epoch, Scores
from lvzoo.types.results import ModelFacts, Specimen

STATUS: Final = "status.json"
HISTORY: Final = "history.csv"
SCORES: Final = "scores.parquet"
FACTS: Final = "facts.json"
SPECIMENS: Final = "specimens.npz"
CHECKPOINTS: Final = "checkpoints"

State = Literal["training", "trained", "finished", "failed"]

_PICTURES: Final = ("frame_HW", "predicted_HW", "reference_HW")
_LABELS: Final = ("model", "place", "video", "frame", "phase", "dice")

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialFolder:
    """The folder of one trial."""

    path: Path

    def checkpoints(self, key: str) -> Path:
        """Return (and make) the folder of the checkpoints for a trial's key; those of another key are dropped."""
        folder = self.path / f"{CHECKPOINTS}-{key}"
        for other in self.path.glob(f"{CHECKPOINTS}-*"):
            if other != folder:
                shutil.rmtree(other)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def status(self) -> Mapping[str, Any]:
        """Return what is known of the trial: its state, the keys it was made for, its error.

        Of a damaged status nothing is known: the trial is done anew.
        """
        path = self.path / STATUS
        try:
            status: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            log.warning("%s: damaged (%s); the trial is done anew", path, error)
            return {}
        return status

    def mark(self, state: State, **facts: object) -> None:
        """Write the trial's state."""
        write_json(self.path / STATUS, {"state": state, **facts})

    def write_history(self, history: Sequence[Epoch]) -> None:
        """Write a line an epoch."""
        with atomic_file(self.path / HISTORY) as temporary:
            pd.DataFrame([dataclasses.asdict(epoch) for epoch in history]).to_csv(temporary, index=False)

    def write_scores(self, scores: Scores) -> None:
        """Write a row a frame and condition."""
        with atomic_file(self.path / SCORES) as temporary:
            scores[list(SCORE_COLUMNS)].to_parquet(temporary, index=False)

    def read_scores(self) -> Scores:
        """Return the rows."""
        try:
            return pd.read_parquet(self.path / SCORES)
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path / SCORES}: cannot be read ({error}); run again") from error

    def write_facts(self, facts: ModelFacts) -> None:
        """Write what a reader of the ranking should know of the trial's model."""
        write_json(self.path / FACTS, dataclasses.asdict(facts))

    def read_facts(self) -> ModelFacts:
        """Return what was written."""
        try:
            return ModelFacts(**json.loads((self.path / FACTS).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{self.path / FACTS}: cannot be read ({error}); run again") from error

    def write_specimens(self, specimens: Sequence[Specimen]) -> None:
        """Write the frames that are kept to be looked at, with the masks on them."""
        arrays: dict[str, Any] = {
            f"{name}_NHW": np.stack([getattr(each, name) for each in specimens]) for name in _PICTURES
        }
        told = [
            {
                "condition": dataclasses.asdict(each.condition),
                **{name: getattr(each, name) for name in _LABELS},
            }
            for each in specimens
        ]
        with atomic_file(self.path / SPECIMENS) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, labels=np.array(json.dumps(told)), **arrays)

    def read_specimens(self) -> tuple[Specimen, ...]:
        """Return what was written."""
        path = self.path / SPECIMENS
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                told = json.loads(str(kept["labels"]))
                pictures = [kept[f"{name}_NHW"] for name in _PICTURES]
            return tuple(
                Specimen(
                    **{**label, "condition": Condition(**label["condition"])},
                    **dict(zip(_PICTURES, each, strict=True)),
                )
                for label, *each in zip(told, *pictures, strict=True)
            )
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise DataError(f"{path}: cannot be read ({error}); run again") from error


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write indented JSON."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
