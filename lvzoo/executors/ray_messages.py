"""What the machine where a run began and a node of a Ray cluster tell each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lvzoo.types import Event, JobResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a node is told to do.

    The job is pickled, because unpickling it imports torch, and the environment must be set before that.
    """

    job: bytes
    code: Mapping[str, str]
    """The versions that the node must have: `describe_code`."""
    folder: str | None = None
    """The name of a folder for the job's files, which are sent back. None: the job writes into the run folder."""
    last: str = ""
    """The file that is sent back after all others: it says what is done."""
    files_every_s: float
    """How often the files of a training are sent back."""
    elsewhere: bool = True
    """Whether the node may be another machine than that where the run began, so that the data must be found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The job has started on the node with this id."""

    node: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the job's log, which is shown where the run began."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file that the job has written, by its path in the output folder."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """All files of the output folder by their paths. Those that have changed were sent just before this."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """The node can do neither this job nor any other of the run."""

    text: str


Message: TypeAlias = Started | Event | Line | File | Files | Fault | JobResult
Send: TypeAlias = Callable[[Message], None]
