"""Writes a phantom in EchoNet-Dynamic's layout, in parallel.

Version, size, seed and shift determine its contours and tables. Its pictures may also differ by a few grey levels
between processors with different instruction sets.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import Final

from lvzoo.data.clips.synthetic import PHANTOM_NOTE
from lvzoo.data.echonet import VIDEOS
from lvzoo.data.tables import FILE_LIST, TRACINGS
from lvzoo.errors import DataError, choose
from lvzoo.files import atomic_folder, cache_folder, working_folder
from lvzoo.locks import made_by_one
from lvzoo.phantom.files import TRUE_CONTOURS, TRUTH, ClipRows, write_tables
from lvzoo.phantom.ranges import describe_shift, ranges_of
from lvzoo.phantom.rng import GENERATOR_VERSION
from lvzoo.phantom.worker import prepare_worker, single_threaded_opencv, write_one
from lvzoo.processes import count_workers
from lvzoo.types import SPLITS, Split

__all__ = ["GENERATOR_VERSION", "SIZES", "PhantomSize", "cached_phantom", "write_phantom"]
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class PhantomSize:
    """The number of videos in each split (one per patient); `further` frames of each are traced besides ED and ES."""

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
    """Return the folder of a phantom in the user's cache; write it first if it is missing.

    Raises:
        UsageError: there is no such size or shift.
    """
    choose(size, SIZES, "phantom size")
    ranges_of(shift)
    kind = GENERATOR_VERSION if shift is None else f"{GENERATOR_VERSION}-{shift}"
    out = cache_folder("phantom") / f"{kind}-{size}-s{seed}"
    if _is_whole(out, SIZES[size]):
        return out
    with made_by_one(cache_folder("locks") / f"{out.name}.lock", "the phantom"):
        if not _is_whole(out, SIZES[size]):
            _discard(out)
            write_phantom(out, size=size, seed=seed, shift=shift, workers=workers, on_video=on_video)
    return out


def _is_whole(folder: Path, size: PhantomSize) -> bool:
    """Return whether a phantom has all its files. Somebody may have deleted a part of the cache."""
    videos = folder / VIDEOS
    return (
        all((folder / name).is_file() for name in (FILE_LIST, TRACINGS, TRUTH, TRUE_CONTOURS, PHANTOM_NOTE))
        and videos.is_dir()
        and sum(1 for _ in videos.iterdir()) == size.videos
    )


def _discard(folder: Path) -> None:
    """Delete a phantom that lacks files, if it exists."""
    if folder.exists():
        log.warning("%s: lacks files, so it is made again", folder)
        with working_folder(folder.parent) as aside:
            folder.rename(aside / folder.name)


def write_phantom(
    out: Path,
    *,
    size: str = "quick",
    seed: int = 0,
    shift: str | None = None,
    workers: int | None = None,
    on_video: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a phantom into the new folder `out` and return that folder; on an error nothing is left.

    `shift` names one of the shifted ranges (`lvzoo.phantom.ranges.SHIFTS`); the patients stay the same. `workers`
    processes share the work (default: one per core; 1 works in this process). `on_video` is called with the number of
    videos done and the number of all.

    Raises:
        UsageError: there is no such size or shift.
        DataError: `out` exists and is not an empty folder.
    """
    wanted = choose(size, SIZES, "phantom size")
    ranges_of(shift)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is not empty; name a new folder for the phantom")
    with atomic_folder(out) as folder:
        (folder / "Videos").mkdir()
        clips = []
        write = partial(write_one, folder / "Videos", seed, shift, wanted.further)
        for rows in _write_clips(write, wanted, workers=workers or count_workers()):
            clips.append(rows)
            if on_video is not None:
                on_video(len(clips), wanted.videos)
        write_tables(folder, clips)
        _write_note(folder, size=size, seed=seed, shift=shift)
    return out


# --- The videos -----------------------------------------------------------------------------------------------


def _write_clips(
    write: Callable[[tuple[Split, int]], ClipRows], size: PhantomSize, *, workers: int
) -> Iterator[ClipRows]:
    """Write every video and yield its rows for the tables, in the order of the splits."""
    tasks = [(split, index) for split in SPLITS for index in range(size.of(split))]
    if workers == 1:
        with single_threaded_opencv():
            yield from map(write, tasks)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=get_context("spawn"), initializer=prepare_worker
    )
    try:
        yield from pool.map(write, tasks)
    except BrokenProcessPool as error:
        raise DataError(
            "a worker process of the phantom ended unexpectedly; try --workers 1 (in a script, call this function "
            "below 'if __name__ == \"__main__\":')"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _write_note(folder: Path, *, size: str, seed: int, shift: str | None) -> None:
    note = {
        "synthetic": True,
        "generator": GENERATOR_VERSION,
        "size": size,
        "seed": seed,
        "shift": shift,
        "shifted": {} if shift is None else dict(describe_shift(shift)),
        "videos": {split: SIZES[size].of(split) for split in SPLITS},
        "note": "simulated echocardiograms, no patient: good for software and relative robustness only",
    }
    (folder / PHANTOM_NOTE).write_text(json.dumps(note, indent=2) + "\n")
