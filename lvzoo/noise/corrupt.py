"""Makes the test frames under every condition once, and keeps them in the cache for all models and seeds.

The comparison is fair because all models read the same bytes. The frames are made before the first model runs, so
no model waits for them.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import DataError, UsageError, choose
from lvzoo.files import atomic_file, cache_folder, warn_of_cache
from lvzoo.interfaces import NoiseSuite
from lvzoo.locks import made_by_one
from lvzoo.noise.apply import corrupt_frame, suite_digest
from lvzoo.processes import end_with_parent
from lvzoo.types import CLEAN, Condition, FrameSet, Sector

NO_NOISE: Final = "none"
FRAMES_AT_A_TIME: Final = 32
LEAST_WORK: Final = 8_000
"""Number of noisy frames that takes as long to make as a process takes to start."""

DAMAGE: Final = (EOFError, ValueError, ArithmeticError, MemoryError, SyntaxError, TokenError)
"""What numpy raises when it reads a damaged file."""

MOST_IN_MEMORY_BYTES: Final = 2**31
"""Noisy frames that take more than this are not made without a cache, because each trial would make them again. Those
of EchoNet-Dynamic's test split under noise-v1 take 2.08 GB."""
GB: Final = 1e9

Chunk: TypeAlias = "tuple[NDArray[np.uint8], tuple[str, ...], tuple[int, ...], tuple[Sector, ...]]"
"""Frames, with the video, the index and the sector of each."""


def select_conditions(
    suite: NoiseSuite,
    corruptions: str | Collection[str] | None = None,
    severities: int | Collection[int] | None = None,
) -> list[Condition]:
    """Return the selected conditions of a suite: clean first, then by family, corruption and severity.

    Args:
        suite: the conditions are chosen from its table.
        corruptions: "haze, blur" or a list; None means all, "none" or an empty list only clean frames.
        severities: a number or a list; None means all.

    Raises:
        UsageError: the suite has no such corruption or severity.
    """
    known = [name for family in suite.families.values() for name in family]
    if isinstance(corruptions, str) and corruptions.strip() == NO_NOISE:
        corruptions = []
    if isinstance(corruptions, str):
        corruptions = [name.strip() for name in corruptions.split(",")]
    if isinstance(severities, int):
        severities = [severities]
    for name in corruptions or ():
        choose(name, dict.fromkeys(known), f"{suite.name} corruption")
    for severity in severities or ():
        if severity not in suite.severities:
            these = ", ".join(map(str, suite.severities))
            raise UsageError(f"{suite.name}: unknown severity {severity}; use one of {these}")
    return [CLEAN] + [
        Condition(corruption=name, severity=severity)
        for name in known
        if corruptions is None or name in corruptions
        for severity in suite.severities
        if severities is None or severity in severities
    ]


def corrupt_frames(
    frames: FrameSet, suite: NoiseSuite, conditions: Sequence[Condition], *, workers: int = 1
) -> tuple[NDArray[np.uint8], ...]:
    """Return the frames (N, H, W) under each condition, in the given order, as read-only memory maps.

    The clean condition returns the given frames. The others come from the cache, which `cache_noise` fills. If the
    cache cannot be written, they are made in memory.
    """
    noisy = tuple(condition for condition in conditions if condition != CLEAN)
    try:
        paths = cache_noise(frames, suite, noisy, workers=workers)
        made = {condition: _read_cached(path, frames.frames_NHW.shape) for condition, path in paths.items()}
    except OSError as error:
        warn_of_cache(error)
        made = _make_in_memory(frames, suite, noisy, workers=workers)
    return tuple(
        frames.frames_NHW if (noisy_NHW := made.get(condition)) is None else noisy_NHW
        for condition in conditions
    )


def cache_noise(
    frames: FrameSet, suite: NoiseSuite, conditions: Sequence[Condition], *, workers: int = 1
) -> dict[Condition, Path]:
    """Make the frames under each condition that the cache lacks, and return the file of each condition but clean.

    Each condition has its own file, so that another selection can use it too. The name of the cache folder is a hash
    of the suite's behaviour and of the frames with their videos, indices and sectors. Up to `workers` processes make
    the missing files, if there is enough work.

    Raises:
        OSError: the cache cannot be written.
        DataError: the disk has no room for these frames, and they are too many to be made in memory instead.
    """
    noisy = [condition for condition in conditions if condition != CLEAN]
    if not noisy:
        return {}
    folder = cache_folder("noise", _cache_key(frames, suite))
    paths = {each: folder / f"{each.corruption}-{each.severity}.npy" for each in noisy}
    if _find_missing(paths, frames):
        with made_by_one(cache_folder("locks") / f"noise-{folder.name}.lock", "the noisy frames"):
            if missing := _find_missing(paths, frames):
                _check_room(folder, frames.frames_NHW.nbytes * len(missing))
                _make_files(missing, frames, suite, workers=workers)
    return paths


def _check_room(folder: Path, needed_bytes: int) -> None:
    """Check that a disk has room for noisy frames that are too many to be made in memory instead.

    Raises:
        DataError: it does not.
    """
    free_bytes = shutil.disk_usage(folder).free
    if needed_bytes > max(free_bytes, MOST_IN_MEMORY_BYTES):
        needed, free = (f"{number_bytes / GB:.1f} GB" for number_bytes in (needed_bytes, free_bytes))
        raise DataError(
            f"{folder}: the noisy frames take {needed}, but {free} are free; make room, set LVZOO_CACHE to a folder "
            "on a larger disk, or choose fewer --corruptions or --severities"
        )


def _find_missing(paths: Mapping[Condition, Path], frames: FrameSet) -> dict[Condition, Path]:
    """Return the conditions whose files the cache lacks."""
    shape_NHW = frames.frames_NHW.shape
    return {condition: path for condition, path in paths.items() if _read_cached(path, shape_NHW) is None}


def _make_files(
    missing: Mapping[Condition, Path], frames: FrameSet, suite: NoiseSuite, *, workers: int
) -> None:
    """Make the file of each condition. No file appears before all are complete."""
    with ExitStack() as files:
        temporary = [files.enter_context(atomic_file(path)) for path in missing.values()]
        _fill_files(temporary, frames, suite, tuple(missing), workers=workers)


def _make_in_memory(
    frames: FrameSet, suite: NoiseSuite, conditions: tuple[Condition, ...], *, workers: int
) -> dict[Condition, NDArray[np.uint8] | None]:
    """Return the frames (N, H, W) under each condition, without the cache.

    Raises:
        DataError: they would take more than MOST_IN_MEMORY_BYTES.
    """
    needed_bytes = frames.frames_NHW.nbytes * len(conditions)
    if needed_bytes > MOST_IN_MEMORY_BYTES:
        raise DataError(
            f"the noisy frames take {needed_bytes / GB:.1f} GB, too much to be made in memory; set LVZOO_CACHE to a "
            "folder that can be written, or choose fewer --corruptions or --severities"
        )
    noisy_CNHW = np.empty((len(conditions), *frames.frames_NHW.shape), np.uint8)
    _fill(noisy_CNHW, frames, suite, conditions, workers=workers)
    return dict(zip(conditions, noisy_CNHW, strict=True))


def _cache_key(frames: FrameSet, suite: NoiseSuite) -> str:
    """Return a hash of everything that affects the bytes of the noisy frames."""
    decides = {
        "suite": [suite.name, type(suite).__module__, type(suite).__qualname__, suite_digest(suite)],
        "frames": hashlib.sha256(np.ascontiguousarray(frames.frames_NHW).data).hexdigest(),
        "shape": frames.frames_NHW.shape,
        "videos": frames.videos,
        "indices": [int(index) for index in frames.frame_indices],
        "sectors": [
            (*each.apex_px, each.half_angle_deg, each.radius_px, each.hull_px) for each in frames.sectors
        ],
    }
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]


def _read_cached(path: Path, shape_NHW: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """Return the cached frames of a condition, or None if the file is missing or damaged."""
    try:
        noisy_NHW: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, *DAMAGE):
        return None
    return noisy_NHW if noisy_NHW.shape == shape_NHW and noisy_NHW.dtype == np.uint8 else None


def _fill_files(
    paths: Sequence[Path],
    frames: FrameSet,
    suite: NoiseSuite,
    conditions: tuple[Condition, ...],
    *,
    workers: int,
) -> None:
    """Fill one file per condition, chunk by chunk.

    The files are written, not mapped: so this process never holds more than a chunk of each, and a full disk is an
    OSError. Writing into a mapped file on a full disk would kill the process (SIGBUS).
    """
    header = {"descr": "|u1", "fortran_order": False, "shape": frames.frames_NHW.shape}
    with ExitStack() as opened:
        files = [opened.enter_context(path.open("wb")) for path in paths]
        for file in files:
            np.lib.format.write_array_header_1_0(file, header)
        for noisy_CNHW in _corrupt_in_chunks(frames, suite, conditions, workers=workers):
            for noisy_NHW, file in zip(noisy_CNHW, files, strict=True):
                file.write(noisy_NHW.data)


def _fill(
    wholes: Iterable[NDArray[np.uint8]],
    frames: FrameSet,
    suite: NoiseSuite,
    conditions: tuple[Condition, ...],
    *,
    workers: int,
) -> None:
    """Fill one array (N, H, W) per condition, chunk by chunk."""
    start = 0
    for noisy_CNHW in _corrupt_in_chunks(frames, suite, conditions, workers=workers):
        for noisy_NHW, whole_NHW in zip(noisy_CNHW, wholes, strict=True):
            whole_NHW[start : start + len(noisy_NHW)] = noisy_NHW
        start += noisy_CNHW.shape[1]


def _corrupt_in_chunks(
    frames: FrameSet, suite: NoiseSuite, conditions: tuple[Condition, ...], *, workers: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield (C, n, H, W) for each chunk of frames, in order."""
    corrupt = partial(_corrupt_chunk, suite, conditions)
    useful = min(workers, len(frames) * len(conditions) // LEAST_WORK)
    if useful < 2:  # stay in this process
        yield from map(corrupt, _split(frames))
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(useful, mp_context=spawn, initializer=end_with_parent) as pool:
        yield from pool.map(corrupt, _split(frames))


def _split(frames: FrameSet) -> Iterable[Chunk]:
    """Yield the frames in chunks."""
    for start in range(0, len(frames), FRAMES_AT_A_TIME):
        part = slice(start, start + FRAMES_AT_A_TIME)
        yield frames.frames_NHW[part], frames.videos[part], frames.frame_indices[part], frames.sectors[part]


def _corrupt_chunk(suite: NoiseSuite, conditions: tuple[Condition, ...], chunk: Chunk) -> NDArray[np.uint8]:
    """Return (C, n, H, W). Frames are the outer loop, because all severities of a frame share one cached field."""
    frames_NHW, videos, indices, sectors = chunk
    noisy_CNHW = np.empty((len(conditions), *frames_NHW.shape), np.uint8)
    for n, (video, frame, sector) in enumerate(zip(videos, indices, sectors, strict=True)):
        for c, condition in enumerate(conditions):
            noisy_CNHW[c, n] = corrupt_frame(
                suite, frames_NHW[n], condition, video=video, frame=frame, sector=sector
            )
    return noisy_CNHW
