"""Finds an executor by its name."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from typing import Any, Final

from lvzoo.arguments import check_count
from lvzoo.errors import UsageError, choose, name_option
from lvzoo.executors.inline import InlineExecutor
from lvzoo.executors.process import ProcessExecutor
from lvzoo.executors.ray import RayExecutor
from lvzoo.interfaces import Executor
from lvzoo.processes import GUARD, find_lost_script

FILE: Final = 'write the script into a file, or use executor="inline"'
RAY: Final = "ray"
EXECUTORS: Final[Mapping[str, Callable[..., Executor]]] = {
    "process": ProcessExecutor,
    "inline": lambda *, jobs, **_: _make_inline(jobs),
    RAY: RayExecutor,
}


def choose_executor(
    name: str,
    *,
    jobs: int | None = None,
    per_gpu: int = 1,
    threads: int = 1,
    device: str = "cpu",
    address: str | None = None,
    shared: bool = False,
) -> Executor:
    """Return a named executor. The other arguments say how many jobs run at once: see `ProcessExecutor`.

    `address` and `shared` are arguments of `RayExecutor` only.

    Raises:
        UsageError: no executor has the name; or a number is less than 1; or child processes are needed, but the
            calling script has no guard or is not a file; or an argument is not this executor's; or Ray cannot run.
    """
    check_not_starting()
    for argument, value in {"jobs": jobs, "per_gpu": per_gpu, "threads": threads}.items():
        if value is not None:
            check_count(value, argument, least=1)
    make = choose(name, EXECUTORS, "executor")
    of_ray: dict[str, Any] = {"address": address, "shared": shared}
    if name != RAY:
        for argument in [argument for argument, value in of_ray.items() if value]:
            raise UsageError(
                f"{name_option(argument)} is for {name_option('executor', RAY)} only; leave it out"
            )
        of_ray = {}
    executor = make(jobs=jobs, per_gpu=per_gpu, threads=threads, device=device, **of_ray)
    if isinstance(executor, ProcessExecutor) and (script := find_lost_script()) is not None:
        raise UsageError(
            f"{script}: each child process must import this script, but it is not a file; {FILE}"
        )
    return executor


def check_not_starting() -> None:
    """Raise UsageError in a child that is starting: it imports its parent's script, which has no guard.

    Otherwise the script would start children of its own in each child.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError(f"each child process runs this script from the top; {GUARD}")


def _make_inline(jobs: int | None) -> InlineExecutor:
    """Return the executor of this process; UsageError if several jobs shall run at once."""
    if jobs is not None and jobs > 1:
        inline = name_option("executor", "inline")
        raise UsageError(f"{inline} runs one trial at a time; leave out {name_option('jobs')}")
    return InlineExecutor()
