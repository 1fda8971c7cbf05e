"""Runs jobs as tasks of a Ray cluster, on this machine and on others."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lvzoo.errors import LvzooError, UsageError, explain_exception, name_some
from lvzoo.executors.movable import Movable
from lvzoo.executors.ray_cluster import (
    Node,
    Ray,
    choose_nodes,
    connect,
    find_address,
    find_nodes,
    import_ray,
    list_nodes,
    on_node,
    plan_resources,
)
from lvzoo.executors.ray_node import check_node
from lvzoo.executors.ray_run import RayRun
from lvzoo.executors.ray_versions import describe_code
from lvzoo.executors.slots import SlotPlan, describe_slots
from lvzoo.executors.task import LONGEST_SILENCE_S, OnEvent
from lvzoo.types import Job, JobResult

CHECK_S: Final = 120.0
"""How long a node may take to say what is installed there. It may have to start Python and import torch for that."""
MOST_FAULTS: Final = 3
"""How many nodes an error names."""


class RayExecutor:
    """Runs each job as a task of Ray, which says how many CPUs and GPUs and how much memory it needs.

    Without an address, Ray is started on this machine for the time of the run. If this program uses Ray already, that
    cluster is used, and left as it is.

    Args:
        jobs: how many jobs are given to Ray at once; None: as many as the nodes hold.
        per_gpu: how many jobs share a GPU.
        threads: how many threads each job has on the CPU.
        device: what the jobs compute on.
        address: HOST:PORT of the cluster, which this machine must be a node of.
        shared: whether the run folder is at the same path on every node. Otherwise, files are sent there and back.
        silence_s: a job that reports nothing for so long counts as hanging and is ended.

    Raises:
        UsageError: Ray is not installed, no cluster answers at the address, or no node can hold a job.
    """

    def __init__(
        self,
        *,
        jobs: int | None = None,
        per_gpu: int = 1,
        threads: int = 1,
        device: str = "cpu",
        address: str | None = None,
        shared: bool = False,
        silence_s: float = LONGEST_SILENCE_S,
    ) -> None:
        self.ray = import_ray()
        self.jobs = jobs
        self.asked = plan_resources(threads=threads, per_gpu=per_gpu, device=device)
        self.address = find_address(address)
        self.shared = shared
        self.silence_s = silence_s
        self.nodes = find_nodes(self.ray, self.address, self.asked)

    def describe(self, jobs: int) -> str:
        """Return how many of so many jobs run at once, with how many threads, and on how many nodes."""
        places = sum(node.has.holds(self.asked) for node in self.nodes)
        reason = f"{len(self.nodes)} Ray node{'' if len(self.nodes) == 1 else 's'}"
        plan = SlotPlan(slots=[{}] * min(places, self.jobs or places), reason=reason)
        return describe_slots(plan, jobs=jobs, threads=int(self.asked.cpus))

    def run(self, jobs: Sequence[Job], *, on_event: OnEvent) -> Iterator[JobResult]:
        """Yield each job's result when it ends. An interruption ends all jobs.

        Raises:
            LvzooError: a node has other versions or other data, no node is left, or the cluster cannot be reached.
        """
        if not jobs:
            return
        with connect(self.ray, self.address) as own:
            try:
                nodes = choose_nodes(list_nodes(self.ray), self.asked)
                code = describe_code(_list_packages(jobs))
                if not own:
                    _check_code_and_data(self.ray, nodes, jobs[0], code)
                run = RayRun(
                    self.ray,
                    jobs,
                    asked=self.asked,
                    most=self.jobs,
                    shared=self.shared or own,
                    elsewhere=not own,
                    code=code,
                    silence_s=self.silence_s,
                    on_event=on_event,
                )
                yield from run.results()
            except self.ray.exceptions.RayError as error:
                raise LvzooError(
                    f"the Ray cluster was lost ({explain_exception(error)}); repeat the command to go on"
                ) from error


def _list_packages(jobs: Sequence[Job]) -> set[str]:
    """Return the packages whose code decides the numbers of some jobs."""
    return {package for job in jobs if isinstance(job.settings, Movable) for package in job.settings.packages}


def _check_code_and_data(ray: Ray, nodes: Sequence[Node], job: Job, code: Mapping[str, str]) -> None:
    """Ask every node whether it has the same versions and the data of a job.

    Raises:
        UsageError: some have not; it says what each of them lacks.
    """
    check = ray.remote(max_retries=0, max_calls=1, num_cpus=0)(check_node)
    packed = pickle.dumps(job)
    asked = {
        check.options(scheduling_strategy=on_node(ray, node.id)).remote(packed, code): node for node in nodes
    }
    answered, late = ray.wait(list(asked), num_returns=len(asked), timeout=CHECK_S)
    faults = {asked[each].name: f"did not answer in {CHECK_S:.0f} s" for each in late}
    for each in answered:
        if fault := _read_answer(ray, each):
            faults[asked[each].name] = fault
    if faults:
        told = [f"node {name}: {fault}" for name, fault in sorted(faults.items())]
        raise UsageError(name_some(told, MOST_FAULTS, separator="; "))


def _read_answer(ray: Ray, answer: object) -> str:
    """Return what a node lacks. A node that was lost meanwhile lacks nothing: it gets no job."""
    try:
        return str(ray.get(answer))
    except (ray.exceptions.NodeDiedError, ray.exceptions.TaskUnschedulableError):
        return ""
    except ray.exceptions.RayTaskError as error:  # lvzoo cannot be imported there, or is too old
        return f"{explain_exception(error.cause)}; install the same lvzoo there"
