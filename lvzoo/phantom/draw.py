"""Kinds of ranges. Each draws a value from exactly one uniform random number.

A range can therefore be replaced by another kind without changing what is drawn after it: a shifted phantom shows
the same patients, and only what was shifted differs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from statistics import NormalDist

from numpy.random import Generator

STANDARD_NORMAL = NormalDist()
LEAST_SHARE = 1e-12
"""A uniform number may be 0, for which the normal distribution has no finite quantile."""


class Number(ABC):
    """A range of numbers, defined by its quantile function."""

    __slots__ = ()

    @abstractmethod
    def at(self, share: float) -> float:
        """Return the quantile: the number below which a share 0..1 of all draws lies."""

    def draw(self, rng: Generator) -> float:
        """Draw a number."""
        return self.at(rng.random())


@dataclass(frozen=True, slots=True)
class Uniform(Number):
    """Uniform between two numbers."""

    low: float
    high: float

    def at(self, share: float) -> float:
        """Return the quantile."""
        return self.low + share * (self.high - self.low)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class LogUniform(Number):
    """Between two positive numbers, with a uniformly distributed logarithm."""

    low: float
    high: float

    def at(self, share: float) -> float:
        """Return the quantile."""
        return float(self.low * (self.high / self.low) ** share)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}, log"


@dataclass(frozen=True, slots=True)
class Normal(Number):
    """Normally distributed; values outside of `low` and `high` are set to these bounds."""

    mean: float
    sd: float
    low: float
    high: float

    def at(self, share: float) -> float:
        """Return the quantile."""
        score = STANDARD_NORMAL.inv_cdf(min(max(share, LEAST_SHARE), 1 - LEAST_SHARE))
        return min(max(self.mean + self.sd * score, self.low), self.high)

    def __str__(self) -> str:
        return f"{self.mean:g} ± {self.sd:g}, within {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Either(Number):
    """One range for a share of the patients, another for the rest."""

    share: float
    first: Number
    second: Number

    def at(self, share: float) -> float:
        """Return a draw of the mixture: the share chooses the range and the quantile in it (not the mixture's)."""
        if share < self.share:
            return self.first.at(share / self.share)
        return self.second.at((share - self.share) / (1 - self.share))

    def __str__(self) -> str:
        return f"{self.share:.0%}: {self.first}; else {self.second}"


@dataclass(frozen=True, slots=True)
class Chance:
    """Whether something is there."""

    share: float

    def draw(self, rng: Generator) -> bool:
        """Draw whether it is there."""
        return bool(rng.random() < self.share)

    def __str__(self) -> str:
        return f"in {self.share:.0%}"


@dataclass(frozen=True, slots=True)
class Poisson:
    """How many of something there are."""

    mean: float

    def draw(self, rng: Generator) -> int:
        """Draw the count by inversion: the first one whose cumulative probability reaches a uniform number."""
        share, count = rng.random(), 0
        term = reached = math.exp(-self.mean)  # P(count) and P(at most count)
        while reached < share and term > LEAST_SHARE:
            count += 1
            term *= self.mean / count
            reached += term
        return count

    def __str__(self) -> str:
        return f"{self.mean:g} on average"
