"""What frames are like, in figures: of the phantom, of any clip, of a data folder, beside the range of real clips.

The real ranges were measured on nine public demonstration clips of EchoNet-Dynamic.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.data.clip import read_clip
from lvzoo.data.crop import crop_to_sector
from lvzoo.data.phantom.clip import Clip, simulate
from lvzoo.data.phantom.dataset import NOTE
from lvzoo.data.phantom.ranges import ranges_of
from lvzoo.data.phantom.write import single_threaded_opencv
from lvzoo.errors import DataError
from lvzoo.geometry.overlap import dice
from lvzoo.geometry.raster import rasterise
from lvzoo.geometry.sector import evenly_spaced
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIT: Final = 15
DARK: Final = 8
PERCENTILES: Final = (10, 90)
MS: Final = 1000

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistic:
    """One figure over clips: mean, 10th and 90th percentile; `real` where real clips were measured.

    The figures are NaN where no clip has one: successive frames of a still, for instance.
    """

    name: str
    mean: float
    low: float
    high: float
    real: tuple[float, float] | None = None

    @property
    def as_real(self) -> bool | None:
        """Whether the mean lies in the range of real clips; None where there is none to lie in."""
        return None if self.real is None else self.real[0] <= self.mean <= self.real[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """What was looked at, and its figures."""

    source: str
    clips: int
    synthetic_clips: int
    """How many of them a phantom made."""
    statistics: tuple[Statistic, ...]

    @property
    def title(self) -> str:
        """What was looked at, in words; whatever is synthetic is called so."""
        few = f", partly synthetic ({self.synthetic_clips:,} of the clips)"
        kind = {0: "", self.clips: ", synthetic"}.get(self.synthetic_clips, few)
        return f"{self.source}{kind}: {self.clips:,} clip{'s' * (self.clips != 1)}"

    def as_json(self) -> dict[str, object]:
        """Return all as JSON knows it: what no clip has is null, for JSON has no NaN."""
        return {
            "source": self.source,
            "synthetic": self.synthetic_clips > 0,
            "clips": self.clips,
            "synthetic_clips": self.synthetic_clips,
            "statistics": {
                each.name: {
                    "mean": _known(each.mean),
                    "p10": _known(each.low),
                    "p90": _known(each.high),
                    "real": each.real,
                    "as_real": each.as_real,
                }
                for each in self.statistics
            },
        }


def _known(figure: float) -> float | None:
    return None if math.isnan(figure) else figure


def statistics_of_files(
    paths: Sequence[Path], *, most: int = 100, on_clip: Callable[[int, int], None] | None = None
) -> Statistics:
    """Return the statistics of clips: of files, and of at most `most` clips of each folder, evenly chosen.

    A folder is a data set's (its clips lie in `Videos`) or holds the clips itself. What is not 112 x 112 is cropped
    to its sector and shrunk, as models see it.

    Raises:
        DataError: a clip cannot be read, or a folder holds none.
    """
    files = [file for path in paths for file in _clips_of(path, most)]
    looks = []
    for file in files:
        frames_NHW, _ = crop_to_sector(read_clip(file).frames_NHW)
        looks.append(look(frames_NHW))
        if on_clip is not None:
            on_clip(len(looks), len(files))
    return Statistics(
        source=", ".join(path.name or str(path) for path in paths),
        clips=len(files),
        synthetic_clips=sum(_is_synthetic(file) for file in files),
        statistics=tuple(_summed(looks)),
    )


def statistics_of_phantom(
    *,
    patients: int = 100,
    seed: int = 0,
    shift: str | None = None,
    on_clip: Callable[[int, int], None] | None = None,
) -> Statistics:
    """Simulate patients and return their statistics, how well their readers traced, and what a frame cost.

    Raises:
        UsageError: there is no such shift.
    """
    ranges = ranges_of(shift)
    looks: list[dict[str, float]] = []
    for index in range(patients):
        start_s = time.process_time()
        with single_threaded_opencv():
            clip = simulate(seed=seed, split="train", index=index, ranges=ranges)
        spent_ms = MS * (time.process_time() - start_s) / len(clip.frames_NHW)
        looks.append({**look(clip.frames_NHW), **_agreement(clip), "ms of processor time a frame": spent_ms})
        if on_clip is not None:
            on_clip(index + 1, patients)
    return Statistics(
        source="phantom" if shift is None else f"phantom-{shift}",
        clips=patients,
        synthetic_clips=patients,
        statistics=tuple(_summed(looks)),
    )


def _is_synthetic(file: Path) -> bool:
    """Tell whether a phantom's note lies beside the folder of the clip."""
    return (file.resolve().parent.parent / NOTE).is_file()


def look(frames_NHW: NDArray[np.uint8]) -> dict[str, float]:
    """Return the statistics of REAL_RANGES for one clip: of evenly spaced frames, and of motion where it is lit."""
    stills = frames_NHW[evenly_spaced(len(frames_NHW))].astype(np.float64)
    lit = frames_NHW.mean(axis=0) > LIT
    motion = [_correlation(before[lit], after[lit]) for before, after in pairwise(frames_NHW)]
    figures = (
        *(stills.mean(), stills.std(axis=(1, 2)).mean(), (stills < DARK).mean()),
        *np.percentile(stills, [95, 99], axis=(1, 2)).mean(axis=1),
        _mean(motion),
        _mean(_correlation(still[:, :-1], still[:, 1:]) for still in stills),
        _mean(_correlation(still[:-1], still[1:]) for still in stills),
    )
    return {name: float(figure) for name, figure in zip(REAL_RANGES, figures, strict=True)}


def _correlation(first: NDArray[np.number], second: NDArray[np.number]) -> float:
    if first.size == 0 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def _mean(figures: Iterable[float]) -> float:
    known = [figure for figure in figures if not math.isnan(figure)]
    return float(np.mean(known)) if known else math.nan


def _agreement(clip: Clip) -> dict[str, float]:
    """Return Dice of the reader's tracing against the true contour, both rasterised by the one rule."""
    pairs = {"ED": (clip.ed, clip.beat.ed_frame), "ES": (clip.es, clip.beat.es_frame)}
    return {
        f"Dice of tracing against truth, {phase}": dice(
            rasterise(tracing.polygon_P2, FRAME_SIZE_HW), rasterise(clip.contours_NP2[frame], FRAME_SIZE_HW)
        )
        for phase, (tracing, frame) in pairs.items()
    }


def _summed(looks: Sequence[Mapping[str, float]]) -> Iterable[Statistic]:
    for name in looks[0]:
        known = [each[name] for each in looks if not math.isnan(each[name])]
        low, high = np.percentile(known, PERCENTILES) if known else (math.nan, math.nan)
        yield Statistic(
            name=name, mean=_mean(known), low=float(low), high=float(high), real=REAL_RANGES.get(name)
        )


def _clips_of(path: Path, most: int) -> list[Path]:
    """Return a file itself, or the clips of a folder, evenly chosen by name."""
    if not path.is_dir():
        return [path]
    folder = path / "Videos" if (path / "Videos").is_dir() else path
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    if not files:
        raise DataError(f"{folder}: holds no clips; give a clip, or a folder of clips")
    return [
        files[index] for index in np.linspace(0, len(files) - 1, min(most, len(files))).round().astype(int)
    ]
