"""One run on a Ray cluster: gives the jobs to Ray, listens to them, and writes down what comes back.

Ray runs each job once. A job that fails or crashes is not tried again, since it would fail again. A job whose node is
lost is given to another node, once.
"""

from __future__ import annotations

import itertools
import logging
import secrets
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from lvzoo.errors import DataError, show_name
from lvzoo.executors.movable import Movable
from lvzoo.executors.ray_cluster import Ray, Resources, choose_nodes, list_nodes
from lvzoo.executors.ray_files import remove_others, write_file
from lvzoo.executors.ray_messages import Fault, File, Files, Line, Started
from lvzoo.executors.ray_task import EndedError, LostError, RayTask, submit
from lvzoo.executors.task import OnEvent
from lvzoo.locks import LOCK, HeldError, Lock
from lvzoo.types import Event, Job, JobResult

MOST_LOSSES: Final = 1
"""How often a job may lose its node and go to another."""
LOOK_S: Final = 1.0
"""How often it is looked whether a job hangs, a lock has become free, or a node has joined."""
END_S: Final = 5.0
"""How long the nodes may take at the end to remove the files of jobs that were ended."""
WAITING: Final = Event(step="waiting", done=0, total=1)

log = logging.getLogger(__name__)


class RayRun:
    """Runs some jobs on the connected cluster.

    Args:
        ray: the module.
        jobs: the jobs.
        asked: what each of them asks for.
        most: how many are given to Ray at once; None: as many as the nodes hold.
        shared: whether jobs write into the run folder themselves.
        elsewhere: whether nodes may be other machines, so that jobs must find their data there.
        code: the versions that the nodes must have.
        silence_s: the longest silence of a job.
        on_event: called with a job and an event of it.
    """

    def __init__(
        self,
        ray: Ray,
        jobs: Sequence[Job],
        *,
        asked: Resources,
        most: int | None,
        shared: bool,
        elsewhere: bool,
        code: Mapping[str, str],
        silence_s: float,
        on_event: OnEvent,
    ) -> None:
        self.ray = ray
        self.asked = asked
        self.most = most
        self.shared = shared
        self.elsewhere = elsewhere
        self.code = code
        self.silence_s = silence_s
        self.on_event = on_event
        self.waiting = deque(jobs)
        self.running: list[RayTask] = []
        self.losses = dict.fromkeys((job.name for job in jobs), 0)
        self.locked_out = set[str]()
        self.names: dict[str, str] = {}
        """The name of each node that was seen, by its id."""
        self.looked_s = float("-inf")
        self.removals: list[object] = []
        token = secrets.token_hex(4)
        self.folders = (f"lvzoo-{token}-{number}" for number in itertools.count())

    def results(self) -> Iterator[JobResult]:
        """Yield each job's result when it ends."""
        try:
            while self.waiting or self.running:
                self._look()
                for task, result in self._listen():
                    self._forget(task)
                    yield result
        finally:
            self._end()

    # --- Giving jobs to Ray ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look at the nodes, and give further jobs to Ray; but not for every message."""
        if time.monotonic() < self.looked_s + LOOK_S:
            return
        nodes = list_nodes(self.ray)
        self.names |= {node.id: node.name for node in nodes}
        if all(task.node is None for task in self.running):
            choose_nodes(nodes, self.asked)  # nodes may have been lost since the beginning
        # one more than the nodes hold, which tells Ray's autoscaler that there is work
        most = self.most or 1 + sum(node.has.holds(self.asked) for node in nodes)
        for _ in range(len(self.waiting)):  # each at most once, because another process may hold its lock
            if len(self.running) >= most:
                break
            job = self.waiting.popleft()
            if not self._start(job):
                self.waiting.append(job)
        self.looked_s = time.monotonic()

    def _start(self, job: Job) -> bool:
        """Give a job to Ray, unless another process holds its lock. Return whether it was given."""
        held, folder = ExitStack(), None
        if isinstance(job.settings, Movable) and not self.shared:
            if not self._hold(job, held):
                return False
            folder = next(self.folders)
        task = submit(
            self.ray,
            job,
            asked=self.asked,
            code=self.code,
            folder=folder,
            elsewhere=self.elsewhere,
            held=held,
        )
        self.running.append(task)
        return True

    def _hold(self, job: Job, held: ExitStack) -> bool:
        """Hold the lock of a job's folder, and return whether it is held."""
        output = job.settings.output
        try:
            held.enter_context(Lock(path=output / LOCK).hold(lambda _advice: None, patience_s=0))
        except HeldError:
            if job.name not in self.locked_out:
                self.locked_out.add(job.name)
                self.on_event(job, WAITING)
            return False
        except OSError as error:
            raise DataError(
                f"{show_name(output)}: cannot be written ({error.strerror}); see who may write there"
            ) from error
        if job.name in self.locked_out:
            self.locked_out.remove(job.name)
            self.on_event(job, replace(WAITING, done=1))
        return True

    # --- Listening to jobs ----------------------------------------------------------------------------------------

    def _listen(self) -> Iterator[tuple[RayTask, JobResult]]:
        """Wait for the next messages. Yield the result of each job that ends or hangs."""
        if not self.running:  # other processes hold all locks
            time.sleep(LOOK_S)
            return
        ready, _ = self.ray.wait([task.stream for task in self.running], num_returns=1, timeout=LOOK_S)
        for task in [task for task in self.running if task.stream in ready]:
            if (result := self._receive(task)) is not None:
                yield task, result
        for task in list(self.running):
            if task.is_silent(self.silence_s):
                self._kill(task)
                yield task, self._fail(task, f"was silent for {self.silence_s:.0f} s and was killed")

    def _receive(self, task: RayTask) -> JobResult | None:
        """Take the next message of a job, and return the job's result if it has ended."""
        try:
            message = task.receive()
        except LostError:
            return self._lose(task)
        except EndedError as end:
            self.removals += task.remove_files()
            return self._fail(task, str(end))
        match message:
            case Started(node=node):
                task.node = node
            case Event():
                self.on_event(task.job, message)
            case Line(text=text):
                log.warning("%s: %s", task.job.name, text)
            case File() | Files():
                return self._take(task, message)
            case Fault(text=text):
                raise DataError(f"node {self._name_node(task)}: {text}")
            case JobResult():
                return replace(message, job=task.job)
        return None

    def _take(self, task: RayTask, message: File | Files) -> JobResult | None:
        """Write a file that came back, or remove those that the job has removed; return a failure if it cannot be."""
        output = task.job.settings.output
        try:
            if isinstance(message, File):
                write_file(output, message)
            else:
                remove_others(output, message.names)
        except OSError as error:
            self._kill(task)
            return JobResult(
                job=task.job,
                error=f"{output}: cannot be written ({error.strerror}); make room, and repeat the command",
            )
        return None

    def _lose(self, task: RayTask) -> JobResult | None:
        """Give a job to another node, because its own was lost; return a failure if this happens too often."""
        self.losses[task.job.name] += 1
        if self.losses[task.job.name] > MOST_LOSSES:
            return self._fail(task, "was lost with its node, for the second time")
        log.warning(
            "%s: its node %s was lost; another one does it again", task.job.name, self._name_node(task)
        )
        self._forget(task)
        self.waiting.appendleft(task.job)
        return None

    def _fail(self, task: RayTask, what: str) -> JobResult:
        return JobResult(job=task.job, error=f"its process on {self._name_node(task)} {what}")

    def _name_node(self, task: RayTask) -> str:
        return self.names.get(task.node or "", "the cluster")

    # --- Ending jobs ----------------------------------------------------------------------------------------------

    def _forget(self, task: RayTask) -> None:
        """Free the lock of a job that has ended, and its place."""
        if task in self.running:
            self.running.remove(task)
        task.held.close()
        self.looked_s = float("-inf")

    def _kill(self, task: RayTask) -> None:
        """End a job, and remove its files on the node."""
        task.cancel()
        self.removals += task.remove_files()

    def _end(self) -> None:
        """End all jobs that still run, and wait until their files are removed."""
        for task in self.running:
            self._kill(task)
            task.held.close()
        self.running.clear()
        if self.removals:
            self.ray.wait(self.removals, num_returns=len(self.removals), timeout=END_S)
