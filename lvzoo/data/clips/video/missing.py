"""Finds out from the times of a video's frames whether some are missing, also if no decoding failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from lvzoo.data.clips.clip import Clip

MOST_UNEVEN: Final = 1.5
"""An interval between neighbouring frames is a gap if it is so many times as long as the usual one."""
LEAST_EVEN: Final = 0.9
"""A rate is constant if at least this part of the intervals has the usual length; else, no interval is a gap."""
END_INTERVALS: Final = 2.5
"""The last frame may begin so many of the longest intervals before the end that the header states."""


def find_missing(clip: Clip, numbers: Sequence[int], times_s: Sequence[float | None]) -> list[str]:
    """Return a warning for gaps in the times of the frames that decode, and one for an end that comes too early.

    Only time stamps of a container are looked at; other times leave no gaps.
    """
    known_s = [time_s for time_s in times_s if time_s is not None]
    if clip.times_from != "time stamps" or len(known_s) < len(times_s) or len(known_s) < 3:
        return []
    intervals_s = np.diff(known_s)
    are_neighbours = np.diff(numbers) == 1  # the damaged frames between others are named elsewhere
    warnings = []
    usual_s = float(np.median(intervals_s))
    are_gaps = (intervals_s > MOST_UNEVEN * usual_s) & are_neighbours
    if usual_s > 0 and are_gaps.any() and (intervals_s <= MOST_UNEVEN * usual_s).mean() >= LEAST_EVEN:
        first_s = known_s[int(np.flatnonzero(are_gaps)[0])]
        warnings.append(
            f"the times of its frames leave a gap after {first_s:.3g} s, so frames may be missing there"
        )
    longest_s = float(intervals_s.max())
    if clip.stated_s is not None and clip.stated_s - known_s[-1] > END_INTERVALS * longest_s:
        warnings.append(
            f"it ends at {known_s[-1]:.3g} s, but its header states {clip.stated_s:.3g} s; "
            "it is damaged or was cut off"
        )
    return warnings
