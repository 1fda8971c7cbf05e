"""From finished trials to one ranking and one report: of one run, or of several on the same data and noise.

A run ends here, and `lvzoo report` begins here: both read the same files, so both tell the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from lvzoo.errors import UsageError
from lvzoo.interfaces import NoiseSuite
from lvzoo.plugins import resolve
from lvzoo.rank.export import challenge_csv
from lvzoo.rank.ranking import rank
from lvzoo.registry import open_zoo
from lvzoo.report.html import fragment, write_report
from lvzoo.report.table import write_ranking_csv
from lvzoo.results import ModelFacts, Study
from lvzoo.run import FinishedRun, TrialFolder, digest, read_run
from lvzoo.types import SCORE_COLUMNS, Scores, Source

REPORT: Final = "report.html"
RANKING: Final = "ranking.csv"
TABLES: Final = "tables"
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
        """A row a model, best first: see `lvzoo.results.Ranking`, as for the other tables."""
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
    _refuse_others(found)
    first = found[0]
    folder = Path(out) if out else _place(found)
    finished = _finished(found)
    failed = {
        name: reason for run in found for name, reason in run.unfinished.items() if name not in finished
    }
    if not finished:
        scores = pd.DataFrame(columns=list(SCORE_COLUMNS))
        return Comparison(folder=folder, scores=scores, study=None, source=first.source, failed=failed)
    suite: NoiseSuite = resolve(open_zoo(registries=registries).noise(first.suite).factory)()
    scores = pd.concat([trial.read_scores() for trial in finished.values()], ignore_index=True)
    ranking = rank(
        scores,
        suite,
        models=_facts(found, finished),
        references=_references(first.source, reference),
        resamples=first.resamples,
    )
    study = Study(
        ranking=ranking,
        source=first.source,
        splits=first.splits,
        recipe=first.recipe,
        runs=tuple(run.path.name for run in found),
        computed=_computed(found),
        failed=failed,
        specimens=_specimens(finished) if frames else (),
    )
    write_tables(study, scores, suite, folder)
    write_report(study, folder / REPORT)
    return Comparison(folder=folder, scores=scores, study=study, source=first.source, failed=failed)


def write_tables(study: Study, scores: Scores, suite: NoiseSuite, folder: Path) -> None:
    """Write every table of a ranking as CSV, and its scores as challengeR reads them."""
    ranking = study.ranking
    tables = folder / TABLES
    tables.mkdir(parents=True, exist_ok=True)
    write_ranking_csv(ranking, folder / RANKING)
    for name in ("pairs", "response", "breaks", "contests"):
        getattr(ranking, name).to_csv(tables / f"{name}.csv", index=False)
    challenge_csv(scores, suite, tables / "challenge.csv")


def _place(runs: Sequence[FinishedRun]) -> Path:
    """Return where the report goes if nobody says: of several runs, the same ones find the same place."""
    if len(runs) == 1:
        return runs[0].path
    names = sorted(str(run.path.resolve()) for run in runs)
    return runs[0].path.parent / f"comparison-{digest(names)[:8]}"


def _refuse_others(runs: Sequence[FinishedRun]) -> None:
    """See that runs can be compared.

    Raises:
        UsageError: they cannot.
    """
    first = runs[0]
    for run in runs[1:]:
        for what, here, there in (
            ("data", f"{run.data} {run.fingerprint}", f"{first.data} {first.fingerprint}"),
            ("noise", f"{run.suite} {run.noise_digest}", f"{first.suite} {first.noise_digest}"),
            ("conditions", _briefly(run.conditions), _briefly(first.conditions)),
        ):
            if here != there:
                raise UsageError(
                    f"{run.path}: its {what} ({here}) are not those of {first.path} ({there}); models are only "
                    "ranked over the same frames under the same noise: report the runs apart"
                )


def _briefly(conditions: frozenset[str]) -> str:
    """Name conditions so that two selections differ in print exactly where they differ."""
    return f"{len(conditions)}: {', '.join(sorted(conditions))}"


def _finished(runs: Sequence[FinishedRun]) -> dict[str, TrialFolder]:
    """Return the finished trials by name; one that lies in several runs once.

    Raises:
        UsageError: a trial of one name was made from other settings or code in another run.
    """
    finished: dict[str, TrialFolder] = {}
    for run in runs:
        for name, trial in run.finished.items():
            other = finished.setdefault(name, trial)
            if other.status()["key"] != trial.status()["key"]:
                raise UsageError(
                    f"{name} was trained with other settings or code in {trial.path} than in {other.path}; "
                    "leave one of the runs out"
                )
    return finished


def _facts(runs: Sequence[FinishedRun], finished: Mapping[str, TrialFolder]) -> dict[str, ModelFacts]:
    """Return the facts of each model that finished; of its seeds, those of the first, with the median time."""
    facts: dict[str, ModelFacts] = {}
    for run in runs:
        for model in run.models:
            trials = [finished[name] for name in run.trials_of(model) if name in finished]
            if not trials or model in facts:
                continue
            of_seeds = [trial.read_facts() for trial in trials]
            times = pd.Series([each.ms_per_frame for each in of_seeds], dtype=float)
            facts[model] = dataclasses.replace(
                of_seeds[0],
                ms_per_frame=float(times.median()),
                own_recipe=run.trained_otherwise(model, runs[0].recipe),
            )
    return facts


def _references(source: Source, given: float | None) -> dict[str, float]:
    """Return the Dice levels of the break points, by name."""
    if given is not None:
        if not 0 < given < 1:
            raise UsageError(f"reference is {given}; it is a Dice between 0 and 1")
        return {f"Dice {given:.2f}": given}
    known = {} if source.reader_dice is None else {"tracing against truth": source.reader_dice}
    return {**known, f"Dice {FIXED_REFERENCE:.2f}": FIXED_REFERENCE}


def _computed(runs: Sequence[FinishedRun]) -> dict[str, str]:
    """Return hardware and versions; where runs differ, all that occur."""
    names = dict.fromkeys(name for run in runs for name in run.computed)
    return {
        name: "; ".join(dict.fromkeys(run.computed[name] for run in runs if name in run.computed))
        for name in names
    }


def _specimens(finished: Mapping[str, TrialFolder]) -> tuple[Any, ...]:
    """Return what is kept to be looked at, of each model's first seed."""
    first: dict[str, tuple[Any, ...]] = {}
    for trial in finished.values():
        kept = trial.read_specimens()
        if kept:
            first.setdefault(kept[0].model, kept)
    return tuple(specimen for kept in first.values() for specimen in kept)
