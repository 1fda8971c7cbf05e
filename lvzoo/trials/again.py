"""Finds the run of a plan if all its trials are finished, so that a repeated command shows it at once.

Nothing here imports torch, which takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lvzoo.errors import DataError
from lvzoo.registry import Zoo
from lvzoo.run import RunFolder
from lvzoo.run.settings import describe_difference
from lvzoo.trials.command import RUNS
from lvzoo.trials.digest import scoring_code
from lvzoo.trials.plan import Plan
from lvzoo.trials.prepare import open_data
from lvzoo.trials.request import OnEvent
from lvzoo.trials.results import has_results, make_scores_key
from lvzoo.types import SPLITS


def find_finished(zoo: Zoo, plan: Plan, on_event: OnEvent) -> RunFolder | None:
    """Return the run of a plan if all its trials are finished and its data are the same as then; otherwise None."""
    data = None
    for run, known in _find_runs(plan):
        if not all(_list_finished(run, known, plan)):
            continue
        if data is None:
            size = plan.size.phantom_size
            data = open_data(zoo, plan.request, phantom_size=size, splits=SPLITS, on_event=on_event)
        if known["settings"]["data"]["fingerprint"] == data.fingerprint:
            return run
    return None


def _find_runs(plan: Plan) -> Iterator[tuple[RunFolder, Mapping[str, Any]]]:
    """Yield the runs that have the settings of a plan, apart perhaps from the data, and their run.json."""
    out = plan.request.out
    for path in [Path(out)] if out else sorted(RUNS.glob(f"{plan.name_prefix}-*")):
        run = RunFolder(path=path)
        try:
            known = run.read()
            data = known["settings"]["data"]
            settings = plan.settings(data["name"], data["fingerprint"])
            known["data"]["test"]["fingerprint"]
        except (DataError, LookupError, TypeError):  # none, or of an earlier version
            continue
        if describe_difference(known["settings"], settings) is None and (
            out or path.name == plan.run_name(settings)
        ):
            yield run, known


def _list_finished(run: RunFolder, known: Mapping[str, Any], plan: Plan) -> Iterator[bool]:
    """Yield of each trial whether it is finished, by the data that the run was made with."""
    code = scoring_code()
    for trial in plan.trials(known["settings"]["data"]["fingerprint"]):
        key = make_scores_key(
            trial,
            test_fingerprint=known["data"]["test"]["fingerprint"],
            noise_digest=plan.noise.digest,
            conditions=plan.noise.conditions,
            scoring_code=code,
        )
        yield has_results(run.trial(trial.name), key, has_weights=True)
