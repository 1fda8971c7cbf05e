"""Runs the benchmark: trains entries, tests them under noise, and ranks them.

`lvzoo.bench` is the same as the command `lvzoo bench`. `lvzoo.workflows.carry_out` shows the order of the steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lvzoo.executors import check_not_starting
from lvzoo.registry import open_zoo
from lvzoo.run import RunFolder
from lvzoo.trials.again import find_finished
from lvzoo.trials.plan import make_plan
from lvzoo.trials.request import OnEvent, RunOptions, RunRequest, fill_records, ignore_event
from lvzoo.types import SPLITS, OptionValue
from lvzoo.workflows.also import check_others, open_others, score_others
from lvzoo.workflows.compare import Comparison
from lvzoo.workflows.finish import finish


def bench(
    plugins: str | Sequence[str] | None = None,
    *,
    preset: str = "quick",
    data: str | Path | None = None,
    data_options: Mapping[str, OptionValue] | None = None,
    also: str | Path | Sequence[str | Path] = (),
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
    jobs: int | None = None,
    per_gpu: int = 1,
    threads: int = 1,
    address: str | None = None,
    shared: bool = False,
    shard: str | None = None,
    on_event: OnEvent = ignore_event,
    listeners: Sequence[object] = (),
    **recipe: OptionValue,
) -> Comparison:
    """Train entries on the same frames, test them on the same noisy frames, and rank them.

    Args:
        plugins: entries of the zoo by name or glob ("unet,landmark*" or a list); None: those of the preset.
        preset: the default of every number that is not given.
        data: a folder in a layout that lvzoo knows; None: a synthetic phantom, which is made and cached.
        data_options: options of the data sets' layouts, such as {"camus.view": "2CH"}. Each goes to the data sets
            that have the layout that it names.
        also: further data sets, one folder or several. The trained models are scored on the test frames of each of
            them, too, in a run of its own below the run's folder. The result's `across` compares the sets. This
            changes nothing about the training, so a set can be added later.
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
        executor: process (a child for each trial), inline, or ray (on a Ray cluster).
        jobs: how many trials run at once; None: one for each processor or GPU, if the memory is enough.
        per_gpu: how many of them share a GPU.
        threads: with how many threads each computes on the CPU. Numbers do not depend on `jobs`, but their last bits
            may depend on `threads`.
        address: HOST:PORT of a Ray cluster, which this machine is a node of; None: that of RAY_ADDRESS, or else a Ray
            that is started on this machine for the run.
        shared: whether the run folder is at the same path on every node of that cluster, so that no files are sent.
        shard: do only every n-th trial, for array jobs: "2/5" does the second, the seventh, and so on. All shards
            work in the same run folder. The last one to end ranks the trials. The results of the others have no
            `study`, and `missing` names the trials that are not done. A shard's `failed` has its own trials only.
        on_event: called with a trial's name ("" for common steps) and an `Event`.
        listeners: objects with `lvzoo_epoch_finished` or `lvzoo_trial_finished`, marked with `lvzoo.hookimpl`.
        recipe: fields of `lvzoo.types.Recipe` for all entries (`epochs=3`).

    Raises:
        RunError: every trial failed. If only some fail, the others are ranked, and the result's `failed` says why.
        LvzooError: a mistake in the arguments or the data.
    """
    return run_bench(*fill_records("bench", locals())).check_any_finished()


def run_bench(request: RunRequest, options: RunOptions) -> Comparison:
    """Run the benchmark for a request. A run that is finished is only ranked again, without importing torch."""
    check_not_starting()
    zoo = open_zoo(registries=request.registries)
    plan = make_plan(zoo, request)
    if request.out:
        RunFolder(path=Path(request.out)).check_free()
    others = open_others(zoo, request, plan.size.phantom_size, options.on_event)
    if (finished := find_finished(zoo, plan, options.on_event)) is not None:
        splits = finished.read()["data"]
        check_others({split: splits[split]["fingerprint"] for split in SPLITS}, others)
        score_others(finished.path, others, plan, options)
        own = [trial.name for trial in options.part.take(list(plan.trials("")))]
        return finish(finished.path, own, options, registries=request.registries)
    from lvzoo.workflows.carry_out import carry_out  # it imports torch

    return carry_out(plan, zoo, options, others)
