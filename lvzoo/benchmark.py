"""The only module that knows the order of the steps: registry, data, noise, training, evaluation, ranking.

Each step hands the next a value. `lvzoo.bench` is the same as the command `lvzoo bench`.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import pluggy

from lvzoo.comparison import Comparison, compare
from lvzoo.data.phantom.write import cached_phantom
from lvzoo.device import choose_precision, describe
from lvzoo.errors import UsageError
from lvzoo.execute import choose_executor, refuse_unguarded_script
from lvzoo.interfaces import Dataset, Executor
from lvzoo.jobs import TrialSettings, is_finished
from lvzoo.noise.corrupt import corrupted_frames
from lvzoo.plan import Plan, make_plan
from lvzoo.plugins import code_digest, hook_manager, resolve
from lvzoo.registry import Zoo, open_zoo
from lvzoo.run import RunFolder, digest
from lvzoo.types import (
    SPLITS,
    DatasetSource,
    Entry,
    Event,
    FrameSet,
    Job,
    OptionValue,
    Source,
    Split,
    Trial,
)

OnEvent = Callable[[str, Event], None]
RUNS: Final = Path("runs")
log = logging.getLogger(__name__)


def bench(
    plugins: str | Sequence[str] | None = None,
    *,
    preset: str = "quick",
    data: str | Path | None = None,
    noise: str = "noise-v1",
    corruptions: str | Sequence[str] | None = None,
    severities: int | Sequence[int] | None = None,
    seeds: int | None = None,
    resamples: int | None = None,
    phantom_size: str | None = None,
    phantom_seed: int | None = None,
    out: str | Path | None = None,
    frames: bool = True,
    registries: Sequence[Path] = (),
    device: str = "auto",
    executor: str = "process",
    on_event: OnEvent = lambda name, event: None,  # noqa: ARG005 - nobody listens
    listeners: Sequence[object] = (),
    **recipe: OptionValue,
) -> Comparison:
    """Train entries on the same frames, test them on the same noisier frames, and rank them.

    Args:
        plugins: entries of the zoo by name or glob ("unet,landmark*" or a list); the preset's where None.
        preset: the size of everything that is not given.
        data: a folder in a layout that lvzoo knows; where None, a synthetic phantom is made and cached.
        noise: the suite of corruptions; `corruptions` ("haze,blur") and `severities` select from it.
        seeds: how many times each entry is trained, with seeds 0, 1, ...
        resamples: of the bootstrap over patients.
        phantom_size: smoke, quick, small or full.
        phantom_seed: another seed is another set of synthetic patients.
        out: the run's folder; by default below `runs/`, named after preset, data and settings, so that the
            same call finds its run again and goes on with it.
        frames: whether the report shows test frames (and so holds pictures of the data set).
        registries: further registry.yaml files.
        device: auto, cpu or cuda.
        executor: process (a child for each trial) or inline.
        on_event: called with a trial's name ("" for common steps) and an `Event`.
        listeners: objects with `lvzoo_epoch_finished` or `lvzoo_trial_finished`, marked with `lvzoo.hookimpl`.
        recipe: fields of `lvzoo.types.Recipe`, for all entries alike (`epochs=3`).

    Raises:
        LvzooError: a mistake in the arguments or the data. A trial that fails is no error: see `failed`.
    """
    refuse_unguarded_script()
    if data is not None and (phantom_size is not None or phantom_seed is not None):
        raise UsageError("a phantom's size or seed and data of one's own exclude each other; leave one out")
    plan = make_plan(
        open_zoo(registries=registries),
        preset=preset,
        plugins=plugins,
        noise=noise,
        corruptions=corruptions,
        severities=severities,
        device=device,
        given={"seeds": seeds, "resamples": resamples, "phantom_size": phantom_size},
        recipe=recipe,
    )
    runner = choose_executor(executor)
    folder, layout = _open_data(data, plan, phantom_seed or 0, on_event)
    splits = _load(resolve(layout.factory)(folder), on_event)
    source = splits["test"].source
    fingerprint = digest([splits[split].source.fingerprint for split in SPLITS])
    settings = plan.settings(source.name, fingerprint)
    run = RunFolder(path=Path(out) if out else RUNS / plan.run_name(settings))
    with run.open(settings, _facts(splits, plan)):
        _corrupt(splits["test"], plan, on_event)
        jobs = [
            _job(plan, entry, seed, data=folder, layout=layout, fingerprint=fingerprint, test=source, run=run)
            for entry in plan.entries
            for seed in range(plan.size.seeds)
        ]
        _perform(jobs, run, runner, plan.zoo, on_event, listeners)
        return compare(run.path, frames=frames, registries=registries)


def _open_data(
    data: str | Path | None, plan: Plan, seed: int, on_event: OnEvent
) -> tuple[Path, DatasetSource]:
    """Return the data folder and how it is read; without one, make (or find) the phantom."""
    if data is not None:
        return Path(data).resolve(), plan.zoo.dataset_for(Path(data))
    folder = cached_phantom(
        size=plan.size.phantom_size,
        seed=seed,
        on_video=lambda done, total: on_event("", Event(step="phantom", done=done, total=total)),
    )
    return folder, plan.zoo.dataset_for(folder)


def _load(dataset: Dataset, on_event: OnEvent) -> Mapping[Split, FrameSet]:
    """Return all splits; the first time, their frames are decoded."""
    splits: dict[Split, FrameSet] = {}
    for done, split in enumerate(SPLITS):
        on_event("", Event(step="frames", done=done, total=len(SPLITS), text=split))
        splits[split] = dataset.load(split)
    on_event("", Event(step="frames", done=len(SPLITS), total=len(SPLITS)))
    return splits


def _corrupt(test: FrameSet, plan: Plan, on_event: OnEvent) -> None:
    """Make the noisy test frames, once for all trials: they find them in the cache."""
    on_event("", Event(step="noise", done=0, total=1))
    corrupted_frames(test, plan.suite, plan.conditions, workers=os.cpu_count() or 1)
    on_event("", Event(step="noise", done=1, total=1))


def _facts(splits: Mapping[Split, FrameSet], plan: Plan) -> Mapping[str, Any]:
    """Return what a reader of the run should know of its data and its computer.

    Each finding is named once, whatever splits it touches.
    """
    findings = {finding: None for frames in splits.values() for finding in frames.source.findings}
    return {
        "computed": describe(plan.device, choose_precision(plan.device, plan.recipe.precision)),
        "synthetic": splits["test"].source.synthetic,
        "reader_dice": splits["test"].source.reader_dice,
        "data": {
            split: {
                "frames": len(frames),
                "patients": len(set(frames.patients)),
                "fingerprint": frames.source.fingerprint,
                "version": frames.source.version,
            }
            for split, frames in splits.items()
        },
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }


def _job(
    plan: Plan,
    entry: Entry,
    seed: int,
    *,
    data: Path,
    layout: DatasetSource,
    fingerprint: str,
    test: Source,
    run: RunFolder,
) -> Job:
    """Return the job of one trial."""
    recipe, code = plan.recipes[entry.name], code_digest(entry.family)
    trial = Trial(entry=entry, data=fingerprint, seed=seed, recipe=recipe, code=code)
    settings = TrialSettings(
        trial=trial,
        dataset=layout.factory,
        data=data,
        test_fingerprint=test.fingerprint,
        noise=plan.noise,
        noise_digest=plan.noise_digest,
        conditions=plan.conditions,
        folder=run.trial(trial.name).path,
        device=str(plan.device),
    )
    return Job(name=trial.name, task="lvzoo.jobs:run_trial", settings=settings)


def _perform(
    jobs: Sequence[Job],
    run: RunFolder,
    executor: Executor,
    zoo: Zoo,
    on_event: OnEvent,
    listeners: Sequence[object],
) -> None:
    """Run the jobs that are not done and notify who listens; one that fails is recorded, and the others go on."""
    hooks = hook_manager(zoo.plugins)
    for listener in listeners:
        hooks.register(listener)

    def hear(job: Job, event: Event) -> None:
        on_event(job.name, event)
        if event.epoch is not None:
            _notify(
                hooks,
                "lvzoo_epoch_finished",
                trial=job.settings.trial,
                epoch=event.epoch.epoch,
                train_loss=event.epoch.train_loss,
                val_dice=event.epoch.val_dice,
            )

    to_do = [job for job in jobs if not is_finished(job.settings)]
    for result in executor.run(to_do, on_event=hear):
        if result.error is not None:
            run.record_failure(result.job.name, result)
        elif not result.summary["skipped"]:
            scores = run.trial(result.job.name).read_scores()
            _notify(hooks, "lvzoo_trial_finished", trial=result.job.settings.trial, scores=scores)


def _notify(manager: pluggy.PluginManager, name: str, **facts: object) -> None:
    """Call a notification hook, listener by listener: one that raises costs neither the run nor the others."""
    listeners = manager.get_plugins()
    for listener in listeners:
        try:
            with redirect_stdout(sys.stderr):  # stdout is data
                manager.subset_hook_caller(name, listeners - {listener})(**facts)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            who = manager.get_name(listener)
            log.warning("%s of %s raised %s: %s", name, who, type(error).__name__, error)
