"""The test frames under every condition: made once, kept in the cache, read by every model and seed.

That all models read the same bytes is what makes their comparison fair; that the bytes are made before any
model runs keeps noise off its critical path.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from lvzoo.errors import UsageError, did_you_mean
from lvzoo.files import atomic_file, cache_folder
from lvzoo.noise.apply import corrupt_frame
from lvzoo.noise.probe import suite_digest
from lvzoo.types import CLEAN, Condition

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lvzoo.interfaces import NoiseSuite
    from lvzoo.types import FrameSet, Sector

NO_NOISE: Final = "none"
FRAMES_AT_A_TIME: Final = 32
LEAST_WORK: Final = 8_000
"""Noisy frames worth a process of their own: starting one takes about as long as making these."""

Chunk: TypeAlias = "tuple[NDArray[np.uint8], tuple[str, ...], tuple[int, ...], tuple[Sector, ...]]"
"""Some frames with the video, the frame's index and the sector of each."""


def conditions(
    suite: NoiseSuite,
    corruptions: str | Collection[str] | None = None,
    severities: int | Collection[int] | None = None,
) -> list[Condition]:
    """Return the conditions of a suite, clean first, then by family, corruption and severity.

    `corruptions` ("haze, blur" or a list) and `severities` (a number or a list) select some; None stands for all,
    and "none" (or an empty list) for clean frames alone.

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
        if name not in known:
            close = did_you_mean(name, known) or f"; it has {', '.join(known)}"
            raise UsageError(f"{suite.name}: unknown corruption '{name}'{close}")
    for severity in severities or ():
        if severity not in suite.severities:
            these = ", ".join(map(str, suite.severities))
            raise UsageError(f"{suite.name}: unknown severity {severity}; it has {these}")
    return [CLEAN] + [
        Condition(corruption=name, severity=severity)
        for name in known
        if corruptions is None or name in corruptions
        for severity in suite.severities
        if severities is None or severity in severities
    ]


def corrupted_frames(
    frames: FrameSet, suite: NoiseSuite, conditions: Sequence[Condition], *, workers: int = 1
) -> tuple[NDArray[np.uint8], ...]:
    """Return the frames (N, H, W) under each of the conditions, in their order, as read-only memory maps.

    Each condition has a file of its own in the cache, so that another selection finds what is there; its
    folder is named by a hash of what the suite does, the frames, their identity and their sectors. Clean
    frames are the given ones. `workers` is how many processes may share what has to be made, where there is
    enough of it.
    """
    folder = cache_folder("noise", _key(frames, suite))
    paths = {each: folder / f"{each.corruption}-{each.severity}.npy" for each in conditions if each != CLEAN}
    shape_NHW = frames.frames_NHW.shape
    missing = {condition: path for condition, path in paths.items() if _read(path, shape_NHW) is None}
    if missing:
        _make(frames, suite, missing, workers=workers)
    made = {condition: _read(path, shape_NHW) for condition, path in paths.items()}
    return tuple(
        frames.frames_NHW if (noisy_NHW := made.get(condition)) is None else noisy_NHW
        for condition in conditions
    )


def _key(frames: FrameSet, suite: NoiseSuite) -> str:
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


def _read(path: Path, shape_NHW: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """Return a cached condition, or None where there is none, or a damaged one: it is made (again) then."""
    try:
        noisy_NHW: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, EOFError, ValueError):
        return None
    return noisy_NHW if noisy_NHW.shape == shape_NHW and noisy_NHW.dtype == np.uint8 else None


def _make(frames: FrameSet, suite: NoiseSuite, missing: dict[Condition, Path], *, workers: int) -> None:
    """Write a file for each missing condition; all of them appear together, at the end."""
    with ExitStack() as files:
        temporary = [files.enter_context(atomic_file(path)) for path in missing.values()]
        _fill(temporary, frames, suite, tuple(missing), workers=workers)


def _fill(
    paths: Sequence[Path],
    frames: FrameSet,
    suite: NoiseSuite,
    conditions: tuple[Condition, ...],
    *,
    workers: int,
) -> None:
    """Fill a file for each condition, some frames at a time, whichever process makes them.

    The files' maps end with this function: some systems do not rename a file that is mapped.
    """
    shape_NHW = frames.frames_NHW.shape
    maps = [np.lib.format.open_memmap(path, "w+", dtype=np.uint8, shape=shape_NHW) for path in paths]
    start = 0
    for noisy_CNHW in _chunks_made(frames, suite, conditions, workers=workers):
        for noisy_NHW, whole_NHW in zip(noisy_CNHW, maps, strict=True):
            whole_NHW[start : start + len(noisy_NHW)] = noisy_NHW
        start += noisy_CNHW.shape[1]
    for whole_NHW in maps:
        whole_NHW.flush()


def _chunks_made(
    frames: FrameSet, suite: NoiseSuite, conditions: tuple[Condition, ...], *, workers: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield (C, n, H, W) for one chunk of frames after the other, in order."""
    useful = min(workers, len(frames) * len(conditions) // LEAST_WORK)
    if useful < 2:  # one process is this one
        for chunk in _chunks(frames):
            yield _corrupt_chunk(chunk, suite, conditions)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(useful, mp_context=spawn) as pool:
        jobs = [pool.submit(_corrupt_chunk, chunk, suite, conditions) for chunk in _chunks(frames)]
        while jobs:
            yield jobs.pop(0).result()


def _chunks(frames: FrameSet) -> Iterable[Chunk]:
    for start in range(0, len(frames), FRAMES_AT_A_TIME):
        part = slice(start, start + FRAMES_AT_A_TIME)
        yield frames.frames_NHW[part], frames.videos[part], frames.frame_indices[part], frames.sectors[part]


def _corrupt_chunk(chunk: Chunk, suite: NoiseSuite, conditions: tuple[Condition, ...]) -> NDArray[np.uint8]:
    """Return (C, n, H, W); frame by frame, since a frame's severities share what is drawn for it."""
    frames_NHW, videos, indices, sectors = chunk
    noisy_CNHW = np.empty((len(conditions), *frames_NHW.shape), np.uint8)
    for n, (video, frame, sector) in enumerate(zip(videos, indices, sectors, strict=True)):
        for c, condition in enumerate(conditions):
            noisy_CNHW[c, n] = corrupt_frame(
                suite, frames_NHW[n], condition, video=video, frame=frame, sector=sector
            )
    return noisy_CNHW
