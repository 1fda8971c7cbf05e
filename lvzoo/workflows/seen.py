"""Finds test frames of further data sets that are also training frames of the run, and keeps what was found.

Frames are compared pixel by pixel after cropping. Copies that were encoded again are not found here; `lvzoo data
check` finds them within one folder. The run.json of the run on a set keeps what was found ("seen"), for its reports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lvzoo.errors import name_some
from lvzoo.run import FinishedRun, RunFolder
from lvzoo.run.folder import RUN
from lvzoo.run.trial import write_json
from lvzoo.trials.elsewhere import list_elsewhere
from lvzoo.types import FrameSet
from lvzoo.types.results import Caution

SEEN: Final = "seen"
"""The fact in run.json."""
MOST_NAMED: Final = 5
"""How many patients a sentence names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """How many of the test frames of a set the run has in its train or val split, and whose they are."""

    frames: int
    tested: int
    patients: tuple[str, ...]

    def describe(self, name: str) -> str:
        """Return this in words, for a set of a name."""
        return (
            f"{self.frames:,} of the {self.tested:,} test frames of {name} are train or val frames of the run "
            f"(patients {name_some(self.patients, MOST_NAMED)}), so scores there say little about new patients"
        )


def hash_frames(frames: FrameSet) -> list[bytes]:
    """Return a hash of the pixels of each frame; b"" for a frame of one grey level, which shows no patient."""
    return [
        hashlib.sha256(np.ascontiguousarray(each_HW).tobytes()).digest() if np.ptp(each_HW) else b""
        for each_HW in frames.frames_NHW
    ]


def find_seen(home: Iterable[FrameSet], test: FrameSet) -> Seen:
    """Return which of the test frames are among the frames of the run's own splits."""
    known = {each for frames in home for each in hash_frames(frames) if each}
    places = [place for place, each in enumerate(hash_frames(test)) if each in known]
    patients = dict.fromkeys(test.patients[place] for place in places)
    return Seen(frames=len(places), tested=len(test), patients=tuple(patients))


def keep_seen(folder: Path, seen: Seen) -> bool:
    """Write into the run.json of a set what was found, and return whether it lacked it."""
    known = RunFolder(path=folder).read()
    fact = {"frames": seen.frames, "tested": seen.tested, "patients": list(seen.patients)}
    if not seen.frames or known.get(SEEN) == fact:
        return False
    write_json(folder / RUN, {**known, SEEN: fact})
    return True


def list_seen(runs: Sequence[FinishedRun]) -> tuple[Caution, ...]:
    """Return a caution for each set of some runs, or of those below a single one, whose frames were trained on.

    Raises:
        DataError: a run.json is damaged.
    """
    below = list_elsewhere(runs[0].path) if len(runs) == 1 else []
    return tuple(_read_cautions([*runs, *below]))


def _read_cautions(runs: Iterable[FinishedRun]) -> Iterator[Caution]:
    for run in runs:
        fact: Any = RunFolder(path=run.path).read().get(SEEN)
        if fact is not None:
            seen = Seen(frames=fact["frames"], tested=fact["tested"], patients=tuple(fact["patients"]))
            yield Caution(kind="seen", text=seen.describe(run.path.name))
