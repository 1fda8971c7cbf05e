"""What was asked of a run, and where and how to compute it: one record for each.

`lvzoo.bench`, `lvzoo.fit` and `lvzoo.score` fill both from their arguments. The plan, the data and the command line
that repeats the call read the same record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from lvzoo.types import Event, OptionValue

OnEvent: TypeAlias = Callable[[str, Event], None]
"""Called with the name of a trial ("" for a step that all trials share) and an event."""
Call: TypeAlias = Literal["bench", "fit", "score"]


def ignore_event(name: str, event: Event) -> None:
    """Do nothing with an event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """What a caller asked for: everything that decides the numbers of a run, as it was given.

    `call` is the public function that was called. None stands for what was not given; the preset decides it then.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """Where and how a run computes, and who follows it.

    `device` is auto, cpu or cuda; `executor` is process or inline. `frames` says whether the report shows test
    frames. `listeners` are objects with lvzoo's notification hooks.
    """

    device: str = "auto"
    executor: str = "process"
    frames: bool = True
    on_event: OnEvent = ignore_event
    listeners: Sequence[object] = ()
