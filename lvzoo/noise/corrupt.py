"""Makes the test frames under every condition once, and keeps them in the cache for all models and seeds.

The comparison is fair because all models read the same bytes. The frames are made before the first model runs, so
no model waits for them.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.errors import UsageError, choose
from lvzoo.files import atomic_file, cache_folder, warn_of_cache
from lvzoo.interfaces import NoiseSuite
from lvzoo.noise.apply import corrupt_frame, suite_digest
from lvzoo.types import CLEAN, Condition, FrameSet, Sector

NO_NOISE: Final = "none"
FRAMES_AT_A_TIME: Final = 32
LEAST_WORK: Final = 8_000
"""Number of noisy frames that takes as long to make as a process takes to start."""

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
    """
    noisy = [condition for condition in conditions if condition != CLEAN]
    if not noisy:
        return {}
    folder = cache_folder("noise", _cache_key(frames, suite))
    paths = {each: folder / f"{each.corruption}-{each.severity}.npy" for each in noisy}
    shape_NHW = frames.frames_NHW.shape
    missing = {condition: path for condition, path in paths.items() if _read_cached(path, shape_NHW) is None}
    if missing:
        # No file appears before all are complete.
        with ExitStack() as files:
            temporary = [files.enter_context(atomic_file(path)) for path in missing.values()]
            _fill_files(temporary, frames, suite, tuple(missing), workers=workers)
    return paths


def _make_in_memory(
    frames: FrameSet, suite: NoiseSuite, conditions: tuple[Condition, ...], *, workers: int
) -> dict[Condition, NDArray[np.uint8] | None]:
    """Return the frames (N, H, W) under each condition, without the cache."""
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
    except (FileNotFoundError, EOFError, ValueError):
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

    The memory maps are closed when this function returns, because Windows cannot rename a mapped file.
    """
    shape_NHW = frames.frames_NHW.shape
    maps = [np.lib.format.open_memmap(path, "w+", dtype=np.uint8, shape=shape_NHW) for path in paths]
    _fill(maps, frames, suite, conditions, workers=workers)
    for whole_NHW in maps:
        whole_NHW.flush()


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
    with ProcessPoolExecutor(useful, mp_context=spawn) as pool:
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
