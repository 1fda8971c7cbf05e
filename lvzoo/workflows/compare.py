"""From finished trials to one ranking and one report: of one run, or of several on the same data and noise.

A run ends here, and `lvzoo report` begins here: both read the same files, so both tell the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from lvzoo.errors import UsageError
from lvzoo.rank.ranking import rank
from lvzoo.registry import open_zoo
from lvzoo.report.html import fragment, write_report
from lvzoo.report.table import write_tables
from lvzoo.run import read_run
from lvzoo.trials.merge import (
    computed_with,
    facts_of_models,
    merge,
    place_of_report,
    specimens_of_models,
    suite_of,
)
from lvzoo.types import SCORE_COLUMNS, Scores, Source
from lvzoo.types.results import Study

REPORT: Final = "report.html"
FIXED_REFERENCE: Final = 0.9
"""The Dice below which a response counts as broken where the data set names no level of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What a run, or several, end in. `study` is None where no trial finished; `failed` says why one did not."""

    folder: Path
    """Where report.html, ranking.csv and the other tables lie."""
    scores: Scores = field(repr=False)
    """A row a frame, condition, model and seed: `lvzoo.types.SCORE_COLUMNS`."""
    study: Study | None = field(repr=False)
    source: Source = field(repr=False)
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def ranking(self) -> pd.DataFrame:
        """A row a model, best first: see `lvzoo.types.results.Ranking`, as for the other tables."""
        return self._table("table")

    @property
    def pairs(self) -> pd.DataFrame:
        """A row a pair of models."""
        return self._table("pairs")

    @property
    def response(self) -> pd.DataFrame:
        """A row a model, corruption and severity: Dice with its interval."""
        return self._table("response")

    @property
    def breaks(self) -> pd.DataFrame:
        """A row a model, corruption and reference: the severity at which Dice falls below it."""
        return self._table("breaks")

    @property
    def contests(self) -> pd.DataFrame:
        """The best mask against the best landmark model."""
        return self._table("contests")

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.folder / REPORT

    def _table(self, name: str) -> pd.DataFrame:
        if self.study is None:
            return pd.DataFrame()
        table: pd.DataFrame = getattr(self.study.ranking, name)
        return table

    def _repr_html_(self) -> str:
        """Show the ranking in a notebook."""
        return "<p>nothing to rank: no trial finished</p>" if self.study is None else fragment(self.study)


def compare(
    *runs: str | Path,
    reference: float | None = None,
    out: str | Path | None = None,
    frames: bool = True,
    registries: Sequence[Path] = (),
) -> Comparison:
    """Rank all finished trials of one run or several, and write the report and its tables.

    Runs are compared on the same frames only: their data fingerprint, suite and conditions must agree. A trial
    that lies in two of them is taken once.

    Args:
        runs: folders that `lvzoo bench` wrote.
        reference: the Dice whose loss is a break point; by default that of the tracings against the truth where
            it is known (on a phantom), and 0.90.
        out: where to write; by default into the run's own folder, or, of several, into a new one beside the first.
        frames: whether the report shows test frames (and so holds pictures of the data set).
        registries: further registry.yaml files, for a suite that only they can find.

    Raises:
        DataError: a folder holds no run, a file is damaged, or the trials were not scored on the same frames.
        UsageError: the runs have other data, suites or conditions, or one trial in two versions.
    """
    if not runs:
        raise UsageError("no run was given; name a folder that `lvzoo bench` wrote")
    found = [read_run(run) for run in runs]
    first = found[0]
    trials = merge(found)
    folder = place_of_report(found, out, REPORT)
    done = {trial.name for trial in trials}
    failed = {name: reason for run in found for name, reason in run.unfinished.items() if name not in done}
    if not trials:
        scores = pd.DataFrame(columns=list(SCORE_COLUMNS))
        return Comparison(folder=folder, scores=scores, study=None, source=first.source, failed=failed)
    scores = pd.concat([trial.folder.read_scores() for trial in trials], ignore_index=True)
    ranking = rank(
        scores,
        suite_of(first, open_zoo(registries=registries)),
        models=facts_of_models(trials, first.recipe),
        references=_references(first.source, reference),
        resamples=max(run.resamples for run in found),
    )
    study = Study(
        ranking=ranking,
        source=first.source,
        splits=first.splits,
        recipe=first.recipe,
        noise_digest=first.noise_digest,
        runs=tuple(run.path.name for run in found),
        computed=computed_with(found),
        failed=failed,
        specimens=specimens_of_models(trials) if frames else (),
    )
    write_tables(study, folder)
    write_report(study, folder / REPORT)
    return Comparison(folder=folder, scores=scores, study=study, source=first.source, failed=failed)


def _references(source: Source, given: float | None) -> dict[str, float]:
    """Return the Dice levels of the break points, by name."""
    if given is not None:
        if not 0 < given < 1:
            raise UsageError(f"reference is {given}; it is a Dice between 0 and 1")
        return {f"Dice {given:.2f}": given}
    known = {} if source.reader_dice is None else {"tracing against truth": source.reader_dice}
    return {**known, f"Dice {FIXED_REFERENCE:.2f}": FIXED_REFERENCE}
