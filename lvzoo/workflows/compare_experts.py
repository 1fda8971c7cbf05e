"""Sums up how the experts of a run's data sets agree, from the scores that the run and those below it hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lvzoo.rank.experts import sum_up_experts
from lvzoo.run import FinishedRun
from lvzoo.run.experts import read_experts
from lvzoo.trials.elsewhere import list_elsewhere
from lvzoo.types.experts import ExpertResults


@dataclass(frozen=True, kw_only=True, slots=True)
class Experts:
    """The experts of the data set that runs have in common, and those of other sets, by the names of these."""

    here: ExpertResults | None
    elsewhere: dict[str, ExpertResults] = field(default_factory=dict)


def compare_experts(runs: Sequence[FinishedRun]) -> Experts:
    """Return how the experts agree. As in `compare_across`, other sets are looked into for one run only.

    Raises:
        DataError: the experts' scores are damaged.
    """
    resamples = max(run.resamples for run in runs)
    here = next((found for run in runs if (found := _sum_up(run, resamples)) is not None), None)
    below = list_elsewhere(runs[0].path) if len(runs) == 1 else []
    elsewhere = {run.path.name: _sum_up(run, resamples) for run in below}
    return Experts(
        here=here, elsewhere={name: found for name, found in elsewhere.items() if found is not None}
    )


def _sum_up(run: FinishedRun, resamples: int) -> ExpertResults | None:
    scores = read_experts(run.path)
    return None if scores is None else sum_up_experts(scores, resamples=resamples)
