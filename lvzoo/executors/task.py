"""Does one job in the process that it was sent to. Every executor ends up here."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias

from lvzoo.errors import LvzooError, explain_exception
from lvzoo.plugins import resolve
from lvzoo.types import Event, Job, JobResult

OnEvent: TypeAlias = Callable[[Job, Event], None]
"""Called with a job and an event of it, in the process that runs the executor."""

LONGEST_SILENCE_S: Final = 3600.0
"""How long a job may report nothing until it counts as hanging."""
CHILD_ENVIRONMENT: Final = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "GOMP_SPINCOUNT": "1000",
    "THP_MEM_ALLOC_ENABLE": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(512 * 2**20),
}
"""What a process of a job is started with.

Libraries start one thread, because the jobs beside it share the processors. A job whose settings ask for more threads
of torch sets their number itself. Such threads of OpenMP stop spinning soon when they wait for each other. Spinning
slows training many times if other programs use the processor too, and gains almost nothing if it is idle.

On Linux, torch takes memory for large tensors in huge pages, which saves about 5 % of a training's time. The C
library keeps up to 512 MB of freed memory for the next tensors, which saves another 2 %: the system would clear every
page before it hands it out again.
"""


def do_job(job: Job, report: Callable[[Event], None]) -> JobResult:
    """Call a job's task. Any exception becomes the result's error."""
    try:
        return JobResult(job=job, summary=resolve(job.task)(job.settings, report))
    except LvzooError as error:
        return JobResult(job=job, error=str(error), traceback=traceback.format_exc())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; it is recorded
        return JobResult(job=job, error=explain_exception(error), traceback=traceback.format_exc())


@contextmanager
def set_environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that are started meanwhile, and set them back."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
