"""Says what the settings of a job must offer so that another machine can do the job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from lvzoo.types import Event


@runtime_checkable
class Movable(Protocol):
    """Settings of a job that can move: they name the job's files, its data and its code."""

    @property
    def output(self) -> Path:
        """The folder that the job writes. It may hold files of an earlier try, which the job goes on from."""
        ...

    @property
    def status(self) -> Path:
        """The file in `output` that says what is done. It is always written last."""
        ...

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The other files that the job reads and that no other machine can make or find, for example weights."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """The Python packages, besides lvzoo, whose code decides the job's numbers."""
        ...

    def relocate(self, *, output: Path, inputs: Sequence[Path]) -> Self:
        """Return the settings with other places for `output` and `inputs`."""
        ...

    def check_data(self) -> None:
        """Check within seconds that the job's data are on this machine or can be made here.

        Raises:
            LvzooError: they are not, and cannot.
        """
        ...

    def find_data(self, report: Callable[[Event], None]) -> Self:
        """Return the settings with the place of the data on this machine. Make them first if they are missing.

        Raises:
            LvzooError: the data are missing, or differ from those on the machine where the run began.
        """
        ...
