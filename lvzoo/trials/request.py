"""Two records of a call: what was asked of a run, and where and how to compute it.

`lvzoo.bench`, `lvzoo.fit` and `lvzoo.score` fill both from their arguments. The plan, the data and the command line
that repeats the call read the same record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lvzoo.arguments import check_count, check_options, check_path, list_paths
from lvzoo.errors import UsageError
from lvzoo.executors import choose_executor
from lvzoo.interfaces import Executor
from lvzoo.run.finished import MOST_RESAMPLES, MOST_SEEDS
from lvzoo.trials.shard import Shard
from lvzoo.types import Event, OptionValue

OnEvent: TypeAlias = Callable[[str, Event], None]
"""Called with the name of a trial ("" for a step that all trials share) and an event."""
Call: TypeAlias = Literal["bench", "fit", "score"]


def ignore_event(name: str, event: Event) -> None:
    """Do nothing with an event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """Everything that a caller gave and that decides the numbers of a run.

    `call` is the public function that was called. None means that nothing was given, and the preset decides.
    `data_options` holds options of the data sets, by layout and name ("camus.view"). `seed` is that of the one
    training of `fit`, `seeds` is the number of trainings of each entry. `shift` names the shifted ranges that a
    phantom is drawn from. `also` names further data sets, on which the trained models are scored, too; they change
    nothing about the training. `recipe` holds fields of `lvzoo.types.Recipe`.
    """

    call: Call
    plugins: str | Sequence[str] | None = None
    preset: str = "quick"
    data: str | Path | None = None
    data_options: Mapping[str, OptionValue] | None = None
    also: str | Path | Sequence[str | Path] = ()
    noise: str = "noise-v1"
    corruptions: str | Sequence[str] | None = None
    severities: int | Sequence[int] | None = None
    seeds: int | None = None
    seed: int | None = None
    resamples: int | None = None
    phantom_size: str | None = None
    phantom_seed: int | None = None
    shift: str | None = None
    out: str | Path | None = None
    registries: Sequence[Path] = ()
    recipe: Mapping[str, OptionValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise UsageError for a value of another type, a count that is too small, or a data folder and a phantom."""
        for name in ("plugins", "corruptions"):
            if getattr(self, name) is not None:
                list_paths(getattr(self, name), name)
        for folder in list_paths(self.also, "also"):
            check_path(folder, "also")
        for name in ("data", "out"):
            if getattr(self, name) is not None:
                check_path(getattr(self, name), name)
        if self.data_options is not None:
            check_options(self.data_options, "data_options")
        phantom = (self.phantom_size, self.phantom_seed, self.shift)
        if self.data is not None and any(each is not None for each in phantom):
            raise UsageError(
                "a data folder and a phantom's size, seed or shift exclude each other; leave one of them out"
            )
        for name, least, most in (
            ("seed", 0, None),
            ("seeds", 1, MOST_SEEDS),
            ("resamples", 1, MOST_RESAMPLES),
        ):
            if getattr(self, name) is not None:
                check_count(getattr(self, name), name, least=least, most=most)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """Where and how a run computes, and who is notified.

    `device` is auto, cpu or cuda; `executor` is process, inline or ray. `jobs` is the number of trials that run at
    once, None: as many as fit. `per_gpu` is how many of them share a GPU. `threads` is the number of threads that
    each trial computes with on the CPU; another number may change the last bits of the results. `frames` says
    whether the report shows test frames. `address` names a Ray cluster, and `shared` says that the run folder is at
    the same path on all its nodes. `listeners` are objects with lvzoo's notification hooks. `shard` is the part
    of the trials to do ("2/5"), None: all.
    """

    device: str = "auto"
    executor: str = "process"
    jobs: int | None = None
    per_gpu: int = 1
    threads: int = 1
    frames: bool = True
    on_event: OnEvent = ignore_event
    listeners: Sequence[object] = ()
    shard: str | None = None
    address: str | None = None
    shared: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for a number of threads that is too small, or a shard that is none."""
        check_count(self.threads, "threads", least=1)
        Shard.parse(self.shard)

    @property
    def part(self) -> Shard:
        """The part of the trials to do."""
        return Shard.parse(self.shard)

    def choose_executor(self) -> Executor:
        """Return the executor of these options; UsageError if there is none or it cannot run here."""
        return choose_executor(
            self.executor,
            jobs=self.jobs,
            per_gpu=self.per_gpu,
            threads=self.threads,
            device=self.device,
            address=self.address,
            shared=self.shared,
        )


def fill_records(call: Call, given: Mapping[str, Any]) -> tuple[RunRequest, RunOptions]:
    """Return both records of a call from the arguments of its public function, which are named like their fields."""
    names = {each.name for each in fields(RunOptions)}
    asked = {name: value for name, value in given.items() if name not in names}
    return RunRequest(call=call, **asked), RunOptions(**{name: given[name] for name in names & given.keys()})
