"""The only module that knows the order of the steps: registry, data, noise, training, evaluation, ranking.

Each step hands the next a value. `lvzoo.bench` is the same as the command `lvzoo bench`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lvzoo.comparison import Comparison, compare
from lvzoo.device import choose_precision, describe
from lvzoo.execute import choose_executor, refuse_unguarded_script
from lvzoo.interfaces import Executor
from lvzoo.jobs import TrialSettings
from lvzoo.plan import Plan, make_plan
from lvzoo.plugins import code_digest, resolve
from lvzoo.registry import open_zoo
from lvzoo.run import RunFolder, digest
from lvzoo.running import (
    RUNS,
    OnEvent,
    command_line,
    data_facts,
    load_splits,
    make_noise,
    open_data,
    perform,
    refuse_both,
    unheard,
)
from lvzoo.types import SPLITS, DatasetSource, Entry, Job, OptionValue, Source, Trial


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
    on_event: OnEvent = unheard,
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
        phantom_size: smoke, quick, small, full or beats.
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
    refuse_both(data, phantom_size, phantom_seed)
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
    command = command_line(
        "bench",
        plugins=[entry.name for entry in plan.entries],
        preset=preset,
        data=None if data is None else Path(data),
        noise=noise,
        corruptions=corruptions,
        severities=severities,
        seeds=seeds,
        resamples=resamples,
        phantom_size=phantom_size,
        phantom_seed=phantom_seed,
        registry=tuple(map(Path, registries)),
        out=out,
        **recipe,
    )
    return run_plan(
        plan,
        command=command,
        data=data,
        phantom_seed=phantom_seed or 0,
        out=out,
        frames=frames,
        registries=registries,
        executor=choose_executor(executor),
        on_event=on_event,
        listeners=listeners,
    )


def run_plan(
    plan: Plan,
    *,
    command: str,
    data: str | Path | None,
    phantom_seed: int,
    out: str | Path | None,
    frames: bool,
    registries: Sequence[Path],
    executor: Executor,
    on_event: OnEvent,
    listeners: Sequence[object],
) -> Comparison:
    """Do what is planned, in the order in which things happen; `command` is written down for who makes it again."""
    folder, layout = open_data(
        plan.zoo,
        data,
        phantom_size=plan.size.phantom_size,
        phantom_seed=phantom_seed,
        on_event=on_event,
    )
    splits = load_splits(resolve(layout.factory)(folder), SPLITS, on_event)
    source = splits["test"].source
    fingerprint = digest([splits[split].source.fingerprint for split in SPLITS])
    settings = plan.settings(source.name, fingerprint)
    run = RunFolder(path=Path(out) if out else RUNS / plan.run_name(settings))
    computed = describe(plan.device, choose_precision(plan.device, plan.recipe.precision))
    with run.open(settings, {"command": command, "computed": computed, **data_facts(splits)}):
        make_noise(splits["test"], plan.noise, on_event)
        jobs = [
            _job(plan, entry, seed, data=folder, layout=layout, fingerprint=fingerprint, test=source, run=run)
            for entry in plan.entries
            for seed in plan.seeds
        ]
        perform(jobs, run, executor, plan.zoo, on_event, listeners)
        return compare(run.path, frames=frames, registries=registries)


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
        noise=plan.noise.source,
        noise_digest=plan.noise.digest,
        conditions=plan.noise.conditions,
        folder=run.trial(trial.name).path,
        device=str(plan.device),
    )
    return Job(name=trial.name, task="lvzoo.jobs:run_trial", settings=settings)
