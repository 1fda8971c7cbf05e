"""Runs on a node of a Ray cluster: says what is installed there, and does one job.

The process of a job ends with the job. So each job finds an empty interpreter, as in a child of `ProcessExecutor`.
The job works in a thread of this process, and the main thread passes on what the job says.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from lvzoo.errors import LvzooError, explain_exception
from lvzoo.executors.movable import Movable
from lvzoo.executors.ray_files import ChangedFiles, find_folder, make_folder, relocate
from lvzoo.executors.ray_messages import Fault, Line, Message, Order, Send, Started
from lvzoo.executors.ray_versions import describe_code, describe_mismatch
from lvzoo.executors.task import CHILD_ENVIRONMENT, do_job
from lvzoo.processes import show_warnings_as_lines
from lvzoo.types import Event, Job

MOST_QUEUED: Final = 2
"""How many messages wait to be sent. They can be files, which must not fill the memory."""


def check_node(job: bytes, code: Mapping[str, str]) -> str:
    """Return what keeps this node from doing a job, in words; "" if nothing does."""
    if mismatch := _find_mismatch(code):
        return mismatch
    try:
        settings = _read_job(job).settings
        if isinstance(settings, Movable):
            settings.check_data()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told before it costs a training
        return _explain(error)
    return ""


def do_order(order: Order, sent: Mapping[str, Any]) -> Iterator[Message]:
    """Do a job, and yield what it says: its events, its files, and at last its result.

    `sent` has the files that the job begins with by their paths, each as a reference into Ray's object store.
    """
    messages: queue.Queue[Message | None] = queue.Queue(maxsize=MOST_QUEUED)

    def work() -> None:
        try:
            _work(order, sent, messages.put)
        finally:
            messages.put(None)

    threading.Thread(target=work, daemon=True).start()
    while (message := messages.get()) is not None:
        yield message


def remove_folder(name: str) -> None:
    """Remove the folder of a job that was ended from outside."""
    shutil.rmtree(find_folder(name), ignore_errors=True)


def _work(order: Order, sent: Mapping[str, Any], send: Send) -> None:
    """Do a job in its folder, and send what it says."""
    import ray

    os.environ.update(CHILD_ENVIRONMENT)  # before the job imports torch
    _send_warnings(send)
    send(Started(node=str(ray.get_runtime_context().get_node_id())))
    if order.elsewhere and (mismatch := _find_mismatch(order.code)):
        send(Fault(text=mismatch))
        return
    try:
        with make_folder(order.folder, sent, ray.get) as folder:
            job = _move(_read_job(order.job), folder, elsewhere=order.elsewhere, report=send)
            files = ChangedFiles(folder, last=order.last)
            result = do_job(job, partial(_report, files=files, every_s=order.files_every_s, send=send))
            files.send(send)
        send(result)
    except Exception as error:  # noqa: BLE001 - the job catches its own errors, so this is the node's
        send(Fault(text=_explain(error)))


def _find_mismatch(code: Mapping[str, str]) -> str:
    mismatch = describe_mismatch(code, describe_code(code))
    return mismatch and f"has {mismatch}; install the same there"


def _read_job(job: bytes) -> Job:
    read: Job = pickle.loads(job)  # noqa: S301 - it comes from the machine where the run began
    return read


def _move(job: Job, folder: Path | None, *, elsewhere: bool, report: Callable[[Event], None]) -> Job:
    """Return the job with the places of its files and data on this machine."""
    if not isinstance(job.settings, Movable):
        return job
    settings = relocate(job.settings, folder)
    return replace(job, settings=settings.find_data(report) if elsewhere else settings)


def _report(event: Event, *, files: ChangedFiles, every_s: float, send: Send) -> None:
    """Send an event, and now and then the files of a training."""
    if event.epoch is not None and time.monotonic() - files.sent_s >= every_s:
        files.send(send)
    send(event)


def _explain(error: Exception) -> str:
    return str(error) if isinstance(error, LvzooError) else explain_exception(error)


class _SendingHandler(logging.Handler):
    """Sends warnings and errors to the machine where the run began: nobody reads Ray's own log."""

    def __init__(self, send: Send) -> None:
        super().__init__(logging.WARNING)
        self.send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record as a line."""
        self.send(Line(text=record.getMessage()))


def _send_warnings(send: Send) -> None:
    show_warnings_as_lines()
    logging.getLogger().addHandler(_SendingHandler(send))
