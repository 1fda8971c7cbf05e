"""Smooths values in time while they come in: a Gaussian over the true times of the frames.

Letters in names: B frames that come in together, N frames that are held, R frames that are ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch

SIGMA_MS: Final = 40.0
"""Standard deviation of the Gaussian in milliseconds.

The mean over time also flattens the heart's own movement: the ventricle becomes a little smaller at ED and larger at
ES (docs/clips.md has figures).
"""
REACH: Final = 3.05
"""A frame is averaged with the frames within so many standard deviations.

At 25 or 50 frames per second, some frames are exactly 120 ms away. The margin makes sure that they always count.
"""
MOST_FRAMES: Final = 250
"""A frame is averaged with at most so many frames before it, and as many after it.

Only clips of more than 2,050 frames per second have more frames within reach. The values that are held therefore need
a bounded memory, whatever the times are: those of 112 x 112 pixels at most about 30 MB.
"""


class UntimedError(ValueError):
    """A frame has no time, or one that is not later than that of the frame before it."""


class Smoother:
    """Averages the values of frames over time. The values are those of one frame after the other, of any shape.

    The weight of a frame at the distance dt is exp(-dt^2 / (2 sigma^2)), divided by the sum of the weights. Frames
    that are missing have no weight, so the spacing may be uneven.
    """

    def __init__(self, sigma_s: float) -> None:
        self.sigma_s = sigma_s
        self._times_s: list[float] = []
        self._values_N: torch.Tensor | None = None
        self._next = 0
        """The place of the first frame that is not ready, among those that are held."""

    def push(self, times_s: Sequence[float | None], values_B: torch.Tensor) -> torch.Tensor:
        """Take the values of the next frames, and return the smoothed values of those that are now ready.

        A frame is ready when no later frame can have a weight.

        Raises:
            UntimedError: a time is not known, or the times do not increase.
        """
        for time_s in times_s:
            if time_s is None or (self._times_s and time_s <= self._times_s[-1]):
                raise UntimedError
            self._times_s.append(time_s)
        held_N = self._values_N
        self._values_N = values_B if held_N is None else torch.cat([held_N, values_B])
        last, end = len(self._times_s) - 1, self._next
        while end <= last and (
            self._times_s[last] - self._times_s[end] > self.reach_s or last - end >= MOST_FRAMES
        ):
            end += 1
        return self._smooth(end)

    def finish(self) -> torch.Tensor:
        """Return the smoothed values of the frames that were not ready before. The clip has ended.

        At least one frame must have been pushed.
        """
        return self._smooth(len(self._times_s))

    @property
    def reach_s(self) -> float:
        """The largest distance in time at which a frame has a weight."""
        return REACH * self.sigma_s

    def _smooth(self, end: int) -> torch.Tensor:
        """Return the smoothed values of the frames before the place `end`, and forget what is no longer needed."""
        if self._values_N is None:
            raise AssertionError  # push comes first
        values_N, first = self._values_N, self._find_first(end)
        weights_RN = self._weigh(end).to(values_N)
        smoothed_R = (weights_RN @ values_N.flatten(1)).view(len(weights_RN), *values_N.shape[1:])
        self._times_s, self._values_N = self._times_s[first:], values_N[first:].clone()
        self._next = end - first
        return smoothed_R

    def _weigh(self, end: int) -> torch.Tensor:
        """Return the weights of all held frames for each frame from the next one to the place `end`."""
        times_s_N, places_N = (
            torch.tensor(self._times_s, dtype=torch.float64),
            torch.arange(len(self._times_s)),
        )
        gaps_s_RN = times_s_N[self._next : end, None] - times_s_N
        steps_RN = places_N[self._next : end, None] - places_N
        near_RN = (gaps_s_RN.abs() <= self.reach_s) & (steps_RN.abs() <= MOST_FRAMES)
        weights_RN = near_RN * torch.exp(-0.5 * (gaps_s_RN / self.sigma_s) ** 2)
        return weights_RN / weights_RN.sum(dim=1, keepdim=True)

    def _find_first(self, end: int) -> int:
        """Return the place of the first frame that a frame at `end` or later can need."""
        first = max(0, end - MOST_FRAMES)
        # The time of a frame that has not come in yet is not known, but it is later than the last one.
        soonest_s = self._times_s[min(end, len(self._times_s) - 1)]
        while first < end and soonest_s - self._times_s[first] > self.reach_s:
            first += 1
        return first
