"""What frames are like, in figures: of the phantom, of any clip, of a data folder, beside the range of real clips.

All figures are of decoded files: simulated frames too have been through theirs.
"""

from __future__ import annotations

import logging
import math
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.data import quirks
from lvzoo.data.appearance import REAL_RANGES, look, mean
from lvzoo.data.clip import clips_in, read_clip
from lvzoo.data.crop import crop_to_sector
from lvzoo.data.phantom.clip import Clip, simulate
from lvzoo.data.phantom.dataset import NOTE
from lvzoo.data.phantom.files import write_clip
from lvzoo.data.phantom.ranges import ranges_of
from lvzoo.data.phantom.write import single_threaded_opencv
from lvzoo.errors import DataError, UsageError
from lvzoo.geometry.overlap import dice
from lvzoo.geometry.raster import rasterise
from lvzoo.types import FRAME_SIZE_HW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import Finding

LOG = logging.getLogger("lvzoo.data")

PERCENTILES: Final = (10, 90)
MS: Final = 1000


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
        """Whether the mean lies in the range of real clips; None where there is no range, or no mean."""
        if self.real is None or math.isnan(self.mean):
            return None
        return self.real[0] <= self.mean <= self.real[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """What was looked at, and its figures."""

    source: str
    clips: int
    synthetic_clips: int
    """How many of them a phantom made."""
    statistics: tuple[Statistic, ...]
    findings: tuple[Finding, ...] = ()
    """The clips of folders that could not be read, with the reason; they are in no figure and no count."""

    @property
    def title(self) -> str:
        """What was looked at, in words; whatever is synthetic is called so."""
        few = f", partly synthetic ({self.synthetic_clips:,} of the clips)"
        kind = {0: "", self.clips: ", synthetic"}.get(self.synthetic_clips, few)
        lost = f" ({len(self.findings):,} more could not be read)" if self.findings else ""
        return f"{self.source}{kind}: {self.clips:,} clip{'s' * (self.clips != 1)}{lost}"

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
            "findings": [asdict(finding) for finding in self.findings],
        }


def _known(figure: float) -> float | None:
    return None if math.isnan(figure) else figure


def statistics_of_files(
    paths: Sequence[Path], *, most: int = 100, on_clip: Callable[[int, int], None] | None = None
) -> Statistics:
    """Return the statistics of clips: of files, and of at most `most` clips of each folder, evenly chosen.

    A folder is a data set's (its clips lie in `Videos`) or holds the clips itself; one of them that cannot be read is
    told and left out. What is not 112 x 112 is cropped to its sector and shrunk, as models see it.

    Raises:
        UsageError: `most` is less than 1.
        DataError: a file cannot be read, a folder holds no clips, or nothing that was found can be read.
    """
    if most < 1:
        raise UsageError(f"{most} clips of each folder are none; look at 1 at least")
    found = [(file, path.is_dir()) for path in paths for file in _clips_of(path, most)]
    read: list[Path] = []
    looks: list[Mapping[str, float]] = []
    findings: list[Finding] = []
    for done, (file, in_folder) in enumerate(found, start=1):
        frames_NHW = _read_or_note(file, findings) if in_folder else read_clip(file).frames_NHW
        if frames_NHW is not None:
            read.append(file)
            looks.append(look(crop_to_sector(frames_NHW)[0]))
        if on_clip is not None:
            on_clip(done, len(found))
    source = ", ".join(path.name or str(path) for path in paths)
    if not read:
        raise DataError(f"{source}: none of {len(found):,} clips can be read; check that the files are whole")
    return Statistics(
        source=source,
        clips=len(read),
        synthetic_clips=sum(_is_synthetic(file) for file in read),
        statistics=tuple(_summed(looks)),
        findings=tuple(findings),
    )


def _read_or_note(file: Path, findings: list[Finding]) -> NDArray[np.uint8] | None:
    """Return a clip's frames; of one that cannot be read, add what was found, and say so."""
    try:
        return read_clip(file).frames_NHW
    except DataError as error:
        LOG.warning("left out: %s", error)
        findings.append(quirks.VIDEO_DAMAGED.found(file.name, str(error).removeprefix(f"{file}: ")))
        return None


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
        statistics=tuple(_summed(looks)),
    )


def _decoded(clip: Clip) -> NDArray[np.uint8]:
    """Return a simulated clip's frames as its file gives them back."""
    with tempfile.TemporaryDirectory() as folder:
        written = write_clip(Path(folder), clip)
        return read_clip(Path(folder, f"{written.name}.avi")).frames_NHW


def _is_synthetic(file: Path) -> bool:
    """Tell whether a phantom's note lies beside the folder of the clip."""
    return (file.resolve().parent.parent / NOTE).is_file()


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
            name=name, mean=mean(known), low=float(low), high=float(high), real=REAL_RANGES.get(name)
        )


def _clips_of(path: Path, most: int) -> list[Path]:
    """Return a file itself, or the clips of a folder, evenly chosen by name."""
    if not path.is_dir():
        return [path]
    folder = path / "Videos" if (path / "Videos").is_dir() else path
    files = clips_in(folder)
    if not files:
        raise DataError(f"{folder}: holds no clips; give a clip, or a folder of clips")
    return [
        files[index] for index in np.linspace(0, len(files) - 1, min(most, len(files))).round().astype(int)
    ]
