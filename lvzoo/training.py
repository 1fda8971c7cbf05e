"""Training one entry once: the benchmark with one trial, tested on clean frames alone.

`lvzoo.fit` is the same as the command `lvzoo train`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lvzoo.benchmark import run_plan
from lvzoo.comparison import Comparison
from lvzoo.errors import UsageError
from lvzoo.execute import choose_executor, refuse_unguarded_script
from lvzoo.plan import make_plan
from lvzoo.registry import open_zoo
from lvzoo.run import RunFolder
from lvzoo.running import OnEvent, command_line, refuse_both, unheard
from lvzoo.types import OptionValue


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
    on_event: OnEvent = unheard,
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
    refuse_unguarded_script()
    refuse_both(data, phantom_size, phantom_seed)
    if seed < 0:
        raise UsageError(f"seed is {seed}; it must be at least 0")
    zoo = open_zoo(registries=registries)
    name = zoo.select_one(entry).name
    plan = make_plan(
        zoo,
        preset=preset,
        plugins=name,
        noise="noise-v1",
        corruptions=(),
        severities=None,
        device=device,
        given={"seeds": 1, "resamples": None, "phantom_size": phantom_size},
        recipe=recipe,
        call="fit",
    )
    plan = dataclasses.replace(plan, seeds=(seed,), prefix="train-")
    command = command_line(
        "train",
        name,
        preset=preset,
        data=None if data is None else Path(data),
        phantom_size=phantom_size,
        phantom_seed=phantom_seed,
        seed=seed,
        registry=tuple(map(Path, registries)),
        out=out,
        **recipe,
    )
    result = run_plan(
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
    [trial] = plan.trials
    return Training(trial=RunFolder(path=result.folder).trial(trial).path, comparison=result)
