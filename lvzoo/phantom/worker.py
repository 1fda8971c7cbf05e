"""What a worker process of `lvzoo.phantom.write` does. A worker imports this module, and little else."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lvzoo.data.opencv import cv2
from lvzoo.phantom.clip import simulate
from lvzoo.phantom.files import ClipRows, write_clip
from lvzoo.phantom.ranges import ranges_of
from lvzoo.processes import end_with_parent
from lvzoo.types import Split


def prepare_worker() -> None:
    """Ignore Ctrl-C, because the parent process ends the pool, end with it, and keep OpenCV to one thread."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def write_one(videos: Path, seed: int, shift: str | None, further: int, task: tuple[Split, int]) -> ClipRows:
    """Simulate one video, write it into the folder `videos`, and return its rows for the tables."""
    split, index = task
    ranges = ranges_of(shift)
    return write_clip(videos, simulate(seed=seed, split=split, index=index, ranges=ranges, further=further))


@contextmanager
def single_threaded_opencv() -> Iterator[None]:
    """Keep OpenCV to one thread: frames are too small for more, and the processes share the cores."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
