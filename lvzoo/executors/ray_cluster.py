"""Connects to a Ray cluster or starts Ray on this machine, and says whether its nodes can hold a trial.

Ray waits for ever with a task that no node can hold. So the request is compared with the nodes before anything is
submitted.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from lvzoo.errors import UsageError, name_option, one_line
from lvzoo.executors.memory import ASSUMED_BYTES
from lvzoo.executors.task import set_environment
from lvzoo.processes import count_processors, find_free_memory

Ray: TypeAlias = Any
"""The module `ray`. It is an extra, and is only imported if it is asked for."""

ADDRESS: Final = "RAY_ADDRESS"
"""The variable that names the cluster for programs that `ray job submit` starts."""
AUTOMATIC: Final = "auto"
"""Ray's own name for the cluster that this machine belongs to."""
EXECUTOR: Final = name_option("executor", "ray")
MUTE: Final = {"RAY_DEDUP_LOGS_SKIP_REGEX": "."}
"""Makes Ray print no log of its processes on stdout, where lvzoo's results go. It is read when `ray` is imported."""
NO_REPORT_HOME: Final = {"RAY_USAGE_STATS_ENABLED": "0"}
"""Makes a Ray that is started here send no statistics of its use to its authors."""
OBJECTS_BYTES: Final = 100_000_000
"""The size of the object store of a Ray that is started here. Only events go through it."""
ANSWER_S: Final = 3.0
"""How long a cluster may take to answer at its address."""
GB: Final = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What a trial asks for, or what a node has."""

    cpus: float
    gpus: float
    memory_bytes: float

    def holds(self, asked: Resources) -> int:
        """Return how many times something that is asked for fits in here."""
        pairs = [(self.cpus, asked.cpus), (self.gpus, asked.gpus), (self.memory_bytes, asked.memory_bytes)]
        return min(int(has / wants + 1e-6) for has, wants in pairs if wants)  # 1e-6: three thirds are one

    def as_options(self) -> Mapping[str, float]:
        """Return the resources by the names that Ray gives them as options of a task."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, "memory": self.memory_bytes}

    def __str__(self) -> str:
        """Return the resources in words.

        >>> str(Resources(cpus=2, gpus=0.5, memory_bytes=1.5e9))
        '2 CPUs, 0.5 GPUs and 1.5 GB of memory'
        """
        cpus, gpus = (
            f"{count:g} {name}{'' if count == 1 else 's'}"
            for count, name in ((self.cpus, "CPU"), (self.gpus, "GPU"))
        )
        return f"{cpus}, {gpus} and {self.memory_bytes / GB:.1f} GB of memory"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A node that runs."""

    id: str
    name: str
    has: Resources


def import_ray() -> Ray:
    """Import and return Ray; UsageError if it is not installed."""
    try:
        with set_environment(MUTE if "ray" not in sys.modules else {}):
            import ray
            import ray.util.scheduling_strategies
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise UsageError(
            f"ray is not installed; pip install 'lvzoo[ray]', or leave out {EXECUTOR}"
        ) from error
    return ray


def plan_resources(*, threads: int, per_gpu: int, device: str) -> Resources:
    """Return what a trial asks for: a CPU for each thread, its share of a GPU, and an assumed memory.

    Raises:
        UsageError: this machine has no such device, or the device has a number.
    """
    if device == "cpu":
        return Resources(cpus=threads, gpus=0, memory_bytes=ASSUMED_BYTES)
    from lvzoo.device import choose_device

    if ":" in device:
        raise UsageError(f"device {device!r}: Ray chooses the GPU; use {name_option('device', 'cuda')}")
    on_gpu = choose_device(device).type == "cuda"
    return Resources(cpus=threads, gpus=1 / per_gpu if on_gpu else 0, memory_bytes=ASSUMED_BYTES)


def find_address(address: str | None) -> str | None:
    """Return the address of the cluster: the given one, or that of RAY_ADDRESS; None if Ray is to be started here.

    Raises:
        UsageError: it is no HOST:PORT.

    >>> find_address("10.0.0.1:6379")
    '10.0.0.1:6379'
    """
    found = address or os.environ.get(ADDRESS)
    if found in (None, "", AUTOMATIC):
        return found or None
    if re.fullmatch(r"[^/]+:[0-9]+", str(found)) is None:
        raise UsageError(
            f"address {found!r}: is no HOST:PORT; `ray start --head` prints the address, for example 10.0.0.1:6379"
        )
    return found


@contextmanager
def connect(ray: Ray, address: str | None) -> Iterator[bool]:
    """Use the cluster at an address, the one that this program uses already, or a Ray that is started here.

    Yield whether Ray was started here, so that the trials run on this machine. Such a Ray is ended at the end.

    Raises:
        UsageError: no cluster answers at the address, or this program cannot use it.
    """
    if ray.is_initialized():
        yield False
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        with set_environment(NO_REPORT_HOME):
            ray.init(
                address="local",
                num_cpus=count_processors(),
                include_dashboard=False,
                object_store_memory=OBJECTS_BYTES,
                _memory=int(_find_resources_here().memory_bytes),
                **quiet,
            )
    else:
        _check_answers(address)
        try:
            ray.init(address=address, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UsageError(
                f"{address}: Ray cannot be used from here ({one_line(error)}); this machine must be a node of the "
                f"cluster (ray start --address={address}), and if the cluster has a token, this program must have it "
                "too (RAY_AUTH_MODE=token)"
            ) from error
    try:
        yield address is None
    finally:
        ray.shutdown()


def find_nodes(ray: Ray, address: str | None, asked: Resources) -> list[Node]:
    """Return the nodes that can hold a trial. This takes about a second and happens before any work.

    Raises:
        UsageError: none can, or the cluster cannot be used.
    """
    if address is None and not ray.is_initialized():  # Ray need not be started to know what it will have
        here = _find_resources_here(on_gpu=asked.gpus > 0)
        return choose_nodes([Node(id="", name="this machine", has=here)], asked)
    with connect(ray, address):
        return choose_nodes(list_nodes(ray), asked)


def choose_nodes(nodes: Sequence[Node], asked: Resources) -> list[Node]:
    """Return the nodes that can hold a trial.

    Raises:
        UsageError: none can; it says what is asked for and what the largest node has.
    """
    if large := [node for node in nodes if node.has.holds(asked)]:
        return large
    least = f"a trial asks for {asked} on one node"
    if not nodes:
        raise UsageError(f"{least}, and the cluster has no node; start one with `ray start`")
    largest = max(
        nodes, key=lambda node: (asked.gpus and node.has.gpus, node.has.cpus, node.has.memory_bytes)
    )
    raise UsageError(
        f"{least}, but the largest node ({largest.name}) has {largest.has}; use fewer {name_option('threads')}, or "
        "start a larger node"
    )


def list_nodes(ray: Ray) -> list[Node]:
    """Return the nodes that run, by name."""
    nodes = [
        Node(
            id=node["NodeID"],
            name=f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})",
            has=Resources(
                cpus=node["Resources"].get("CPU", 0),
                gpus=node["Resources"].get("GPU", 0),
                memory_bytes=node["Resources"].get("memory", 0),
            ),
        )
        for node in ray.nodes()
        if node["Alive"]
    ]
    return sorted(nodes, key=lambda node: node.name)


def _find_resources_here(*, on_gpu: bool = False) -> Resources:
    """Return what this machine offers to a Ray that is started here.

    The memory is enough for one trial in any case, since the other executors start one in any case as well.
    """
    gpus = 0
    if on_gpu:
        import torch

        gpus = torch.cuda.device_count()
    memory_bytes = max(find_free_memory(), ASSUMED_BYTES)
    return Resources(cpus=count_processors(), gpus=gpus, memory_bytes=memory_bytes)


def _check_answers(address: str) -> None:
    """Raise UsageError if nothing answers at an address: Ray itself would try for a minute."""
    if address == AUTOMATIC:
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"{address}: no Ray answers there ({one_line(error)}); start one with `ray start --head`, which prints "
            "its address"
        ) from error


def on_node(ray: Ray, node: str) -> object:
    """Return the option that binds a task to the node with an id."""
    return ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
