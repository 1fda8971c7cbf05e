"""What models do on phantoms that are drawn from other ranges than the one that they were trained on.

`lvzoo.transfer` is the same as the command `lvzoo transfer`. No real clip is needed, so it says nothing certain about
real clips; but who fails on a phantom with another gain will hardly do better on a scanner with another gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from lvzoo.benchmark import bench
from lvzoo.comparison import Comparison
from lvzoo.data.phantom.ranges import SHIFTS, ranges_of
from lvzoo.errors import DataError, UsageError
from lvzoo.execute import refuse_unguarded_script
from lvzoo.files import atomic_file
from lvzoo.running import RUNS, OnEvent, unheard
from lvzoo.scoring_run import score

STANDARD: Final = "standard"
"""What the phantom of the usual ranges is called among the shifts."""
TABLE: Final = "transfer.csv"
TEST_SIZE: Final = "transfer"
"""The size of the phantoms that are tested on: a test split and nothing else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """How models hold on shifted phantoms (all synthetic).

    `table` has a row a model, best first by `shifted`: model, kind, seeds, `standard` (mean Dice of clean test frames
    on the phantom of the usual ranges), a column a shift, `shifted` (the mean over the shifts) and `worst` (the
    lowest of them). `intervals` has a row a model and phantom: model, phantom, dice, dice_low, dice_high (95 %,
    bootstrap over patients).
    """

    folder: Path
    table: pd.DataFrame
    intervals: pd.DataFrame
    patients: int


def transfer(
    models: str | Path | Sequence[str | Path] = (),
    *,
    train: str | Sequence[str] = (),
    seeds: int | None = None,
    preset: str = "quick",
    phantom_size: str | None = None,
    phantom_seed: int = 0,
    shifts: Sequence[str] | None = None,
    out: str | Path | None = None,
    registries: Sequence[Path] = (),
    device: str = "auto",
    executor: str = "process",
    on_event: OnEvent = unheard,
    listeners: Sequence[object] = (),
    **recipe: Any,  # noqa: ANN401 - the fields of Recipe, as `lvzoo.bench` takes them
) -> Transfer:
    """Test trained models, or entries trained for it, on the usual phantom and on shifted ones.

    The shifted phantoms show the same patients, each drawn from ranges outside of, or at the edge of, the usual ones.

    Args:
        models: trained models: a trial's folder, a weights file, or an entry that carries weights.
        train: entries of the zoo to be trained first, by name or glob, on the phantom of `phantom_size`.
        seeds: how many times each of these is trained; `preset` and `recipe` as for `lvzoo.bench`.
        phantom_size: of the phantom that is trained on; the preset's where None.
        phantom_seed: of all phantoms.
        shifts: some of `lvzoo.data.phantom.ranges.SHIFTS`; all where None.
        out: a folder for the runs and `transfer.csv`; by default `runs/transfer`.
        registries: further registry.yaml files.
        device: auto, cpu or cuda.
        executor: process or inline.
        on_event: called with a trial's name ("" for common steps) and an `Event`.
        listeners: objects with lvzoo's notification hooks.

    Raises:
        UsageError: neither models nor entries are named, or a shift is unknown.
        DataError: a model could not be trained or tested.
    """
    refuse_unguarded_script()
    wanted = [models] if isinstance(models, str | Path) else list(models)
    if not wanted and not train:
        raise UsageError(
            "nothing to test; name trained models, or entries to train first (--train unet-fast)"
        )
    chosen = tuple(SHIFTS if shifts is None else shifts)
    for shift in chosen:
        ranges_of(shift)
    folder = Path(out) if out else RUNS / "transfer"
    if train:
        trained = bench(
            train,
            preset=preset,
            corruptions=(),
            seeds=seeds,
            phantom_size=phantom_size,
            phantom_seed=phantom_seed,
            out=folder / "training",
            registries=registries,
            device=device,
            executor=executor,
            on_event=on_event,
            listeners=listeners,
            **recipe,
        )
        _refuse_failures(trained)
        wanted += sorted((trained.folder / "trials").iterdir())
    results: dict[str, Comparison] = {}
    for name in (STANDARD, *chosen):
        results[name] = score(
            wanted,
            corruptions=(),
            phantom_size=TEST_SIZE,
            phantom_seed=phantom_seed,
            shift=None if name == STANDARD else name,
            out=folder / name,
            registries=registries,
            device=device,
            executor=executor,
            on_event=on_event,
        )
        _refuse_failures(results[name])
    intervals = pd.concat([_intervals(name, result) for name, result in results.items()], ignore_index=True)
    table = _table(intervals, results[STANDARD])
    with atomic_file(folder / TABLE) as temporary:
        table.assign(data="synthetic phantom").to_csv(temporary, index=False)
    study = results[STANDARD].study
    return Transfer(
        folder=folder, table=table, intervals=intervals, patients=study.ranking.patients if study else 0
    )


def _refuse_failures(result: Comparison) -> None:
    for name, reason in result.failed.items():
        raise DataError(f"{result.folder}: {name} failed: {reason}; see its status.json, and try again")


def _intervals(name: str, result: Comparison) -> pd.DataFrame:
    columns = {"headline": "dice", "headline_low": "dice_low", "headline_high": "dice_high"}
    return result.ranking.rename(columns=columns)[["model", *columns.values()]].assign(phantom=name)


def _table(intervals: pd.DataFrame, standard: Comparison) -> pd.DataFrame:
    """Return a row a model with its Dice on each phantom, best first by the mean over the shifts."""
    names = list(dict.fromkeys(intervals["phantom"]))
    wide = intervals.pivot_table(index="model", columns="phantom", values="dice")[names]
    shifted = wide.drop(columns=STANDARD)
    wide = wide.assign(shifted=shifted.mean(axis=1), worst=shifted.min(axis=1)).reset_index()
    about = standard.ranking[["model", "kind", "seeds"]]
    return about.merge(wide, on="model").sort_values("shifted", ascending=False, ignore_index=True)
