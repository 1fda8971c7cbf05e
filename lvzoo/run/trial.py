"""The folder of one trial: its status, the checkpoints of its training, and the results of its scoring.

Every file is written completely or not at all. Reading a damaged file raises `DataError`.
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
from typing import Any, Final, Literal, TypedDict

import numpy as np
import pandas as pd
from pyarrow.lib import ArrowException

from lvzoo.errors import DataError, one_line, show_name
from lvzoo.files import atomic_file, read_json
from lvzoo.locks import LOCK, Lock
from lvzoo.records import check_fields, check_values
from lvzoo.types import LABEL_COLUMNS, SCORE_COLUMNS, VOLUME_COLUMNS, Condition, Epoch, Scores
from lvzoo.types.results import ModelFacts, Specimen

STATUS: Final = "status.json"
HISTORY: Final = "history.csv"
SCORES: Final = "scores.parquet"
FACTS: Final = "facts.json"
SPECIMENS: Final = "specimens.npz"
CHECKPOINTS: Final = "checkpoints"

TEXTS: Final = ("model", "patient", "video", "phase", "corruption", *LABEL_COLUMNS)
"""The columns of SCORES that hold text."""

State = Literal["training", "trained", "finished", "failed"]

DAMAGE: Final = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError, NotImplementedError, OSError, TypeError),
    *(ValueError, ArrowException),
)
"""What pandas and pyarrow raise when they read a damaged file."""
_PICTURES: Final = ("frame_HW", "predicted_HW", "reference_HW")

log = logging.getLogger(__name__)


class _Status(TypedDict, total=False):
    """What the status of a trial may hold."""

    state: State
    key: str
    model_key: str
    scores_key: str
    scoring_code: str
    error: str
    traceback: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialFolder:
    """The folder of one trial."""

    path: Path

    @property
    def lock(self) -> Lock:
        """The lock of the trial. Only the process that holds it writes into the folder."""
        return Lock(path=self.path / LOCK)

    def checkpoints(self, key: str) -> Path:
        """Return the folder of the checkpoints for a trial's key, and make it; remove those of other keys."""
        folder = self.path / f"{CHECKPOINTS}-{key}"
        for other in self.path.glob(f"{CHECKPOINTS}-*"):
            if other != folder:
                shutil.rmtree(other)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def remove_checkpoints(self) -> None:
        """Remove the checkpoints of all keys, since the training is done."""
        for folder in self.path.glob(f"{CHECKPOINTS}-*"):
            shutil.rmtree(folder)

    def status(self) -> Mapping[str, Any]:
        """Return the trial's state, the keys that it was made for, and its error.

        A damaged status counts as none, and the trial is repeated.
        """
        path = self.path / STATUS
        try:
            status = read_json(path)
            check_values(status, _Status)
        except FileNotFoundError:
            return {}
        except ValueError as error:
            log.warning("%s: damaged (%s); the trial is repeated", show_name(path), error)
            return {}
        return status

    def mark(self, state: State, **facts: object) -> None:
        """Write the trial's status: its state and further facts."""
        write_json(self.path / STATUS, {"state": state, **facts})

    def mark_failed(self, error: str, traceback: str | None) -> None:
        """Write why the trial failed. The key of a finished training is kept."""
        trained = {name: value for name, value in self.status().items() if name == "key"}
        self.mark("failed", error=error, traceback=traceback, **trained)

    def write_history(self, history: Sequence[Epoch]) -> None:
        """Write one line per epoch."""
        with atomic_file(self.path / HISTORY) as temporary:
            pd.DataFrame([dataclasses.asdict(epoch) for epoch in history]).to_csv(temporary, index=False)

    def write_scores(self, scores: Scores) -> None:
        """Write the scores: one row per frame and condition. They may lack LABEL_COLUMNS, which are "" then."""
        with atomic_file(self.path / SCORES) as temporary:
            _add_labels(scores)[list(SCORE_COLUMNS)].to_parquet(temporary, index=False)

    def read_scores(self, *, compact: bool = False) -> Scores:
        """Return the scores. Columns that an earlier version did not write are NaN, or "" if they hold text.

        With `compact`, columns of text are categories, which need less time and memory.
        """
        options: dict[str, Any] = {"read_dictionary": TEXTS} if compact else {}
        try:
            scores = pd.read_parquet(self.path / SCORES, **options)
        except DAMAGE as error:
            raise DataError(f"{self.path / SCORES}: cannot be read ({one_line(error)}); run again") from error
        optional = (*VOLUME_COLUMNS, *LABEL_COLUMNS)
        lacking = [name for name in SCORE_COLUMNS if name not in (*optional, *scores.columns)]
        if lacking:
            raise DataError(f"{self.path / SCORES}: lacks the column {lacking[0]!r}; run again")
        missing = [name for name in VOLUME_COLUMNS if name not in scores.columns]
        return _add_labels(scores.assign(**dict.fromkeys(missing, np.nan)), compact=compact)

    def write_facts(self, facts: ModelFacts) -> None:
        """Write the facts about the trial's model: its size, speed and kind."""
        write_json(self.path / FACTS, dataclasses.asdict(facts))

    def read_facts(self) -> ModelFacts:
        """Return the facts about the trial's model."""
        try:
            return check_fields(ModelFacts(**read_json(self.path / FACTS)))
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{self.path / FACTS}: cannot be read ({error}); run again") from error

    def write_specimens(self, specimens: Sequence[Specimen]) -> None:
        """Write the example frames for the report, with their masks."""
        labels = [dataclasses.asdict(each) for each in specimens]
        arrays: dict[str, Any] = {
            f"{name}_NHW": np.stack([label.pop(name) for label in labels]) for name in _PICTURES
        }
        with atomic_file(self.path / SPECIMENS) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, labels=np.array(json.dumps(labels)), **arrays)

    def read_specimens(self) -> tuple[Specimen, ...]:
        """Return the example frames."""
        path = self.path / SPECIMENS
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                labels = json.loads(str(kept["labels"]))
                pictures = [kept[f"{name}_NHW"] for name in _PICTURES]
            return tuple(
                Specimen(
                    **{**label, "condition": Condition(**label["condition"])},
                    **dict(zip(_PICTURES, each, strict=True)),
                )
                for label, *each in zip(labels, *pictures, strict=True)
            )
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise DataError(f"{path}: cannot be read ({error}); run again") from error


def _add_labels(scores: Scores, *, compact: bool = False) -> Scores:
    """Return scores that have the columns LABEL_COLUMNS, as categories if `compact`."""
    missing = [name for name in LABEL_COLUMNS if name not in scores.columns]
    unknown = pd.Categorical([""]).repeat(len(scores)) if compact else ""
    return scores.assign(**dict.fromkeys(missing, unknown))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write indented JSON."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
