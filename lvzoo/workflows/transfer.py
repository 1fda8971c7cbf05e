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
from lvzoo.run import check_settings, digest, read_run
from lvzoo.run.trial import write_json
from lvzoo.trials.command import RUNS
from lvzoo.trials.names import name_models
from lvzoo.trials.request import OnEvent, RunOptions, RunRequest, ignore_event
from lvzoo.types import OptionValue
from lvzoo.weights.trained import find_trained
from lvzoo.workflows.bench import run_bench
from lvzoo.workflows.compare import Comparison, make_run_error
from lvzoo.workflows.score import check_weights, run_score

PRESET: Final = "quick"
STANDARD: Final = "standard"
"""The name of the phantom of the usual ranges."""
TABLE: Final = "transfer.csv"
SETTINGS: Final = "transfer.json"
"""What the transfer was asked for. With the same settings, a repeat goes on in the same folder."""
BEATS: Final = "beats"
"""The name of the phantom whose whole beats are tested, not only ED and ES."""
TEST_SIZE: Final = "transfer"
"""The size of the tested phantoms: a test split only."""
TEST_SIZE_BEATS: Final = "transfer-beats"
NO_INTERVALS: Final = pd.DataFrame(
    {
        **{name: pd.Series(dtype="str") for name in ("model", "phantom")},
        "seeds": pd.Series(dtype="int64"),
        **{name: pd.Series(dtype="float64") for name in ("dice", "dice_low", "dice_high")},
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """The Dice of models on shifted phantoms, all synthetic.

    `table` has one row per model, best first by `shifted`. Its columns are model, kind, seeds, `standard` (mean Dice
    on clean test frames of the phantom of the usual ranges), `beats` (the same on frames of the whole beat, of the
    same patients), one column per shift, `shifted` (the mean over the shifts) and `worst` (the lowest of them).
    `intervals` has one row per model and phantom: model, phantom, seeds, dice, dice_low, dice_high (95 %, bootstrap
    over patients). A model has no row in `table` if one of its trials failed on a phantom; `failed` has the reason by
    trial and phantom.
    """

    folder: Path
    table: pd.DataFrame
    intervals: pd.DataFrame
    patients: int
    failed: Mapping[str, str] = field(default_factory=dict)


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
    on_event: OnEvent = ignore_event,
    listeners: Sequence[object] = (),
    **recipe: OptionValue,
) -> Transfer:
    """Test models on the usual phantom, on its whole beats, and on shifted phantoms.

    The shifted phantoms show the same patients, drawn from ranges outside the usual ones or at their edge.

    Args:
        models: models that were trained before: each a trial's folder, a weights file, or an entry with weights.
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
        executor: process or inline.
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
    if found:
        check_weights(open_zoo(registries=registries), name_models(found))
    options = RunOptions(device=device, executor=executor, on_event=on_event, listeners=listeners)
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
        wanted += [trial.path for trial in read_run(trained.folder).finished.values()]

    # test on each phantom; listeners hear of the training only; a repeat may have trained more models
    repeatable = _record_settings(folder, settings)
    tests = {
        name: RunRequest(
            call="score",
            corruptions=(),
            phantom_size=TEST_SIZE_BEATS if name == BEATS else TEST_SIZE,
            phantom_seed=phantom_seed,
            shift=None if name in (STANDARD, BEATS) else name,
            out=folder / name,
            registries=registries,
        )
        for name in phantoms
    }
    quiet = replace(options, listeners=())
    results = {
        name: run_score(wanted, test, quiet, renew=repeatable) for name, test in tests.items() if wanted
    }
    for name, result in results.items():
        failed |= {f"{trial} on {name}": reason for trial, reason in result.failed.items()}

    # one table of all phantoms
    intervals = pd.concat(
        [NO_INTERVALS, *(_take_intervals(name, result) for name, result in results.items())]
    )
    table = _make_table(intervals, phantoms, results)
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
    return path.exists()


def _check_nothing_of_training(given: Mapping[str, object]) -> None:
    """Raise UsageError if an argument of training is given, apart from the default preset."""
    for name, value in given.items():
        if value is not None and (name, value) != ("preset", PRESET):
            raise UsageError(
                f"{name} is an option of training, and nothing is to be trained; name entries to train: "
                f"{name_option('train', 'unet-fast')}, or leave it out"
            )


def _take_intervals(name: str, result: Comparison) -> pd.DataFrame:
    """Return one row per model with its Dice on one phantom; empty if no model could be tested on it."""
    columns = {"headline": "dice", "headline_low": "dice_low", "headline_high": "dice_high"}
    if result.study is None:
        return NO_INTERVALS
    return result.ranking.rename(columns=columns)[["model", "seeds", *columns.values()]].assign(phantom=name)


def _make_table(
    intervals: pd.DataFrame, names: Sequence[str], results: Mapping[str, Comparison]
) -> pd.DataFrame:
    """Return one row per model that was tested on every phantom, best first by its mean Dice on the shifted ones.

    A model with fewer seeds on one phantom is left out: its means would be over different seeds.
    """
    whole = intervals.groupby("model")["seeds"].transform("nunique") == 1
    wide = intervals[whole].pivot_table(index="model", columns="phantom", values="dice")
    wide = wide.reindex(columns=pd.Index(names)).dropna()
    shifted = wide.drop(columns=[STANDARD, BEATS])
    wide = wide.assign(shifted=shifted.mean(axis=1), worst=shifted.min(axis=1)).reset_index()
    about = ["model", "kind", "seeds"]
    if wide.empty:
        return pd.DataFrame(columns=[*about, *wide.columns.drop("model")])
    models = results[STANDARD].ranking[about]
    return models.merge(wide, on="model").sort_values("shifted", ascending=False, ignore_index=True)
