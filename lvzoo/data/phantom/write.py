"""Writes a phantom in EchoNet-Dynamic's layout, in parallel; its bytes depend on version, size and seed alone."""

from __future__ import annotations

import csv
import json
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.data.phantom.clip import Clip, simulate
from lvzoo.data.phantom.rng import GENERATOR_VERSION
from lvzoo.errors import DataError, UsageError, did_you_mean
from lvzoo.files import atomic_folder, cache_folder
from lvzoo.geometry.ventricle import ejection_fraction
from lvzoo.types import SPLITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from lvzoo.geometry.contour import Tracing
    from lvzoo.types import Split

__all__ = ["GENERATOR_VERSION", "SIZES", "PhantomSize", "cached_phantom", "write_phantom"]

FILE_LIST = ("FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split")
TRACINGS = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
PHANTOM = (
    *("FileName", "MmPerPx", "HeartRate", "TrueEF", "TrueEDV", "TrueESV", "EDFrame", "ESFrame"),
    *("SectorX", "SectorY", "HalfAngleDeg", "RadiusPx"),
)
VIDEOS_A_TASK = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class PhantomSize:
    """How many videos a phantom has in each split; one video a patient."""

    train: int
    val: int
    test: int

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
    }
)


def cached_phantom(
    *, size: str, seed: int, workers: int | None = None, on_video: Callable[[int, int], None] | None = None
) -> Path:
    """Return the folder of a phantom in the user's cache, made there when missing.

    Raises:
        UsageError: there is no such size.
    """
    _size(size)
    out = cache_folder("phantom") / f"{GENERATOR_VERSION}-{size}-s{seed}"
    return (
        out if out.is_dir() else write_phantom(out, size=size, seed=seed, workers=workers, on_video=on_video)
    )


def write_phantom(
    out: Path,
    *,
    size: str = "quick",
    seed: int = 0,
    workers: int | None = None,
    on_video: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a phantom into the new folder `out` and return it: whole, or not at all.

    `workers` processes share the work (default: one a core; 1 works in this process). `on_video` is called
    with (videos done, videos in all).

    Raises:
        UsageError: there is no such size.
        DataError: `out` is there and holds something.
    """
    videos = _size(size)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is not empty; name a new folder for the phantom, or remove this one")
    with atomic_folder(out) as folder:
        (folder / "Videos").mkdir()
        written = []
        for clip in _written_clips(folder / "Videos", videos, seed=seed, workers=workers or _cores()):
            written.append(clip)
            if on_video is not None:
                on_video(len(written), videos.videos)
        _write_tables(folder, written)
        _write_note(folder, size=size, seed=seed)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Written:
    """What the tables need of a video that has been written."""

    file_list: tuple[object, ...]
    tracings: tuple[tuple[object, ...], ...]
    phantom: tuple[object, ...]
    contours_NP2: NDArray[np.float32]


def _written_clips(videos: Path, size: PhantomSize, *, seed: int, workers: int) -> Iterator[_Written]:
    """Write every video and yield what the tables need of each, in the order of the splits."""
    tasks = [(split, index) for split in SPLITS for index in range(size.of(split))]
    write = partial(_write_clip, videos, seed)
    if workers == 1:
        with _single_threaded_opencv():
            yield from map(write, tasks)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=get_context("spawn"), initializer=_become_worker
    )
    try:
        yield from pool.map(write, tasks, chunksize=VIDEOS_A_TASK)
    finally:
        pool.shutdown(cancel_futures=True)


def _become_worker() -> None:
    """Leave Ctrl-C to the parent, which ends the pool, and the other cores to the other workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


@contextmanager
def _single_threaded_opencv() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _write_clip(videos: Path, seed: int, task: tuple[Split, int]) -> _Written:
    split, index = task
    clip = simulate(seed=seed, split=split, index=index)
    _write_video(videos / f"{clip.name}.avi", clip)
    edv_ml, esv_ml = round(clip.edv_ml, 6), round(clip.esv_ml, 6)
    ef = round(ejection_fraction(edv_ml, esv_ml), 6)
    frames, height, width = clip.frames_NHW.shape
    fps = round(clip.beat.fps)
    return _Written(
        file_list=(clip.name, ef, esv_ml, edv_ml, height, width, fps, frames, split.upper()),
        tracings=(
            *_tracing_rows(clip.name, clip.es, clip.beat.es_frame),
            *_tracing_rows(clip.name, clip.ed, clip.beat.ed_frame),
        ),
        phantom=(
            clip.name,
            round(clip.heart.mm_per_px, 6),
            round(clip.beat.heart_rate_bpm, 3),
            ef,
            edv_ml,
            esv_ml,
            clip.beat.ed_frame,
            clip.beat.es_frame,
            *(round(value, 4) for value in clip.scan.apex_px),
            round(float(np.rad2deg(clip.scan.half_angle_rad)), 4),
            round(clip.scan.last_px, 4),
        ),  # fmt: skip
        contours_NP2=clip.contours_NP2,
    )


def _write_video(path: Path, clip: Clip) -> None:
    """Write a clip as MJPG with OpenCV's own writer, which is the same in every build of it."""
    _, height, width = clip.frames_NHW.shape
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, codec, clip.beat.fps, (width, height))
    if not writer.isOpened():
        raise DataError(f"{path}: opencv cannot write this video; is there space on the disk?")
    for frame_HW in clip.frames_NHW:
        writer.write(cv2.cvtColor(frame_HW, cv2.COLOR_GRAY2BGR))
    writer.release()


# --- The tables -----------------------------------------------------------------------------------------------


def _tracing_rows(name: str, tracing: Tracing, frame: int) -> Iterator[tuple[object, ...]]:
    """Yield the 21 rows of one traced frame: the long axis, then the chords from apex to base."""
    for start_2, end_2 in (tracing.axis_22, *tracing.chords_R22):
        yield (f"{name}.avi", *(round(float(value), 4) for value in (*start_2, *end_2)), frame)


def _write_tables(folder: Path, written: list[_Written]) -> None:
    _write_csv(folder / "FileList.csv", FILE_LIST, [clip.file_list for clip in written])
    _write_csv(folder / "VolumeTracings.csv", TRACINGS, [row for clip in written for row in clip.tracings])
    _write_csv(folder / "Phantom.csv", PHANTOM, [clip.phantom for clip in written])
    np.savez(folder / "TrueContours.npz", **{str(clip.file_list[0]): clip.contours_NP2 for clip in written})


def _write_csv(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def _write_note(folder: Path, *, size: str, seed: int) -> None:
    note = {
        "synthetic": True,
        "generator": GENERATOR_VERSION,
        "size": size,
        "seed": seed,
        "videos": {split: SIZES[size].of(split) for split in SPLITS},
        "note": "simulated echocardiograms, no patient: good for software and relative robustness only",
    }
    (folder / "SYNTHETIC.json").write_text(json.dumps(note, indent=2) + "\n")
