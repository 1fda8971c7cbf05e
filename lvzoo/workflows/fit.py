"""Training one entry once: the benchmark with one trial, tested on clean frames alone.

`lvzoo.fit` is the same as the command `lvzoo train`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lvzoo.errors import UsageError
from lvzoo.registry import open_zoo
from lvzoo.run import RunFolder
from lvzoo.trials.execute import refuse_unguarded_script
from lvzoo.trials.plan import make_plan
from lvzoo.trials.prepare import refuse_data_and_phantom
from lvzoo.trials.request import OnEvent, RunOptions, RunRequest, ignore_event
from lvzoo.types import OptionValue
from lvzoo.workflows.bench import run_plan
from lvzoo.workflows.compare import Comparison


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """A training that ended: `trial` is the folder of the model, `comparison` what it scored on clean frames."""

    trial: Path
    comparison: Comparison

    @property
    def failed(self) -> Mapping[str, str]:
        """Why it failed, by the trial's name; empty where it did not."""
        return self.comparison.failed


def fit(
    entry: str,
    *,
    seed: int = 0,
    preset: str = "quick",
    data: str | Path | None = None,
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
) -> Training:
    """Train one entry once and test it on clean frames; a run folder with one trial is left.

    The trial is that of a benchmark with the same entry, data, recipe and seed. Arguments that are not told here are
    those of `lvzoo.bench`.

    Args:
        entry: the name of one entry.
        seed: of the training.
        preset: the recipe, and the size of the phantom, where they are not given.
        recipe: fields of `lvzoo.types.Recipe` (`epochs=3`).

    Raises:
        LvzooError: a mistake in the arguments or the data. A training that fails is no error: see `failed`.
    """
    request = RunRequest(
        call="fit",
        preset=preset,
        data=data,
        corruptions=(),
        seeds=1,
        seed=seed,
        phantom_size=phantom_size,
        phantom_seed=phantom_seed,
        out=out,
        registries=registries,
        recipe=recipe,
    )
    options = RunOptions(
        device=device, executor=executor, frames=frames, on_event=on_event, listeners=listeners
    )
    refuse_unguarded_script()
    refuse_data_and_phantom(request)
    if seed < 0:
        raise UsageError(f"seed is {seed}; it must be at least 0")
    zoo = open_zoo(registries=registries)
    request = replace(request, plugins=zoo.select_one(entry).name)
    plan = make_plan(zoo, request, device=device)
    result = run_plan(plan, options)
    [trial] = plan.trials
    return Training(trial=RunFolder(path=result.folder).trial(trial).path, comparison=result)
