"""Trains one entry once: a benchmark with one trial, tested on clean frames only.

`lvzoo.fit` is the same as the command `lvzoo train`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lvzoo.registry import open_zoo
from lvzoo.run import RunFolder, read_run
from lvzoo.trials.request import OnEvent, fill_records, ignore_event
from lvzoo.types import OptionValue
from lvzoo.workflows.bench import run_bench
from lvzoo.workflows.compare import Comparison


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """The result of a training: the folder of the trial, and its scores on clean frames."""

    trial: Path
    comparison: Comparison


def fit(
    entry: str,
    *,
    seed: int = 0,
    preset: str = "quick",
    data: str | Path | None = None,
    data_options: Mapping[str, OptionValue] | None = None,
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
    on_event: OnEvent = ignore_event,
    listeners: Sequence[object] = (),
    **recipe: OptionValue,
) -> Training:
    """Train one entry once and test it on clean frames. The run folder has one trial.

    The trial is the same as that of a benchmark with the same entry, data, recipe and seed. The
    other arguments are those of `lvzoo.bench`.

    Args:
        entry: the name of one entry.
        seed: the seed of the training.
        preset: the default of the recipe and of the phantom's size.
        recipe: fields of `lvzoo.types.Recipe` (`epochs=3`).

    Raises:
        RunError: the training or its test failed.
        LvzooError: a mistake in the arguments or the data.
    """
    given = {name: value for name, value in locals().items() if name != "entry"}
    name = open_zoo(registries=registries).select_one(entry).name
    request, options = fill_records("fit", {**given, "plugins": name, "corruptions": (), "seeds": 1})
    result = run_bench(request, options).check_any_finished()
    [trial] = read_run(result.folder).model_of
    return Training(trial=RunFolder(path=result.folder).trial(trial).path, comparison=result)
