"""Measures what simulated frames look like, how well their readers traced, and what a frame costs.

The figures come from decoded files, as those of real clips do: each simulated clip is written and read again first.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lvzoo.data.appearance import look
from lvzoo.data.clip import read_clip
from lvzoo.data.statistics import Statistics, summarise
from lvzoo.errors import UsageError
from lvzoo.geometry.overlap import dice
from lvzoo.geometry.raster import rasterise
from lvzoo.phantom.clip import Clip, simulate
from lvzoo.phantom.files import write_clip
from lvzoo.phantom.ranges import ranges_of
from lvzoo.phantom.write import single_threaded_opencv
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MS: Final = 1000


def statistics_of_phantom(
    *,
    patients: int = 100,
    seed: int = 0,
    shift: str | None = None,
    on_clip: Callable[[int, int], None] | None = None,
) -> Statistics:
    """Simulate patients and return their statistics, how well their readers traced, and what a frame cost.

    The frames are those that the clip's file gives back; the cost is that of the simulation alone.

    Raises:
        UsageError: there is no such shift, or `patients` is less than 1.
    """
    if patients < 1:
        raise UsageError(f"{patients} patients are none; simulate 1 at least")
    ranges = ranges_of(shift)
    looks: list[dict[str, float]] = []
    for index in range(patients):
        start_s = time.process_time()
        with single_threaded_opencv():
            clip = simulate(seed=seed, split="train", index=index, ranges=ranges)
        spent_ms = MS * (time.process_time() - start_s) / len(clip.frames_NHW)
        looks.append({**look(_decoded(clip)), **_agreement(clip), "ms of processor time a frame": spent_ms})
        if on_clip is not None:
            on_clip(index + 1, patients)
    return Statistics(
        source="phantom" if shift is None else f"phantom-{shift}",
        clips=patients,
        synthetic_clips=patients,
        statistics=tuple(summarise(looks)),
    )


def _decoded(clip: Clip) -> NDArray[np.uint8]:
    """Return a simulated clip's frames as its file gives them back."""
    with tempfile.TemporaryDirectory() as folder:
        written = write_clip(Path(folder), clip)
        return read_clip(Path(folder, f"{written.name}.avi")).frames_NHW


def _agreement(clip: Clip) -> dict[str, float]:
    """Return Dice of the reader's tracing against the true contour, both rasterised by the one rule."""
    pairs = {"ED": (clip.ed, clip.beat.ed_frame), "ES": (clip.es, clip.beat.es_frame)}
    return {
        f"Dice of tracing against truth, {phase}": dice(
            rasterise(tracing.polygon_P2, FRAME_SIZE_HW), rasterise(clip.contours_NP2[frame], FRAME_SIZE_HW)
        )
        for phase, (tracing, frame) in pairs.items()
    }
