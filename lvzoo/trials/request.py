"""Two records of a call: what was asked of a run, and where and how to compute it.

`lvzoo.bench`, `lvzoo.fit` and `lvzoo.score` fill both from their arguments. The plan, the data and the command line
that repeats the call read the same record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lvzoo.arguments import check_count, check_path, list_paths
from lvzoo.errors import UsageError
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
    `seed` is that of the one training of `fit`, `seeds` is the number of trainings of each entry. `shift` names the
    shifted ranges that a phantom is drawn from. `recipe` holds fields of `lvzoo.types.Recipe`.
    """

    call: Call
    plugins: str | Sequence[str] | None = None
    preset: str = "quick"
    data: str | Path | None = None
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
        for name in ("data", "out"):
            if getattr(self, name) is not None:
                check_path(getattr(self, name), name)
        phantom = (self.phantom_size, self.phantom_seed, self.shift)
        if self.data is not None and any(each is not None for each in phantom):
            raise UsageError(
                "a data folder and a phantom's size, seed or shift exclude each other; leave one of them out"
            )
        for name, least in (("seed", 0), ("seeds", 1), ("resamples", 1)):
            if getattr(self, name) is not None:
                check_count(getattr(self, name), name, least=least)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """Where and how a run computes, and who is notified.

    `device` is auto, cpu or cuda; `executor` is process or inline. `frames` says whether the report shows test
    frames. `listeners` are objects with lvzoo's notification hooks.
    """

    device: str = "auto"
    executor: str = "process"
    frames: bool = True
    on_event: OnEvent = ignore_event
    listeners: Sequence[object] = ()


def fill_records(call: Call, given: Mapping[str, Any]) -> tuple[RunRequest, RunOptions]:
    """Return both records of a call from the arguments of its public function, which are named like their fields."""
    names = {each.name for each in fields(RunOptions)}
    asked = {name: value for name, value in given.items() if name not in names}
    return RunRequest(call=call, **asked), RunOptions(**{name: given[name] for name in names})
