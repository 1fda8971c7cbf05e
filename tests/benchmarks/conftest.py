"""Compares speeds by the ratios of interleaved rounds within one process.

`pytest tests/benchmarks -s --hold` fails if a ratio is below its bound. Without `--hold`, they only have to run.
"""

from __future__ import annotations

import statistics
from timeit import timeit
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class Race(Protocol):
    """Times `ours` and `theirs` in turn and returns the median of the rounds' ratios (theirs / ours)."""

    def __call__(
        self, name: str, ours: Callable[[], object], theirs: Callable[[], object], *, at_least: float
    ) -> float: ...


@pytest.fixture
def race(request: pytest.FixtureRequest) -> Race:
    """Return a race of 5 rounds with `--hold`; without it, of one round whose ratio is not checked."""
    holding = bool(request.config.getoption("--hold"))

    def run(name: str, ours: Callable[[], object], theirs: Callable[[], object], *, at_least: float) -> float:
        rounds = [(timeit(ours, number=1), timeit(theirs, number=1)) for _ in range(5 if holding else 1)]
        ratio = statistics.median(slow / fast for fast, slow in rounds)
        fast, slow = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(
            f"\n{name}: {ratio:.1f}x (ours {fast * 1e3:.1f} ms, theirs {slow * 1e3:.1f} ms, at least {at_least}x)"
        )
        if holding:
            assert ratio >= at_least
        return ratio

    return run
