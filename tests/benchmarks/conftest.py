"""Speed is judged by ratios of interleaved rounds within one run; `pytest tests/benchmarks -s --hold` holds them."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class Race(Protocol):
    """Times `ours` against `theirs` in turn and returns the median of the rounds' ratios (theirs / ours)."""

    def __call__(
        self, name: str, ours: Callable[[], object], theirs: Callable[[], object], *, at_least: float
    ) -> float: ...


@pytest.fixture
def race(request: pytest.FixtureRequest) -> Race:
    """Times with 5 rounds under `--hold`, and with one round, unjudged, where only the code is checked."""
    holding = bool(request.config.getoption("--hold"))

    def run(name: str, ours: Callable[[], object], theirs: Callable[[], object], *, at_least: float) -> float:
        rounds = [(_seconds(ours), _seconds(theirs)) for _ in range(5 if holding else 1)]
        ratio = statistics.median(slow / fast for fast, slow in rounds)
        fast, slow = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(
            f"\n{name}: {ratio:.1f}x (ours {fast * 1e3:.1f} ms, theirs {slow * 1e3:.1f} ms, at least {at_least}x)"
        )
        if holding:
            assert ratio >= at_least
        return ratio

    return run


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
