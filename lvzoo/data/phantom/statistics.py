"""How near the phantom is to real clips, in figures: `python -m lvzoo.data.phantom.statistics`.

The ranges of real frames were measured on nine public demonstration clips of EchoNet-Dynamic.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.data.opencv import cv2
from lvzoo.data.phantom.clip import Clip, simulate
from lvzoo.geometry.raster import rasterise
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.geometry.contour import Tracing

PATIENTS = 100
LIT = 15

REAL_RANGES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "mean grey level": (20, 46),
        "standard deviation": (45, 68),
        "share of pixels below 8": (0.48, 0.71),
        "95th percentile": (128, 206),
        "99th percentile": (183, 248),
        "correlation of successive frames": (0.966, 0.982),
        "correlation of neighbours, x": (0.81, 0.91),
        "correlation of neighbours, y": (0.75, 0.90),
    }
)


def look(clip: Clip) -> dict[str, float]:
    """Return the statistics of REAL_RANGES for one clip: of its ED frame, and of its motion where it is lit."""
    frame = clip.frames_NHW[clip.beat.ed_frame].astype(np.float64)
    lit = clip.frames_NHW.mean(axis=0) > LIT
    motion = [_correlation(before[lit], after[lit]) for before, after in pairwise(clip.frames_NHW)]
    figures = (
        frame.mean(),
        frame.std(),
        (frame < 8).mean(),
        np.percentile(frame, 95),
        np.percentile(frame, 99),
        np.mean(motion),
        _correlation(frame[:, :-1], frame[:, 1:]),
        _correlation(frame[:-1], frame[1:]),
    )
    return {name: float(figure) for name, figure in zip(REAL_RANGES, figures, strict=True)}


def agreement(clip: Clip) -> dict[str, float]:
    """Return Dice of the reader's tracing against the true contour, both rasterised by the one rule."""
    pairs = {"ED": (clip.ed, clip.beat.ed_frame), "ES": (clip.es, clip.beat.es_frame)}
    return {phase: _dice(tracing, clip.contours_NP2[frame]) for phase, (tracing, frame) in pairs.items()}


def _dice(tracing: Tracing, contour_P2: NDArray[np.float32]) -> float:
    traced_HW, true_HW = rasterise(tracing.polygon_P2, FRAME_SIZE_HW), rasterise(contour_P2, FRAME_SIZE_HW)
    return float(2 * (traced_HW & true_HW).sum() / (traced_HW.sum() + true_HW.sum()))


def _correlation(first: NDArray[np.number], second: NDArray[np.number]) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def report() -> str:
    """Simulate 100 patients and return their statistics beside the real ranges, as a Markdown table."""
    start_s = time.process_time()
    clips = [simulate(seed=0, split="train", index=index) for index in range(PATIENTS)]
    spent_ms = 1000 * (time.process_time() - start_s)
    looks = [look(clip) for clip in clips]
    lines = ["| statistic | synthetic: mean (10th-90th percentile) | real |", "|---|---|---|"]
    for name, (least, most) in REAL_RANGES.items():
        low, high = np.percentile([each[name] for each in looks], [10, 90])
        mean = np.mean([each[name] for each in looks])
        lines.append(f"| {name} | {mean:.3g} ({low:.3g}-{high:.3g}) | {least:g}-{most:g} |")
    for phase in ("ED", "ES"):
        dice = np.mean([agreement(clip)[phase] for clip in clips])
        lines.append(f"| Dice of tracing against truth, {phase} | {dice:.3f} | |")
    frames = sum(len(clip.frames_NHW) for clip in clips)
    lines.append(f"| ms of processor time a frame, one core | {spent_ms / frames:.1f} | |")
    return "\n".join(lines)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sys.stdout.write(f"{report()}\n")
