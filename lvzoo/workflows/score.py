"""Scores trained models under noise, without training, and ranks them.

`lvzoo.score` is the same as the command `lvzoo eval`. Its run folder is like that of a benchmark, but its trials have
scores and no weights.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from lvzoo.arguments import list_paths
from lvzoo.device import choose_device, choose_precision, describe
from lvzoo.errors import PluginError, show_name
from lvzoo.phantom.dataset import shows_same_pictures
from lvzoo.registry import Zoo, open_zoo
from lvzoo.run import RunFolder, digest
from lvzoo.trials.command import RUNS
from lvzoo.trials.experts import keep_expert_scores
from lvzoo.trials.job import make_job
from lvzoo.trials.names import NamedModel, name_models
from lvzoo.trials.perform import perform
from lvzoo.trials.plan import entry_settings
from lvzoo.trials.prepare import (
    NoisePlan,
    digest_patients,
    make_noise,
    open_data,
    plan_noise,
    settle_data_options,
)
from lvzoo.trials.presets import PRESETS
from lvzoo.trials.request import OnEvent, RunOptions, RunRequest, fill_records, ignore_event
from lvzoo.types import FrameSet, OptionValue, Recipe, Source
from lvzoo.types.results import Origin
from lvzoo.weights import Calibration, TrainedOn
from lvzoo.weights.calibration import name_data
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import TrainedModel, find_trained
from lvzoo.workflows.compare import Comparison
from lvzoo.workflows.finish import finish

DEFAULTS: Final = PRESETS["quick"]
"""The preset whose phantom size and number of resamples are the defaults."""


def score(
    models: str | Path | Sequence[str | Path],
    *,
    data: str | Path | None = None,
    data_options: Mapping[str, OptionValue] | None = None,
    noise: str = "noise-v1",
    corruptions: str | Sequence[str] | None = None,
    severities: int | Sequence[int] | None = None,
    resamples: int | None = None,
    phantom_size: str | None = None,
    phantom_seed: int | None = None,
    shift: str | None = None,
    out: str | Path | None = None,
    frames: bool = True,
    registries: Sequence[Path] = (),
    device: str = "auto",
    executor: str = "process",
    jobs: int | None = None,
    per_gpu: int = 1,
    threads: int = 1,
    address: str | None = None,
    shared: bool = False,
    shard: str | None = None,
    on_event: OnEvent = ignore_event,
    listeners: Sequence[object] = (),
) -> Comparison:
    """Score trained models on the test frames of a data set under noise, and rank them; nothing is trained.

    In the ranking, a model has the name of its entry, with `-calibrated` if its border was calibrated. Models that
    share a name count as its training seeds if they differ in nothing else; otherwise each has the name of its file
    or of its trial's folder. The warnings of the ranking say what each model was trained on, and on what it was
    calibrated. A model is marked if it is not known to be trained on the train split of this data set.

    Args:
        models: one or several. Each is what `lvzoo.load` takes: a trial's folder, a weights file, an entry that
            carries weights, or a model on the Hugging Face hub.
        data: a folder in a layout that lvzoo knows, whose test split is the only one that is read; None: a phantom.
        data_options: options of the data set's layout, such as {"camus.view": "2CH"}.
        noise: the suite of corruptions. `corruptions` and `severities` select from it; () means clean frames only.
        resamples: the number of resamples of the bootstrap over patients.
        phantom_size: smoke, quick, small, full, beats, or transfer and transfer-beats: 100 patients to test on.
        phantom_seed: the seed of the synthetic patients.
        shift: draws the phantom from shifted ranges ("gain", "depth", ...), to measure transfer.
        out: the run's folder; by default below `runs/`, so that the same call finds its run again.
        frames: whether the report shows test frames, and so contains pictures of the data set.
        registries: further registry.yaml files.
        device: auto, cpu or cuda.
        executor: process (a child for each model), inline, or ray (on a Ray cluster).
        jobs: how many models run at once; None: one for each processor or GPU, if the memory is enough.
        per_gpu: how many of them share a GPU.
        threads: with how many threads each computes on the CPU. Numbers do not depend on `jobs`, but their last bits
            may depend on `threads`.
        address, shared: as in `lvzoo.bench`.
        shard: score only every n-th model ("2/5"), for array jobs; as in `lvzoo.bench`.
        on_event: called with a trial's name ("" for common steps) and an `Event`.
        listeners: objects with `lvzoo_trial_finished`, marked with `lvzoo.hookimpl`.

    Raises:
        RunError: every model failed on the frames. If only some fail, the others are ranked, and the result's
            `failed` says why.
        LvzooError: a mistake in the arguments, the models or the data.
    """
    given = {name: value for name, value in locals().items() if name != "models"}
    return run_score(models, *fill_records("score", given)).check_any_finished()


def run_score(
    models: str | Path | Sequence[str | Path],
    request: RunRequest,
    options: RunOptions,
    *,
    renew: bool = False,
) -> Comparison:
    """Score models for a request: the steps in the order in which they happen.

    With `renew`, a run in the folder may have other models, which are replaced.
    """
    executor = options.choose_executor()
    zoo = open_zoo(registries=request.registries)
    request = settle_data_options(zoo, request)
    noise, device = plan_noise(zoo, request), choose_device(options.device)
    wanted = list_paths(models, "models")
    named = name_models([find_trained(model, registries=request.registries) for model in wanted])
    check_weights(zoo, named)
    if request.out:
        RunFolder(path=Path(request.out)).check_free()
    size = request.phantom_size or DEFAULTS.phantom_size
    data = open_data(zoo, request, phantom_size=size, splits=("test",), on_event=options.on_event)
    settings = _make_settings(named, data.test, noise, request.resamples or DEFAULTS.resamples)
    name = f"eval-{data.test.source.name}-{digest(settings)[:8]}"
    run = RunFolder(path=Path(request.out) if request.out else RUNS / name)
    facts = {
        "computed": describe(device, choose_precision(device), threads=options.threads),
        "files": {each.model.as_trial(each.name).name: show_name(each.model.stem) for each in named},
        **_name_sources(named),
        **data.facts(),
    }
    run.start(settings, facts, renew=renew)
    keep_expert_scores(data, run.path, options.on_event)
    make_noise(data.test, noise, options.on_event)
    make = partial(make_job, data=data, noise=noise, run=run, device=device, threads=options.threads)
    jobs = [make(each.model.as_trial(each.name), trained=each.model) for each in options.part.take(named)]
    perform(jobs, run, executor, zoo, options)
    return finish(run.path, [job.name for job in jobs], options, registries=request.registries)


def check_weights(zoo: Zoo, models: Sequence[NamedModel]) -> None:
    """Read the weights of every model of a bundled plugin, to find damaged files before the run starts.

    Raises:
        PluginError: a model's plugin lacks a module.
        DataError: a file is damaged, or of another model.
    """
    bundled = {plugin.name for plugin in zoo.plugins if plugin.bundled}
    for each in models:
        if missing := zoo.missing(each.model.entry):
            raise PluginError(f"{each.model.named} needs {', '.join(missing)}; install it, or leave it out")
        if each.model.entry.plugin in bundled:
            read_model(each.model.located)


def _name_sources(models: Sequence[NamedModel]) -> dict[str, dict[str, str]]:
    """Return where the models of each trial come from, for those from the hub, with the commit."""
    sources = {each.model.as_trial(each.name).name: each.model.hub for each in models}
    named = {trial: str(hub) for trial, hub in sources.items() if hub is not None}
    return {"sources": named} if named else {}


# --- Settings: what decides a number ----------------------------------------------------------------------------


def _make_settings(
    models: Sequence[NamedModel], test: FrameSet, noise: NoisePlan, resamples: int
) -> Mapping[str, Any]:
    """Return everything that decides a number of the run.

    Its recipe is the one that most models share; the ranking marks models with another one. If several recipes are
    equally common, the first by its content is used, whatever the order of the models. A model that was trained
    elsewhere has none; if all are, the standard recipe stands in its place, and all are marked.
    """
    trained = [each.model.card for each in models if not each.model.card.trained_on.elsewhere]
    recipes = Counter(
        json.dumps(dataclasses.asdict(recipe)) for recipe in [card.recipe for card in trained] or [Recipe()]
    )
    shared = min(recipes, key=lambda recipe: (-recipes[recipe], recipe))
    entries: dict[str, dict[str, Any]] = {}
    for each in models:
        name = each.shown_name
        entry = entries.setdefault(name, {"model": name, **_make_entry_settings(each.model, test)})
        entry["seeds"].append(each.model.card.seed)
        entry["weights"].append(each.model.digest)
    return {
        "data": {"name": test.source.name, "test": test.source.fingerprint},
        "entries": entries,
        "recipe": json.loads(shared),
        **noise.settings(),
        "resamples": resamples,
    }


def _make_entry_settings(model: TrainedModel, test: FrameSet) -> dict[str, Any]:
    trained_on, moved = model.card.trained_on, model.card.calibration
    calibrated = {"data": name_data(moved), "seen": _has_moved_to(moved, test)} if moved is not None else None
    return {
        **entry_settings(model.entry, model.card.recipe),
        **({"trainer": "not known: trained elsewhere"} if trained_on.elsewhere else {}),
        "trained_on": {"data": str(trained_on), "origin": _find_origin(trained_on, test)},
        **({} if calibrated is None else {"calibrated_on": calibrated}),
        "seeds": [],
        "weights": [],
    }


def _find_origin(trained_on: TrainedOn, test: FrameSet) -> Origin:
    """Return how the data that a model was trained on are related to the test frames, as far as it can be seen.

    The fingerprints of the splits show it. The patients of a phantom are known by their names, which are drawn for
    its seed. So they are recognised if other frames of them are traced, or if another processor drew their pictures.
    """
    if trained_on.elsewhere:
        return "foreign"
    known = {split: {counts.fingerprint, counts.names} for split, counts in trained_on.splits.items()}
    tested = _identify(test, trained_on)
    if any(tested & known.get(split, set()) for split in ("train", "val")):
        return "seen"
    return "here" if tested & known.get("test", set()) else "elsewhere"


def _has_moved_to(moved: Calibration, test: FrameSet) -> bool:
    """Return whether the frames of a calibration were chosen from the test frames, as far as it can be seen."""
    return bool({moved.fingerprint, moved.names} & _identify(test, moved))


def _identify(test: FrameSet, data: TrainedOn | Calibration) -> set[str]:
    """Return what the test frames are known by, in the card of a model that has seen some data."""
    tested = {test.source.fingerprint}
    if data.synthetic and test.source.synthetic and _is_same_phantom(data, test.source):
        tested.add(digest_patients(test.patients))
    return tested


def _is_same_phantom(data: TrainedOn | Calibration, test: Source) -> bool:
    return data.version == test.version and shows_same_pictures(data.name, test.name)
