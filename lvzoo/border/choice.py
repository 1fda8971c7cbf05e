"""Chooses frames of a set: some for one purpose, and those of other patients for another."""

from __future__ import annotations

import hashlib
import logging
from itertools import zip_longest

from lvzoo.errors import DataError
from lvzoo.types import FrameSet

log = logging.getLogger(__name__)


def choose_frames(frames: FrameSet, count: int) -> tuple[list[int], list[int]]:
    """Return the indices of `count` ED and ES frames, and those of the ED and ES frames of all other patients.

    The patients are in the order of a hash of their names, so that the choice is the same every time and has nothing
    to do with a patient's date or number. Every patient gives one frame before any gives two, and ED and ES take
    turns.

    Raises:
        DataError: the frames are of fewer than two patients.
    """
    patients = sorted(set(frames.patients), key=lambda name: hashlib.sha256(name.encode()).digest())
    turns = {name: _take_turns(frames, name, place) for place, name in enumerate(patients)}
    most = max(map(len, turns.values()), default=0)
    in_turn = [own[turn] for turn in range(most) for own in turns.values() if turn < len(own)]
    chosen = in_turn[:count]
    used = {frames.patients[n] for n in chosen}
    if len(used) < 2:
        raise DataError(
            f"there are traced ED and ES frames of {len(used)} patient{'' if len(used) == 1 else 's'}, and at least "
            "2 patients are needed; trace more"
        )
    if len(chosen) < count:
        log.warning("only %d of %d wanted ED and ES frames are there", len(chosen), count)
    return chosen, [n for name, own in turns.items() if name not in used for n in own]


def _take_turns(frames: FrameSet, patient: str, place: int) -> list[int]:
    """Return the indices of a patient's ED and ES frames, one phase after the other; at odd places, ES is first."""
    own = [n for n, name in enumerate(frames.patients) if name == patient]
    ed, es = ([n for n in own if frames.phases[n] == phase] for phase in ("ED", "ES"))
    pairs = zip_longest(*((es, ed) if place % 2 else (ed, es)))
    return [n for pair in pairs for n in pair if n is not None]
