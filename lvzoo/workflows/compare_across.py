"""Compares the models of one run across data sets, from the runs below it and from the run's own scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lvzoo.interfaces import NoiseSuite
from lvzoo.rank.across import compare_sets
from lvzoo.rank.across_sets import SetScores, keep_dice
from lvzoo.rank.bootstrap import Bootstrap
from lvzoo.rank.grid import make_grid
from lvzoo.rank.patients import PatientScores, patient_scores
from lvzoo.run import FinishedRun
from lvzoo.trials.elsewhere import FoundElsewhere, read_elsewhere
from lvzoo.trials.variants import MergedTrial
from lvzoo.types import OptionValue
from lvzoo.types.across import AcrossResults
from lvzoo.types.results import Ranking


@dataclass(frozen=True, kw_only=True, slots=True)
class Across:
    """The comparison across data sets, None if there is nothing to show, and the trials that failed on other sets."""

    results: AcrossResults | None
    failed: Mapping[str, str]
    """The reasons, by trial and set ("unet-s0 on camus")."""
    data_options: Mapping[str, Mapping[str, OptionValue]]
    """The options with which each set was read, by its name, home first."""


def read_patients(trials: Iterable[MergedTrial], suite: NoiseSuite) -> PatientScores:
    """Return the scores of trials by patient. Their tables are read in turn, since together they take gigabytes."""
    return patient_scores(make_grid((trial.read_scores(compact=True) for trial in trials), suite), suite)


def compare_across(
    runs: list[FinishedRun], patients: PatientScores, suite: NoiseSuite, ranking: Ranking
) -> Across:
    """Return what ranked models reach on other data sets, and by picture quality.

    `patients` are the scores that the ranking was made from. Of several runs, none is looked into: they may have been
    tested on different sets.

    Raises:
        DataError: a run below the run is damaged.
    """
    [first, *more] = runs
    elsewhere = FoundElsewhere() if more else read_elsewhere(first)
    others = [
        SetScores(name=each.name, source=each.source, patients=keep_dice(read_patients(each.trials, suite)))
        for each in elsewhere.sets
    ]
    home = SetScores(name=first.source.name, source=first.source, patients=patients)
    bootstrap = Bootstrap(resamples=ranking.resamples, seed=ranking.bootstrap_seed)
    failed = {name: f"failed: {why}" for name, why in elsewhere.failed.items()}
    left_out = {**failed, **elsewhere.left_out}
    return Across(
        results=compare_sets(home, others, ranking, bootstrap, left_out=left_out),
        failed=elsewhere.failed,
        data_options={home.name: first.data_options, **{each.name: each.options for each in elsewhere.sets}},
    )
