"""Numbers the frames of a video that a decoder gives, also if it fails on some of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MOST_LOST: Final = 500
"""A file has ended if so many attempts in a row give no frame. A longer gap in the stamps is not a gap of frames."""
FEWEST_INTERVALS: Final = 2
"""A rate can be called constant after so many intervals between frames."""
MOST_UNEVEN: Final = 1.5
"""The longest interval between frames is at most so many times the shortest one if the rate is constant. Containers
round stamps to milliseconds."""
MOST_OFF: Final = 0.25
"""A stamp fits a constant rate if it is off by at most this part of an interval."""


@dataclass(kw_only=True, slots=True)
class _Rate:
    """The intervals between the frames before the first failure, in seconds."""

    count: int = 0
    total_s: float = 0.0
    shortest_s: float = float("inf")
    longest_s: float = 0.0

    def add(self, interval_s: float) -> None:
        self.count += 1
        self.total_s += interval_s
        self.shortest_s = min(self.shortest_s, interval_s)
        self.longest_s = max(self.longest_s, interval_s)

    def count_missing(self, interval_s: float) -> int | None:
        """Return how many frames are missing within an interval; None if the rate is not constant."""
        if self.count < FEWEST_INTERVALS or not 0 < self.longest_s <= MOST_UNEVEN * self.shortest_s:
            return None
        steps = interval_s * self.count / self.total_s
        if not 1 - MOST_OFF <= steps <= MOST_LOST or abs(steps - round(steps)) > MOST_OFF:
            return None
        return round(steps) - 1


def number_frames(stamps: Iterable[float | None]) -> Iterator[tuple[int | None, float | None]]:
    """Yield the number and the time stamp of each frame.

    A decoder fails in the order in which the frames are stored. With B-frames they are shown in another order, so
    the place of a failure does not tell which frame is lost. The time stamps tell it: if the frames before the first
    failure have a constant rate, the frames that are missing in the times are the lost ones. If the rate is not
    constant, the frames are numbered one after the other, and it is not known which ones are lost.

    Args:
        stamps: the stamps in seconds, and None for each failure of the decoder.

    Yields:
        The number, from 0, or None if it is not known; the stamp, or None if the frame is lost.
    """
    rate, is_constant = _Rate(), True
    number, failures, failed, last_s = 0, 0, False, None
    for stamp_s in stamps:
        if stamp_s is None:
            failures, failed = failures + 1, True
            continue
        missing: int | None = 0
        if last_s is None:  # whatever failed before the first frame lies in front of it
            missing, failed = failures, False
        elif failed:
            missing = rate.count_missing(stamp_s - last_s) if is_constant else None
            is_constant = missing is not None
        else:
            rate.add(stamp_s - last_s)
        if missing is None:
            yield from itertools.repeat((None, None), failures)
        else:
            yield from ((number + each, None) for each in range(missing))
            number += missing
        yield number, stamp_s
        number, failures, last_s = number + 1, 0, stamp_s
