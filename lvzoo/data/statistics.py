"""Measures what the frames of clips and data folders look like, beside the range of real clips."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.data import quirks
from lvzoo.data.appearance import REAL_RANGES, look, mean
from lvzoo.data.clip import clips_in, is_synthetic, read_clip
from lvzoo.data.crop import crop_to_sector
from lvzoo.errors import DataError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvzoo.types import Finding

LOG = logging.getLogger("lvzoo.data")

PERCENTILES: Final = (10, 90)


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
        synthetic_clips=sum(is_synthetic(file) for file in read),
        statistics=tuple(summarise(looks)),
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


def summarise(looks: Sequence[Mapping[str, float]]) -> Iterable[Statistic]:
    """Yield a statistic for each figure of the clips; a clip whose figure is NaN is left out of it."""
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
