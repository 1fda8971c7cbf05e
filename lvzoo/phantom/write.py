"""Writes a phantom in EchoNet-Dynamic's layout, in parallel: a matter of version, size, seed and shift alone.

Its pictures may also depend on the processor's instruction set, by a few grey levels; contours and tables do not.
"""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lvzoo.data.opencv import cv2
from lvzoo.errors import DataError, UsageError, did_you_mean
from lvzoo.files import atomic_folder, cache_folder
from lvzoo.phantom.clip import simulate
from lvzoo.phantom.files import Written, write_clip, write_tables
from lvzoo.phantom.ranges import ranges_of, shifted
from lvzoo.phantom.rng import GENERATOR_VERSION
from lvzoo.types import SPLITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lvzoo.types import Split

__all__ = ["GENERATOR_VERSION", "SIZES", "PhantomSize", "cached_phantom", "write_phantom"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PhantomSize:
    """How many videos a phantom has in each split; one video a patient.

    `further` frames of each are traced beside ED and ES.
    """

    train: int
    val: int
    test: int
    further: int = 0

    @property
    def videos(self) -> int:
        """The number of videos in all splits."""
        return self.train + self.val + self.test

    def of(self, split: Split) -> int:
        """Return the number of videos in a split."""
        return {"train": self.train, "val": self.val, "test": self.test}[split]


SIZES: Final[Mapping[str, PhantomSize]] = MappingProxyType(
    {
        "smoke": PhantomSize(train=8, val=4, test=6),
        "quick": PhantomSize(train=200, val=20, test=40),
        "small": PhantomSize(train=400, val=60, test=120),
        "full": PhantomSize(train=7465, val=1288, test=1277),
        "beats": PhantomSize(train=7465, val=1288, test=1277, further=4),
        "transfer": PhantomSize(train=0, val=0, test=100),
        "transfer-beats": PhantomSize(train=0, val=0, test=100, further=4),
    }
)


def cached_phantom(
    *,
    size: str,
    seed: int,
    shift: str | None = None,
    workers: int | None = None,
    on_video: Callable[[int, int], None] | None = None,
) -> Path:
    """Return the folder of a phantom in the user's cache, made there when missing.

    Raises:
        UsageError: there is no such size or shift.
    """
    _size(size)
    ranges_of(shift)
    kind = GENERATOR_VERSION if shift is None else f"{GENERATOR_VERSION}-{shift}"
    out = cache_folder("phantom") / f"{kind}-{size}-s{seed}"
    if out.is_dir():
        return out
    return write_phantom(out, size=size, seed=seed, shift=shift, workers=workers, on_video=on_video)


def write_phantom(
    out: Path,
    *,
    size: str = "quick",
    seed: int = 0,
    shift: str | None = None,
    workers: int | None = None,
    on_video: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a phantom into the new folder `out` and return it: whole, or not at all.

    `shift` names ranges other than the standard ones (`lvzoo.phantom.ranges.SHIFTS`): the same patients, drawn
    so. `workers` processes share the work (default: one a core; 1 works in this process). `on_video` is called with
    (videos done, videos in all).

    Raises:
        UsageError: there is no such size or shift.
        DataError: `out` is there and holds something.
    """
    wanted = _size(size)
    ranges_of(shift)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is not empty; name a new folder for the phantom, or remove this one")
    with atomic_folder(out) as folder:
        (folder / "Videos").mkdir()
        written = []
        make = partial(_make, folder / "Videos", seed, shift, wanted.further)
        for clip in _written_clips(make, wanted, workers=workers or _cores()):
            written.append(clip)
            if on_video is not None:
                on_video(len(written), wanted.videos)
        write_tables(folder, written)
        _write_note(folder, size=size, seed=seed, shift=shift)
    return out


def _size(name: str) -> PhantomSize:
    if name not in SIZES:
        raise UsageError(
            f"unknown phantom size {name!r}; use one of {', '.join(SIZES)}{did_you_mean(name, SIZES)}"
        )
    return SIZES[name]


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


# --- The videos -----------------------------------------------------------------------------------------------


def _written_clips(
    make: Callable[[tuple[Split, int]], Written], size: PhantomSize, *, workers: int
) -> Iterator[Written]:
    """Write every video and yield what the tables need of each, in the order of the splits."""
    tasks = [(split, index) for split in SPLITS for index in range(size.of(split))]
    if workers == 1:
        with single_threaded_opencv():
            yield from map(make, tasks)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=get_context("spawn"), initializer=_become_worker
    )
    try:
        yield from pool.map(make, tasks)
    except BrokenProcessPool as error:
        raise DataError(
            "a worker process of the phantom ended while it simulated; try --workers 1 (in a script, call this "
            "below 'if __name__ == \"__main__\":')"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _make(videos: Path, seed: int, shift: str | None, further: int, task: tuple[Split, int]) -> Written:
    split, index = task
    ranges = ranges_of(shift)
    return write_clip(videos, simulate(seed=seed, split=split, index=index, ranges=ranges, further=further))


def _become_worker() -> None:
    """Leave Ctrl-C to the parent, which ends the pool, and the other cores to the other workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


@contextmanager
def single_threaded_opencv() -> Iterator[None]:
    """Keep OpenCV to one thread: frames are too small to share, and processes share the cores."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _write_note(folder: Path, *, size: str, seed: int, shift: str | None) -> None:
    note = {
        "synthetic": True,
        "generator": GENERATOR_VERSION,
        "size": size,
        "seed": seed,
        "shift": shift,
        "shifted": {} if shift is None else dict(shifted(shift)),
        "videos": {split: SIZES[size].of(split) for split in SPLITS},
        "note": "simulated echocardiograms, no patient: good for software and relative robustness only",
    }
    (folder / "SYNTHETIC.json").write_text(json.dumps(note, indent=2) + "\n")
