"""Says how many jobs run at once on this machine, and which GPU each of them sees."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lvzoo.processes import count_processors

VISIBLE: Final = "CUDA_VISIBLE_DEVICES"

Slot: TypeAlias = Mapping[str, str]
"""A place where one job runs at a time: the environment variables that tell its process which GPU it sees."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotPlan:
    """The slots of this machine, and why there are so many: "2 processors"."""

    slots: Sequence[Slot]
    reason: str


def plan_slots(*, jobs: int | None, per_gpu: int, threads: int, device: str) -> SlotPlan:
    """Return the slots of this machine.

    Args:
        jobs: the number of slots; None: `per_gpu` for each GPU, or without a GPU as many as the processors allow.
        per_gpu: how many jobs share a GPU.
        threads: how many processors a job keeps busy if it computes on the CPU.
        device: auto, cpu, cuda or cuda:N. "auto" and "cuda" use all GPUs that this process sees.
    """
    gpus = _list_gpus(device)
    if jobs is not None:
        count, reason = jobs, f"--jobs {jobs}"
    elif gpus:
        count, reason = per_gpu * len(gpus), _count(len(gpus), "GPU")
    else:
        processors = count_processors()
        count, reason = max(1, processors // threads), _count(processors, "processor")
    # A single GPU is found by every job. Where there are several, each job sees only its own.
    places: Sequence[Slot] = [{VISIBLE: gpu} for gpu in gpus] if len(gpus) > 1 else [{}]
    return SlotPlan(slots=[places[number % len(places)] for number in range(count)], reason=reason)


def describe_slots(plan: SlotPlan, *, jobs: int, threads: int) -> str:
    """Return how many of so many jobs run at once, with how many threads, and why.

    >>> describe_slots(SlotPlan(slots=[{}, {}], reason="2 processors"), jobs=5, threads=1)
    '2 trials at once, 1 thread each: 2 processors'
    >>> describe_slots(SlotPlan(slots=[{}, {}], reason="2 processors"), jobs=1, threads=1)
    '1 trial, 1 thread'
    """
    if jobs == 1:
        return f"1 trial, {_count(threads, 'thread')}"
    at_once = min(jobs, len(plan.slots))
    if at_once == 1:
        return f"1 trial at a time, {_count(threads, 'thread')}: {plan.reason}"
    return f"{at_once} trials at once, {_count(threads, 'thread')} each: {plan.reason}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _list_gpus(device: str) -> list[str]:
    """Return the GPUs that jobs may use, as CUDA_VISIBLE_DEVICES names them; none for the CPU."""
    if device == "cpu":
        return []
    if ":" in device:
        return [device.partition(":")[2]]
    import torch

    seen = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return named[:seen] if named else [str(index) for index in range(seen)]
