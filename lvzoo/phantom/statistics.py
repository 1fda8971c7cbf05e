"""Measures what simulated frames look like, the shape of ventricles, how well readers trace, and what a frame costs.

The appearance is that of decoded files, as for real clips: each simulated clip is first written and read back. The
shape is that of the readers' tracings.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.recognise import read_whole
from lvzoo.data.figures import summarise
from lvzoo.data.shapes import summarise_shapes
from lvzoo.data.statistics import REAL_RANGES, Statistics, measure_appearance
from lvzoo.errors import UsageError
from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.shape import measure_shape
from lvzoo.phantom.clip import Clip, simulate
from lvzoo.phantom.files import write_clip
from lvzoo.phantom.ranges import ranges_of
from lvzoo.phantom.worker import single_threaded_opencv
from lvzoo.types import FRAME_SIZE_HW

MS: Final = 1000


def statistics_of_phantom(
    *,
    patients: int = 100,
    seed: int = 0,
    shift: str | None = None,
    on_clip: Callable[[int, int], None] | None = None,
) -> Statistics:
    """Simulate patients; return statistics of their frames, shapes and readers, and the time to simulate a frame.

    The frames are read back from the clip's file; the time does not include writing and reading it.

    Raises:
        UsageError: there is no such shift, or `patients` is less than 1.
    """
    if patients < 1:
        raise UsageError(f"cannot simulate {patients} patients; simulate at least 1")
    ranges = ranges_of(shift)
    looks: list[dict[str, float]] = []
    shapes: dict[str, dict[str, float] | None] = {}
    for index in range(patients):
        start_s = time.process_time()
        with single_threaded_opencv():
            clip = simulate(seed=seed, split="train", index=index, ranges=ranges)
        spent_ms = MS * (time.process_time() - start_s) / len(clip.frames_NHW)
        traced_2HW = _rasterise_pair(clip.ed.polygon_P2, clip.es.polygon_P2)
        shapes[clip.name] = measure_shape(*traced_2HW)
        looks.append(
            {
                **measure_appearance(_write_and_read(clip)),
                **_measure_readers(clip, traced_2HW),
                "ms of processor time a frame": spent_ms,
            }
        )
        if on_clip is not None:
            on_clip(index + 1, patients)
    source = "phantom" if shift is None else f"phantom-{shift}"
    return Statistics(
        source=source,
        clips=patients,
        synthetic_clips=patients,
        statistics=summarise(looks, REAL_RANGES),
        shapes=(summarise_shapes(shapes, source=source, origin="tracings", synthetic=shapes.keys()),),
    )


def _write_and_read(clip: Clip) -> NDArray[np.uint8]:
    """Return a simulated clip's frames as they decode from its file."""
    with tempfile.TemporaryDirectory() as folder:
        write_clip(Path(folder), clip)
        return read_whole(Path(folder, f"{clip.name}.avi"))


def _rasterise_pair(ed_P2: NDArray[np.floating], es_P2: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return the masks of ED and ES (2, H, W) by the rule of every reference."""
    return np.stack([rasterise(each_P2, FRAME_SIZE_HW) for each_P2 in (ed_P2, es_P2)])


def _measure_readers(clip: Clip, traced_2HW: NDArray[np.bool_]) -> dict[str, float]:
    """Return the Dice of the reader's tracings against the true contours, both rasterised by the same rule."""
    true_2HW = _rasterise_pair(*clip.contours_NP2[[clip.beat.ed_frame, clip.beat.es_frame]])
    ed, es = dice_N(traced_2HW, true_2HW).tolist()
    return {"Dice of tracing against truth, ED": ed, "Dice of tracing against truth, ES": es}
