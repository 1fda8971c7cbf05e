"""Scores the models of a run on further data sets, each in a run folder of its own below the run.

The data sets are opened before anything is trained, so that a mistake shows at once. A model is scored on them as
`lvzoo eval` does it. Nothing of this changes what the run itself trains, and a set can be added later.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lvzoo.arguments import list_paths
from lvzoo.errors import UsageError
from lvzoo.registry import Zoo
from lvzoo.run import FinishedRun, digest, read_run
from lvzoo.trials.digest import network_code, scoring_code
from lvzoo.trials.elsewhere import ALSO, list_elsewhere
from lvzoo.trials.names import as_folder_name, name_models
from lvzoo.trials.plan import Plan
from lvzoo.trials.prepare import RunData, open_data
from lvzoo.trials.request import OnEvent, RunOptions, RunRequest
from lvzoo.trials.results import has_results, make_scores_key
from lvzoo.types import CLEAN, Event, OptionValue, Source, Split
from lvzoo.weights.trained import find_trained
from lvzoo.workflows.compare import REPORT, compare
from lvzoo.workflows.seen import Seen, find_seen, keep_seen

log = logging.getLogger(__name__)

DIGITS: Final = 6
"""How many digits of a fingerprint tell two sets of one name apart if the names of their folders do not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherSet:
    """A further data set: its folder, its own data options, and the source of its test frames."""

    folder: Path
    options: Mapping[str, OptionValue]
    source: Source
    seen: Seen
    """Its test frames that the run trains on."""


def open_others(zoo: Zoo, request: RunRequest, phantom_size: str, on_event: OnEvent) -> tuple[OtherSet, ...]:
    """Return the further data sets of a request. One that is named twice is returned once.

    Their test frames are decoded, and cached, so that whatever is wrong with them shows before the training. A
    warning names those that the run trains on. `phantom_size` is that of the run's own data, if they are a phantom.

    Raises:
        DataError: lvzoo cannot read a folder as a data set, or a file is damaged.
    """
    found: dict[str, tuple[Path, RunData]] = {}
    for folder in list_paths(request.also, "also"):
        asked = RunRequest(
            call="score", data=folder, data_options=request.data_options, registries=request.registries
        )
        data = open_data(zoo, asked, phantom_size="", splits=("test",), on_event=on_event)
        found.setdefault(data.test.source.fingerprint, (Path(folder), data))
    if not found:
        return ()
    home = open_data(zoo, request, phantom_size=phantom_size, splits=("train", "val"), on_event=on_event)
    return tuple(_compare_frames(home, folder, data) for folder, data in found.values())


def _compare_frames(home: RunData, folder: Path, data: RunData) -> OtherSet:
    """Return a further data set, and warn if the run trains on its test frames."""
    seen = find_seen(home.splits.values(), data.test)
    if seen.frames:
        log.warning("also: %s", seen.describe(str(folder)))
    return OtherSet(folder=folder, options=data.options, source=data.test.source, seen=seen)


def check_others(home: Mapping[Split, str], others: Sequence[OtherSet]) -> None:
    """Check that no further data set has the frames of a split of the run itself, whose fingerprints are given.

    Raises:
        UsageError: one has them.
    """
    for other in others:
        for split, fingerprint in home.items():
            if other.source.fingerprint == fingerprint:
                raise UsageError(
                    f"also: the test frames of {other.folder} are the {split} frames of the run itself; leave it "
                    "out, or name another data set"
                )


def score_others(run: Path, others: Sequence[OtherSet], plan: Plan, options: RunOptions) -> None:
    """Score the finished trials of a run on further data sets. Those that have their scores are not scored again.

    As long as trials of other shards are missing, nothing is done: the last shard scores all trials.
    """
    if not others:
        return
    home = read_run(run)
    if home.missing or not home.finished:
        return
    options = replace(options, shard=None, listeners=())  # listeners hear of the training only
    request = _make_request(plan)
    for other, folder in zip(others, _choose_folders(home, others), strict=True):
        if _is_scored(home, folder, other.source, plan):
            if keep_seen(folder, other.seen) or not (folder / REPORT).is_file():
                compare(folder, frames=options.frames, registries=request.registries)
            continue
        from lvzoo.workflows.score import run_score  # it imports torch

        options.on_event("", Event(step="also", done=0, total=1, text=folder.name))
        trials = [trial.path for trial in home.finished.values()]
        asked = replace(request, data=other.folder, data_options=other.options, out=folder)
        run_score(trials, asked, options, renew=True)
        if keep_seen(folder, other.seen):  # its report must say so, too
            compare(folder, frames=options.frames, registries=request.registries)
        options.on_event("", Event(step="also", done=1, total=1))


def _make_request(plan: Plan) -> RunRequest:
    """Return the request to score models as a plan tests them; it lacks the data and the folder."""
    noisy = [each for each in plan.noise.conditions if each != CLEAN]
    return RunRequest(
        call="score",
        noise=plan.request.noise,
        corruptions=tuple(dict.fromkeys(each.corruption for each in noisy)),
        severities=tuple(sorted({each.severity for each in noisy})) or None,
        resamples=plan.size.resamples,
        registries=plan.request.registries,
    )


def _choose_folders(home: FinishedRun, others: Sequence[OtherSet]) -> list[Path]:
    """Return the folder of each set: the one that it has already, or a new one that is named after it.

    The same frames are the same set, whatever their folder is called now. Sets of one name are told apart by the
    names of their folders, or of the folders above, and if these are equal too, by their fingerprints.
    """
    found = [home, *list_elsewhere(home.path)]
    taken = {_name_set(each, home): each.source.fingerprint for each in found}
    for other in others:
        own = other.source.fingerprint
        if own in taken.values():
            continue
        name, folder = _make_name(other.source.name), other.folder.resolve()
        above = (_make_name(each) for each in (folder.name, folder.parent.name))
        place = f"{name}-{next((each for each in above if each != name), 'set')}"
        names = (name, place, f"{place}-{own[:DIGITS]}")
        taken[next(each for each in names if each not in taken)] = own
    folder_of = {own: name for name, own in taken.items()}
    return [home.path / ALSO / folder_of[other.source.fingerprint] for other in others]


def _make_name(text: str) -> str:
    """Return the name of a data set as the name of a folder.

    >>> _make_name("camus"), _make_name("../x")
    ('camus', '_x')
    """
    return as_folder_name(text).replace("/", "_").lstrip(".") or "set"


def _name_set(run: FinishedRun, home: FinishedRun) -> str:
    """Return the name of a run's data set in tables: that of its folder, or of the data if it is the run itself."""
    return home.source.name if run is home else run.path.name


# --- What is scored already -------------------------------------------------------------------------------------


def _is_scored(home: FinishedRun, folder: Path, source: Source, plan: Plan) -> bool:
    """Return whether a run below another has the scores of all of its finished trials, under the same noise.

    This imports no torch, so that a repeated command shows a finished run at once.
    """
    if not (folder / "run.json").is_file():
        return False
    run = read_run(folder)
    if (run.resamples, run.source.fingerprint) != (plan.size.resamples, source.fingerprint):
        return False
    if set(run.finished) != set(home.finished) or set(run.model_of) != set(home.finished):
        return False
    paths = [trial.path for trial in home.finished.values()]
    models = [find_trained(path, registries=plan.request.registries) for path in paths]
    code, noise = scoring_code(), plan.noise
    for each in name_models(models):
        trial = each.model.as_trial(each.name)
        weights = digest([each.model.digest, network_code(each.model.entry.family)])
        key = make_scores_key(
            trial,
            test_fingerprint=source.fingerprint,
            noise_digest=noise.digest,
            conditions=noise.conditions,
            scoring_code=code,
            weights_digest=weights,
        )
        if trial.name not in run.finished or not has_results(
            run.finished[trial.name], key, has_weights=False
        ):
            return False
    return True
