"""Runs the benchmark: trains entries, tests them under noise, and ranks them.

`run_bench` shows the order of the steps. `lvzoo.bench` is the same as the command `lvzoo bench`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lvzoo.device import choose_precision, describe
from lvzoo.registry import open_zoo
from lvzoo.run import RunFolder
from lvzoo.trials.command import RUNS, command_line
from lvzoo.trials.execute import choose_executor
from lvzoo.trials.job import make_job
from lvzoo.trials.perform import perform
from lvzoo.trials.plan import make_plan
from lvzoo.trials.prepare import make_noise, open_data
from lvzoo.trials.request import OnEvent, RunOptions, RunRequest, fill_records, ignore_event
from lvzoo.types import SPLITS, OptionValue
from lvzoo.workflows.compare import Comparison, compare


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
    on_event: OnEvent = ignore_event,
    listeners: Sequence[object] = (),
    **recipe: OptionValue,
) -> Comparison:
    """Train entries on the same frames, test them on the same noisy frames, and rank them.

    Args:
        plugins: entries of the zoo by name or glob ("unet,landmark*" or a list); None: those of the preset.
        preset: the default of every number that is not given.
        data: a folder in a layout that lvzoo knows; None: a synthetic phantom, which is made and cached.
        noise: the suite of corruptions; `corruptions` ("haze,blur") and `severities` select from it.
        seeds: how many times each entry is trained, with seeds 0, 1, ...
        resamples: the number of resamples of the bootstrap over patients.
        phantom_size: smoke, quick, small, full or beats.
        phantom_seed: the seed of the synthetic patients.
        out: the run's folder. By default it lies below `runs/` and is named after preset, data and settings, so
            that the same call finds its run again and resumes it.
        frames: whether the report shows test frames, and so contains pictures of the data set.
        registries: further registry.yaml files.
        device: auto, cpu or cuda.
        executor: process (a child for each trial) or inline.
        on_event: called with a trial's name ("" for common steps) and an `Event`.
        listeners: objects with `lvzoo_epoch_finished` or `lvzoo_trial_finished`, marked with `lvzoo.hookimpl`.
        recipe: fields of `lvzoo.types.Recipe` for all entries (`epochs=3`).

    Raises:
        RunError: every trial failed. If only some fail, the others are ranked, and the result's `failed` says why.
        LvzooError: a mistake in the arguments or the data.
    """
    return run_bench(*fill_records("bench", locals())).check_any_finished()


def run_bench(request: RunRequest, options: RunOptions) -> Comparison:
    """Run the benchmark for a request: the steps in the order in which they happen."""
    executor = choose_executor(options.executor)
    zoo = open_zoo(registries=request.registries)
    plan = make_plan(zoo, request, device=options.device)
    if request.out:
        RunFolder(path=Path(request.out)).check_free()
    data = open_data(
        zoo, request, phantom_size=plan.size.phantom_size, splits=SPLITS, on_event=options.on_event
    )
    settings = plan.settings(data.test.source.name, data.fingerprint)
    run = RunFolder(path=Path(request.out) if request.out else RUNS / plan.run_name(settings))
    facts = {
        "command": command_line(request, [entry.name for entry in plan.entries]),
        "computed": describe(plan.device, choose_precision(plan.device, plan.recipe.precision)),
        **data.facts(),
    }
    with run.open(settings, facts):
        make_noise(data.test, plan.noise, options.on_event)
        jobs = [
            make_job(trial, data=data, noise=plan.noise, run=run, device=plan.device)
            for trial in plan.trials(data.fingerprint)
        ]
        perform(jobs, run, executor, zoo, options)
        return compare(run.path, frames=options.frames, registries=request.registries)
