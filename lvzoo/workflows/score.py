"""Trained models under noise, without training: scored on anyone's test frames, and ranked where they are several.

`lvzoo.score` is the same as the command `lvzoo eval`. Its run folder is read like that of a benchmark; its trials
hold scores and no weights.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lvzoo.device import choose_device, choose_precision, describe
from lvzoo.errors import PluginError, UsageError
from lvzoo.registry import Zoo, open_zoo
from lvzoo.run import RunFolder, digest
from lvzoo.trials.command import RUNS
from lvzoo.trials.execute import choose_executor, refuse_unguarded_script
from lvzoo.trials.job import make_job
from lvzoo.trials.names import Contestant, name_contestants
from lvzoo.trials.perform import perform
from lvzoo.trials.prepare import (
    NoisePlan,
    make_noise,
    open_data,
    plan_noise,
    refuse_data_and_phantom,
)
from lvzoo.trials.presets import PRESETS
from lvzoo.trials.request import OnEvent, RunOptions, RunRequest, ignore_event
from lvzoo.types import Recipe, Source
from lvzoo.types.results import Origin
from lvzoo.weights import TrainedOn
from lvzoo.weights.locate import Located
from lvzoo.weights.network import read_model
from lvzoo.weights.trained import TrainedModel, find_trained
from lvzoo.workflows.compare import Comparison, compare

USUAL: Final = PRESETS["quick"]
"""Whose size of the phantom and number of resamples are taken where none is given."""


def score(
    models: str | Path | Sequence[str | Path],
    *,
    data: str | Path | None = None,
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
    on_event: OnEvent = ignore_event,
    listeners: Sequence[object] = (),
) -> Comparison:
    """Score trained models on the test frames of a data set under noise, and rank them; nothing is trained.

    In the ranking a model has its entry's name. Several of one name are its training seeds where they differ in
    nothing else; otherwise each is called as its file or its trial's folder. What each was trained on stands in the
    ranking's warnings, and who is not known to be trained on the train split of this data set is marked.

    Args:
        models: one or several: a trial's folder, a weights file, or an entry that carries weights.
        data: a folder in a layout that lvzoo knows, of which only the test split is read; where None, the phantom.
        noise: the suite of corruptions; `corruptions` and `severities` select from it, () leaves clean frames.
        resamples: of the bootstrap over patients.
        phantom_size: smoke, quick, small, full, beats, or transfer and transfer-beats: 100 patients to test on.
        phantom_seed: another seed is another set of synthetic patients.
        shift: a phantom that is drawn from shifted ranges ("gain", "depth", ...), to measure transfer.
        out: the run's folder; by default below `runs/`, so that the same call finds its run again.
        frames: whether the report shows test frames (and so holds pictures of the data set).
        registries: further registry.yaml files.
        device: auto, cpu or cuda.
        executor: process (a child for each model) or inline.
        on_event: called with a trial's name ("" for common steps) and an `Event`.
        listeners: objects with `lvzoo_trial_finished`, marked with `lvzoo.hookimpl`.

    Raises:
        LvzooError: a mistake in the arguments, the models or the data. A model that fails on the frames is no error:
            see `failed`.
    """
    request = RunRequest(
        call="score",
        data=data,
        noise=noise,
        corruptions=corruptions,
        severities=severities,
        resamples=resamples,
        phantom_size=phantom_size,
        phantom_seed=phantom_seed,
        shift=shift,
        out=out,
        registries=registries,
    )
    options = RunOptions(
        device=device, executor=executor, frames=frames, on_event=on_event, listeners=listeners
    )
    return run_score(models, request, options)


def run_score(
    models: str | Path | Sequence[str | Path], request: RunRequest, options: RunOptions
) -> Comparison:
    """Do what `score` does, for a request that is one record."""
    refuse_unguarded_script()
    refuse_data_and_phantom(request)
    zoo = open_zoo(registries=request.registries)
    noise = plan_noise(zoo, request)
    device, executor = choose_device(options.device), choose_executor(options.executor)
    if request.resamples is not None and request.resamples < 1:
        raise UsageError(f"resamples is {request.resamples}; it must be at least 1")
    wanted = [models] if isinstance(models, str | Path) else list(models)
    contestants = name_contestants([find_trained(model, registries=request.registries) for model in wanted])
    check_models_load(zoo, contestants)
    data = open_data(
        zoo,
        request,
        phantom_size=request.phantom_size or USUAL.phantom_size,
        splits=("test",),
        on_event=options.on_event,
    )
    source = data.test.source
    settings = _settings(contestants, source, noise, request.resamples or USUAL.resamples)
    name = f"eval-{source.name}-{digest(settings)[:8]}"
    run = RunFolder(path=Path(request.out) if request.out else RUNS / name)
    with run.open(settings, {"computed": describe(device, choose_precision(device)), **data.facts()}):
        make_noise(data.test, noise, options.on_event)
        jobs = [
            make_job(
                each.model.as_trial(each.name),
                data=data,
                noise=noise,
                run=run,
                device=device,
                trained=each.model,
            )
            for each in contestants
        ]
        perform(jobs, run, executor, zoo, options.on_event, options.listeners)
        return compare(run.path, frames=options.frames, registries=request.registries)


def check_models_load(zoo: Zoo, contestants: Sequence[Contestant]) -> None:
    """Read the weights of every model of a bundled plugin, so that a damaged file ends the run here.

    Raises:
        PluginError: a model's plugin lacks something.
        DataError: a file is damaged, or of another model.
    """
    bundled = {plugin.name for plugin in zoo.plugins if plugin.bundled}
    for each in contestants:
        entry, weights = each.model.entry, each.model.weights
        if missing := zoo.missing(entry):
            raise PluginError(f"{each.model.named} needs {', '.join(missing)}; install it, or leave it out")
        if entry.plugin in bundled:
            read_model(Located(path=weights, entry=entry, card="its card"))


# --- What decides a number ------------------------------------------------------------------------------------


def _settings(
    contestants: Sequence[Contestant], test: Source, noise: NoisePlan, resamples: int
) -> Mapping[str, Any]:
    """Return everything that decides a number of the run.

    The recipe that models are held against, to mark who was trained otherwise, is the one that most of them share; of
    several, the first by its content, whoever was named first.
    """
    recipes = Counter(json.dumps(dataclasses.asdict(each.model.card.recipe)) for each in contestants)
    shared = min(recipes, key=lambda recipe: (-recipes[recipe], recipe))
    entries: dict[str, dict[str, Any]] = {}
    for each in contestants:
        entry = entries.setdefault(each.called, {"model": each.called, **_entry(each.model, test)})
        entry["seeds"].append(each.model.card.seed)
        entry["weights"].append(each.model.digest)
    return {
        "data": {"name": test.name, "test": test.fingerprint},
        "entries": entries,
        "recipe": json.loads(shared),
        **noise.settings(),
        "resamples": resamples,
    }


def _entry(model: TrainedModel, test: Source) -> dict[str, Any]:
    entry, trained_on = model.entry, model.card.trained_on
    recipe: Recipe = model.card.recipe
    return {
        "family": entry.family.name,
        "plugin": entry.plugin,
        "options": dict(entry.options),
        "recipe": dataclasses.asdict(recipe),
        "trainer": entry.family.trainer,
        "trained_on": {"data": str(trained_on), "origin": _origin(trained_on, test)},
        "seeds": [],
        "weights": [],
    }


def _origin(trained_on: TrainedOn, test: Source) -> Origin:
    """Tell how what a model was trained on stands to the test frames, as far as fingerprints of splits tell it."""
    prints = {split: counts.fingerprint for split, counts in trained_on.splits.items()}
    if test.fingerprint in (prints.get("train"), prints.get("val")):
        return "seen"
    return "here" if prints.get("test") == test.fingerprint else "elsewhere"
