"""Ranks the finished trials of one run, or of several on the same data and noise, and writes the report.

Every run ends with this step, and `lvzoo report` repeats it. Both read the files of the run, so both give the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Final, get_args

import pandas as pd

from lvzoo.arguments import check_path
from lvzoo.errors import RunError, UsageError, name_some
from lvzoo.rank.ranking import order_by_ef, rank_patients
from lvzoo.registry import open_zoo
from lvzoo.report.html import fragment, write_report
from lvzoo.report.table import TABLES, write_tables
from lvzoo.run import describe_missing, read_run
from lvzoo.temporary import remove_leftovers
from lvzoo.trials.merge import (
    choose_report_folder,
    merge,
    merge_computed,
    merge_facts,
    merge_specimens,
    open_run_suite,
)
from lvzoo.trials.variants import MergedTrial
from lvzoo.types import SCORE_COLUMNS, Scores, Source
from lvzoo.types.results import Order, Study
from lvzoo.workflows.compare_across import compare_across, read_patients
from lvzoo.workflows.compare_experts import compare_experts
from lvzoo.workflows.seen import list_seen

REPORT: Final = "report.html"
NOTHING: Final = "nothing to rank: no trial finished"
MOST_REASONS: Final = 3
"""How many failed trials an error quotes."""
FIXED_REFERENCE: Final = 0.9
"""The Dice below which a response counts as broken. A data set may name a further level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The result of one or several runs.

    `study` is None if no trial finished, or if a shard of a run has ended before the others. `failed` has the reasons
    by trial, and `missing` says of each trial that is not done whether it has begun, or is being done now.
    """

    folder: Path
    """The folder of report.html, ranking.csv and the other tables."""
    study: Study | None = field(repr=False)
    source: Source = field(repr=False)
    failed: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    trials: int = 0
    """The number of trials that the runs have when they are done."""
    finished: tuple[MergedTrial, ...] = field(default=(), repr=False)
    """The trials that are ranked."""
    failed_elsewhere: Mapping[str, str] = field(default_factory=dict)
    """The reasons of trials that failed on another data set, by trial and set ("unet-s0 on camus")."""

    @property
    def scores(self) -> Scores:
        """One row per frame, condition, model and seed: `lvzoo.types.SCORE_COLUMNS`.

        The table is read from the files of the runs whenever it is asked for, since that of a large run takes
        gigabytes.
        """
        tables = [trial.read_scores() for trial in self.finished]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(SCORE_COLUMNS))

    @property
    def ranking(self) -> pd.DataFrame:
        """One row per model, best first. `lvzoo.types.results.Ranking` explains this and the other tables."""
        return self._table("table")

    @property
    def pairs(self) -> pd.DataFrame:
        """One row per pair of models."""
        return self._table("pairs")

    @property
    def response(self) -> pd.DataFrame:
        """One row per model, corruption and severity: Dice with its interval."""
        return self._table("response")

    @property
    def breaks(self) -> pd.DataFrame:
        """One row per model, corruption and reference: the severity at which the Dice falls below the reference."""
        return self._table("breaks")

    @property
    def contests(self) -> pd.DataFrame:
        """The best mask model against the best landmark model."""
        return self._table("contests")

    @property
    def ef(self) -> pd.DataFrame:
        """Agreement of the ejection fractions, one row per model and scope; `lvzoo.types.ejection` explains it.

        This and the next two are empty if no trial has ejection fractions. lvzoo is not a medical device.
        """
        return self._ejection_table("table")

    @property
    def ef_response(self) -> pd.DataFrame:
        """The same by model, corruption and severity."""
        return self._ejection_table("response")

    @property
    def ef_contests(self) -> pd.DataFrame:
        """The mask against the landmark model with the smallest error of the ejection fraction."""
        return self._ejection_table("contests")

    @property
    def experts(self) -> pd.DataFrame:
        """One row per expert who has traced the data set: see `lvzoo.types.experts`. Empty without experts."""
        experts = None if self.study is None else self.study.experts
        return pd.DataFrame() if experts is None else experts.table

    @property
    def across(self) -> pd.DataFrame:
        """One row per data set and model; `lvzoo.types.across.AcrossResults` explains this and the next three.

        All are empty if the models were tested on no other data set, and no picture has a quality.
        """
        return self._across_table("table")

    @property
    def across_contests(self) -> pd.DataFrame:
        """The mask and the landmark model that lead at home, on each data set."""
        return self._across_table("contests")

    @property
    def across_qualities(self) -> pd.DataFrame:
        """Dice by data set, picture quality and model."""
        return self._across_table("qualities")

    @property
    def across_orders(self) -> pd.DataFrame:
        """Whether the order at home tells the order on other data sets and on poor pictures."""
        return self._across_table("orders")

    @property
    def report(self) -> Path:
        """The path of the report, one HTML file."""
        return self.folder / REPORT

    @property
    def missing_line(self) -> str:
        """Which trials are missing, and what to do, in words; "" if none are."""
        return describe_missing(self.missing, self.trials) if self.missing else ""

    def check_any_finished(self) -> Comparison:
        """Return this result of a run that has just ended.

        Raises:
            RunError: every trial failed.
        """
        if self.study is None and not self.missing:
            what = "every trial failed" if len(self.failed) > 1 else "its trial failed"
            raise make_run_error(f"{self.folder}: {what}", self.failed)
        return self

    def _table(self, name: str) -> pd.DataFrame:
        if self.study is None:
            return pd.DataFrame()
        table: pd.DataFrame = getattr(self.study.ranking, name)
        return table

    def _ejection_table(self, name: str) -> pd.DataFrame:
        ejection = None if self.study is None else self.study.ranking.ejection
        return pd.DataFrame() if ejection is None else getattr(ejection, name)

    def _across_table(self, name: str) -> pd.DataFrame:
        across = None if self.study is None else self.study.across
        return pd.DataFrame() if across is None else getattr(across, name)

    def _repr_html_(self) -> str:
        """Show the ranking in a notebook."""
        if self.study is None:
            return f"<p>{escape(self.missing_line or NOTHING)}</p>"
        return fragment(self.study)


def compare(
    *runs: str | Path,
    reference: float | None = None,
    out: str | Path | None = None,
    frames: bool = True,
    registries: Sequence[Path] = (),
    by: Order = "headline",
) -> Comparison:
    """Rank all finished trials of one or several runs, and write the report and its tables.

    Runs must share the data's fingerprint, the suite and the conditions. A trial that several runs contain counts
    once.

    Args:
        runs: folders that `lvzoo bench` wrote.
        reference: a model breaks at the severity where its Dice falls below this level. The default is two levels:
            0.90, and the Dice of the tracings against the truth, if it is known (on a phantom). Beside them, there is
            always the severity at which a model has lost 5 % of its own clean Dice.
        out: the folder to write to. By default it is the run's own; for several runs, a new one beside the first.
        frames: whether the report shows test frames, and so contains pictures of the data set.
        registries: further registry.yaml files, which may be needed to find the suite.
        by: how the rows are ordered: by the "headline", or by "ef", the error of the ejection fraction under noise.
            Ranks, groups and verdicts are always those of the headline.

    Raises:
        DataError: a folder holds no run, a file is damaged, or the trials were not scored on the same frames.
        UsageError: the runs differ in data, suite or conditions, or contain two versions of a model; or they are to
            be ordered by ejection fractions that no trial has.
    """
    if by not in get_args(Order):
        raise UsageError(f"by: no order {by!r}; use 'headline' or 'ef'")
    if not runs:
        raise UsageError("no run was given; name a folder that `lvzoo bench` wrote")
    for run in runs:
        check_path(run, "run")
    found = [read_run(run) for run in runs]
    first = found[0]
    trials = merge(found)
    folder = choose_report_folder(found, out, REPORT)
    done = {trial.name for trial in trials}
    failed = {name: reason for run in found for name, reason in run.failed.items() if name not in done}
    missing = {name: reason for run in found for name, reason in run.missing.items() if name not in done}
    result = Comparison(
        folder=folder,
        study=None,
        source=first.source,
        failed=failed,
        missing=missing,
        trials=len({*done, *failed, *missing}),
    )
    if not trials:
        return result
    models = merge_facts(trials, first.recipe)
    suite = open_run_suite(first, open_zoo(registries=registries))
    patients = read_patients(trials, suite)
    ranking = rank_patients(
        patients,
        suite,
        models=models,
        references=_choose_references(first.source, reference),
        resamples=max(run.resamples for run in found),
    )
    ranking = replace(ranking, warnings=(*list_seen(found), *ranking.warnings))
    across = compare_across(found, patients, suite, ranking)
    experts = compare_experts(found)
    study = Study(
        ranking=order_by_ef(ranking) if by == "ef" else ranking,
        source=first.source,
        splits=first.splits,
        recipe={} if all(each.origin == "foreign" for each in models.values()) else first.recipe,
        noise_digest=first.noise_digest,
        runs=tuple(run.path.name for run in found),
        computed=merge_computed(found),
        failed=failed,
        missing=result.missing_line,
        specimens=merge_specimens(trials) if frames else (),
        across=across.results,
        data_options=across.data_options,
        experts=experts.here,
        experts_elsewhere=experts.elsewhere,
    )
    remove_leftovers(folder, folder / TABLES)
    write_tables(study, folder)
    write_report(study, folder / REPORT)
    return replace(result, finished=trials, study=study, failed_elsewhere=across.failed)


def make_run_error(what: str, failed: Mapping[str, str]) -> RunError:
    """Return the error for a run without a result; after saying what failed, it quotes the first few reasons."""
    reasons = name_some(
        [f"{name}: {reason}" for name, reason in failed.items()], MOST_REASONS, separator="; "
    )
    return RunError(f"{what}: {reasons} (each trial's status.json has the traceback)", failed)


def _choose_references(source: Source, given: float | None) -> dict[str, float]:
    """Return the Dice levels of the break points, by name."""
    if given is not None:
        if not 0 < given < 1:
            raise UsageError(f"reference is {given}; name a Dice between 0 and 1")
        return {f"Dice {given:.2f}": given}
    known = {} if source.reader_dice is None else {"tracing against truth": source.reader_dice}
    return {**known, f"Dice {FIXED_REFERENCE:.2f}": FIXED_REFERENCE}
