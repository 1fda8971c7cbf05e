"""Tests models on phantoms that are drawn from other ranges than those that they were trained on.

`lvzoo.transfer` is the same as the command `lvzoo transfer`. It uses no real clip, so it proves nothing about real
clips. But a model that fails on a phantom with another gain will hardly do better on a scanner with another gain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from lvzoo.arguments import check_path, list_paths
from lvzoo.errors import UsageError, name_option
from lvzoo.files import atomic_file, check_folder
from lvzoo.phantom.ranges import SHIFTS, ranges_of
from lvzoo.phantom.write import GENERATOR_VERSION
from lvzoo.registry import open_zoo
from lvzoo.run import check_settings, describe_missing, digest, read_run
from lvzoo.run.trial import write_json
from lvzoo.trials.command import RUNS
from lvzoo.trials.names import name_models
from lvzoo.trials.request import OnEvent, RunOptions, RunRequest, ignore_event
from lvzoo.types import OptionValue
from lvzoo.weights.trained import find_trained
from lvzoo.workflows.bench import run_bench
from lvzoo.workflows.compare import Comparison, make_run_error
from lvzoo.workflows.finish import finish
from lvzoo.workflows.score import check_weights, run_score
from lvzoo.workflows.transfer_table import BEATS, NO_INTERVALS, STANDARD, make_table, take_intervals

PRESET: Final = "quick"
TABLE: Final = "transfer.csv"
SETTINGS: Final = "transfer.json"
"""What the transfer was asked for. With the same settings, a repeat goes on in the same folder."""
TEST_SIZE: Final = "transfer"
"""The size of the tested phantoms: a test split only."""
TEST_SIZE_BEATS: Final = "transfer-beats"


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """The Dice of models on shifted phantoms, all synthetic.

    `table` has one row per model, best first by `shifted`. Its columns are model, kind, seeds, `standard` (mean Dice
    on clean test frames of the phantom of the usual ranges), `beats` (the same on frames of the whole beat, of the
    same patients), one column per shift, `shifted` (the mean over the shifts) and `worst` (the lowest of them).
    `intervals` has one row per model and phantom: model, phantom, seeds, dice, dice_low, dice_high (95 %, bootstrap
    over patients). A model has no row in `table` if one of its trials failed on a phantom; `failed` has the reason by
    trial and phantom. Both tables are empty if a shard has ended before the others; `missing` has the trainings, or
    the trials by phantom, that are not done.
    """

    folder: Path
    table: pd.DataFrame
    intervals: pd.DataFrame
    patients: int
    failed: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    trials: int = 0
    """The number of trainings, or of trials on phantoms, that `missing` is a part of."""

    @property
    def missing_line(self) -> str:
        """Which of them are missing, and what to do, in words; "" if none are."""
        return describe_missing(self.missing, self.trials) if self.missing else ""


def transfer(
    models: str | Path | Sequence[str | Path] = (),
    *,
    train: str | Sequence[str] = (),
    seeds: int | None = None,
    preset: str = PRESET,
    phantom_size: str | None = None,
    phantom_seed: int = 1,
    shifts: Sequence[str] | None = None,
    out: str | Path | None = None,
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
) -> Transfer:
    """Test models on the usual phantom, on its whole beats, and on shifted phantoms.

    The shifted phantoms show the same patients, drawn from ranges outside the usual ones or at their edge.

    Args:
        models: models that were trained before: each what `lvzoo.load` takes.
        train: entries of the zoo to train first, by name or glob, on the phantom of `phantom_size`.
        seeds: how many times each of these is trained. `preset` and `recipe` are those of `lvzoo.bench`. Arguments of
            training are refused if nothing is to be trained.
        phantom_size: the size of the phantom for training; None: the preset's.
        phantom_seed: the seed of the tested phantoms. The phantom for training has seed 0, as in `lvzoo.bench`, so
            that no model is tested on the patients that chose its epoch.
        shifts: some of `lvzoo.phantom.ranges.SHIFTS`; None: all.
        out: a folder for the runs and `transfer.csv`; by default below `runs/`, so that the same call finds its runs
            again. After a failed training, the same call goes on there with the trainings that finish.
        registries: further registry.yaml files.
        device: auto, cpu or cuda.
        executor: process, inline or ray.
        jobs, per_gpu, threads, address, shared: as in `lvzoo.bench`.
        shard: do only a part of the work ("2/5"), for array jobs. If entries are trained, shards share the
            trainings, and the last one to end tests all models. Otherwise shards share the models, and the last one
            to end writes the table. The results of the others have no table, and say what is missing.
        on_event: called with a trial's name ("" for common steps) and an `Event`.
        listeners: objects with lvzoo's notification hooks.

    Raises:
        RunError: every model failed. If only some fail, in training or on the frames, the others go on: see `failed`.
        LvzooError: a mistake in the arguments or the models.
    """
    # check everything before anything is trained
    wanted, entries = list_paths(models, "models"), [str(each) for each in list_paths(train, "train")]
    if out is not None:
        check_path(out, "out")
        check_folder(Path(out))
    if not wanted and not train:
        raise UsageError(
            f"nothing to test; name trained models, or entries to train first: {name_option('train', 'unet-fast')}"
        )
    if not train:
        _check_nothing_of_training({"preset": preset, "seeds": seeds, "phantom_size": phantom_size, **recipe})
    chosen = list(SHIFTS if shifts is None else shifts)
    for shift in chosen:
        ranges_of(shift)  # raises if it is unknown
    phantoms = (STANDARD, BEATS, *chosen)
    found = [find_trained(model, registries=registries) for model in wanted]
    wanted = [str(one.hub) if one.hub else name for one, name in zip(found, wanted, strict=True)]
    if found:
        check_weights(open_zoo(registries=registries), name_models(found))
    options = RunOptions(
        device=device,
        executor=executor,
        jobs=jobs,
        per_gpu=per_gpu,
        threads=threads,
        address=address,
        shared=shared,
        shard=shard,
        on_event=on_event,
        listeners=listeners,
    )
    settings = {
        "models": [model.digest for model in found],
        "train": entries,
        "training": [preset, seeds, phantom_size, recipe],
        "phantoms": [GENERATOR_VERSION, phantom_seed, phantoms],
    }
    folder = Path(out) if out else RUNS / f"transfer-{digest(settings)[:8]}"
    check_settings(folder / SETTINGS, settings, what="a transfer")

    # train
    failed: dict[str, str] = {}
    if train:
        training = RunRequest(
            call="bench",
            plugins=entries,
            preset=preset,
            corruptions=(),
            seeds=seeds,
            phantom_size=phantom_size,
            out=folder / "training",
            registries=registries,
            recipe=recipe,
        )
        trained = run_bench(training, options)
        failed |= trained.failed
        if trained.missing:
            return _leave(folder, failed, trained.missing, trained.trials)
        options = replace(options, shard=None)  # the last shard tests all models
        wanted += [trial.path for trial in read_run(trained.folder).finished.values()]

    # test on each phantom; listeners hear of the training only; a repeat may have trained more models
    repeatable = _record_settings(folder, settings)
    test = RunRequest(
        call="score", corruptions=(), phantom_seed=phantom_seed, out=folder, registries=registries
    )
    quiet = replace(options, listeners=())
    results = _test(wanted, phantoms, test, quiet, renew=repeatable) if wanted else {}
    failed |= _name_phantoms({name: result.failed for name, result in results.items()})
    if missing := _name_phantoms({name: result.missing for name, result in results.items()}):
        return _leave(folder, failed, missing, sum(result.trials for result in results.values()))

    # one table of all phantoms
    intervals = pd.concat([NO_INTERVALS, *(take_intervals(name, result) for name, result in results.items())])
    table = make_table(intervals, phantoms, results)
    if table.empty and failed:
        raise make_run_error(
            f"{folder}: no model was tested on every phantom, because some trials failed", failed
        )
    with atomic_file(folder / TABLE) as temporary:
        table.assign(data="synthetic phantom").to_csv(temporary, index=False)
    standard = results[STANDARD].study if results else None
    return Transfer(
        folder=folder,
        table=table,
        intervals=intervals.reset_index(drop=True),
        patients=standard.ranking.patients if standard else 0,
        failed=failed,
    )


def _record_settings(folder: Path, settings: Mapping[str, Any]) -> bool:
    """Write a transfer's settings into its folder, and return whether they are there.

    They are not written beside the tests of an earlier version, since nobody knows whether those have these settings.
    """
    path = folder / SETTINGS
    if not path.exists() and not (folder / STANDARD).exists():
        write_json(path, {"settings": settings})
    check_settings(path, settings, what="a transfer")  # another lvzoo may have written it meanwhile
    return path.exists()


def _check_nothing_of_training(given: Mapping[str, object]) -> None:
    """Raise UsageError if an argument of training is given, apart from the default preset."""
    for name, value in given.items():
        if value is not None and (name, value) != ("preset", PRESET):
            raise UsageError(
                f"{name} is an option of training, and nothing is to be trained; name entries to train: "
                f"{name_option('train', 'unet-fast')}, or leave it out"
            )


def _test(
    models: Sequence[str | Path],
    phantoms: Sequence[str],
    request: RunRequest,
    options: RunOptions,
    *,
    renew: bool,
) -> dict[str, Comparison]:
    """Test models on each phantom, in a folder of its own below `out` of the request."""
    folder = Path(str(request.out))
    results = {}
    for name in phantoms:
        size = TEST_SIZE_BEATS if name == BEATS else TEST_SIZE
        shift = None if name in (STANDARD, BEATS) else name
        test = replace(request, phantom_size=size, shift=shift, out=folder / name)
        results[name] = run_score(models, test, options, renew=renew)
    for name, result in results.items():
        if result.missing:  # look again: the other shards went on meanwhile
            results[name] = finish(folder / name, result.failed, options, registries=request.registries)
    return results


def _leave(folder: Path, failed: Mapping[str, str], missing: Mapping[str, str], trials: int) -> Transfer:
    """Return what is known while other shards, or other processes, still work."""
    return Transfer(
        folder=folder,
        table=pd.DataFrame(),
        intervals=NO_INTERVALS,
        patients=0,
        failed=failed,
        missing=missing,
        trials=trials,
    )


def _name_phantoms(reasons: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the reasons of each phantom's trials, by trial and phantom."""
    return {f"{trial} on {phantom}": why for phantom, own in reasons.items() for trial, why in own.items()}
