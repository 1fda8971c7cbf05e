"""Measures the appearance of the frames of clips and data folders, and compares it with the range of real clips.

The result also holds the shapes of ventricles where masks are known (`lvzoo.data.shapes`).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.clips.find import ClipFile, find_clips
from lvzoo.data.clips.recognise import open_clip, stack_frames
from lvzoo.data.clips.synthetic import is_synthetic
from lvzoo.data.crop import find_crop, make_cropper
from lvzoo.data.figures import Statistic, mean_without_nan, null_for_nan, say_synthetic, summarise
from lvzoo.data.reading import note_failure
from lvzoo.data.shapes import Shapes
from lvzoo.errors import DataError, UsageError, show_name
from lvzoo.geometry.sector import evenly_spaced
from lvzoo.types import Finding

LOG = logging.getLogger("lvzoo.data")

Found = TypeVar("Found")

LIT: Final = 15
"""A pixel whose mean grey level over the clip is higher than this shows tissue that may move."""
MOST_FRAMES: Final = 10_000
"""A longer clip is measured on this many first frames, which take 125 MB at 112 x 112."""
DARK: Final = 8
"""Pixels below this grey level count as dark."""

REAL_RANGES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "mean grey level": (20, 46),
        "standard deviation": (45, 68),
        "share of pixels below 8": (0.48, 0.71),
        "median grey level": (1, 10),
        "95th percentile": (128, 206),
        "99th percentile": (183, 248),
        "correlation of successive frames": (0.966, 0.982),
        "correlation of neighbours, x": (0.81, 0.91),
        "correlation of neighbours, y": (0.75, 0.90),
    }
)
"""Measured on nine public demonstration clips of EchoNet-Dynamic, decoded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledPictures:
    """The labelled frames (N, 112, 112) of one video of a data set: single moments, not successive frames."""

    frames_NHW: NDArray[np.uint8]
    synthetic: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """The appearance of a number of clips, the shapes of ventricles, and where they come from."""

    source: str
    clips: int
    synthetic_clips: int
    """How many of the clips are from a phantom."""
    statistics: tuple[Statistic, ...]
    shapes: tuple[Shapes, ...] = ()
    """One for each folder of tracings or of predicted masks."""
    findings: tuple[Finding, ...] = ()
    """The clips of folders that could not be read, with the reason; no figure and no count includes them."""

    @property
    def title(self) -> str:
        """The source and the number of clips in words; it says if some or all of them are synthetic."""
        kind = say_synthetic(self.synthetic_clips, self.clips, what="clips")
        lost = f" ({len(self.findings):,} more could not be read)" if self.findings else ""
        return f"{self.source}{kind}: {self.clips:,} clip{'s' * (self.clips != 1)}{lost}"

    def as_json(self) -> dict[str, object]:
        """Return everything in the form of JSON; NaN becomes null, because JSON has no NaN."""
        return {
            "source": self.source,
            "synthetic": self.synthetic_clips > 0 or any(each.synthetic_videos for each in self.shapes),
            "clips": self.clips,
            "synthetic_clips": self.synthetic_clips,
            "statistics": {
                each.name: {
                    "mean": null_for_nan(each.mean),
                    "p10": null_for_nan(each.low),
                    "p90": null_for_nan(each.high),
                    "real": each.real,
                    "as_real": each.as_real,
                }
                for each in self.statistics
            },
            "shapes": [each.as_json() for each in self.shapes],
            "findings": [asdict(finding) for finding in self.findings],
        }


def statistics_of_files(
    paths: Sequence[Path],
    *,
    most: int = 100,
    shapes: Mapping[Path, Sequence[Shapes]] = MappingProxyType({}),
    pictures: Mapping[Path, Sequence[LabelledPictures]] = MappingProxyType({}),
    on_clip: Callable[[int, int], None] | None = None,
) -> Statistics:
    """Return the statistics of single clips and of folders of clips.

    `shapes` are those that were measured in some of the folders; these folders need not hold clips. Any other folder
    is a data set, whose clips lie in `Videos`, or holds the clips itself. `pictures` are the labelled frames of data
    sets without such a folder: they are measured instead of clips, apart from what successive frames show. At most
    `most` clips per folder are chosen, evenly by name. A folder's clip that cannot be read is logged and left out.
    Frames that are not 112 x 112 are cropped to the sector and resized, as models see them. The first 10,000 frames
    of a longer clip are measured, and a warning is logged.

    Raises:
        UsageError: `most` is less than 1.
        DataError: a single clip cannot be read, a folder holds neither clips nor shapes, or none can be measured.
    """
    if most < 1:
        raise UsageError(f"cannot measure {most} clips per folder; measure at least 1")
    measured = [each for path in paths for each in shapes.get(path, ())]
    found = [
        (clip, path.is_dir())
        for path in paths
        if path not in pictures
        for clip in _choose_clips(path, most, may_lack=path in shapes)
    ]
    stills = [each for path in paths for each in _choose(pictures.get(path, ()), most)]
    total = len(found) + len(stills)
    read: list[ClipFile] = []
    looks: list[Mapping[str, float]] = []
    findings: list[Finding] = []
    for done, (clip, in_folder) in enumerate(found, start=1):
        frames_NHW = _read_or_note(clip, findings) if in_folder else _read_as_seen(clip)
        if frames_NHW is not None:
            read.append(clip)
            looks.append(measure_appearance(frames_NHW))
        if on_clip is not None:
            on_clip(done, total)
    for done, still in enumerate(stills, start=len(found) + 1):
        looks.append(measure_appearance(still.frames_NHW, successive=False))
        if on_clip is not None:
            on_clip(done, total)
    source = ", ".join(path.name or str(path) for path in paths)
    if not looks and not any(each.videos for each in measured):
        if not found:
            raise DataError(f"{source}: the masks of no video can be measured; the warnings say why")
        raise DataError(f"{source}: none of {len(found):,} clips can be read; check that they are complete")
    return Statistics(
        source=source,
        clips=len(looks),
        synthetic_clips=sum(is_synthetic(clip.path) for clip in read)
        + sum(each.synthetic for each in stills),
        statistics=summarise(looks, REAL_RANGES),
        shapes=tuple(measured),
        findings=tuple(findings),
    )


def _read_or_note(clip: ClipFile, findings: list[Finding]) -> NDArray[np.uint8] | None:
    """Return a clip's frames; if it cannot be read, log and note the reason, and return None."""
    try:
        return _read_as_seen(clip)
    except DataError as error:
        LOG.warning("left out: %s", error)
        findings.append(note_failure(error, clip.path.name, clip.path))
        return None


def _read_as_seen(file: ClipFile) -> NDArray[np.uint8]:
    """Return a clip's first frames as a model sees them (N, 112, 112); only these small frames are held in memory.

    Raises:
        DataError: the clip cannot be read.
    """
    clip = open_clip(file)
    if clip.likely_frames > MOST_FRAMES:
        LOG.warning("%s: only its first %s frames are measured", show_name(clip.path), f"{MOST_FRAMES:,}")
    crop_frame = make_cropper(find_crop(clip.sample()), clip.size_HW)
    return stack_frames(clip, change=crop_frame, most=MOST_FRAMES)


def _choose_clips(path: Path, most: int, *, may_lack: bool) -> list[ClipFile]:
    """Return a single clip, or at most `most` clips of a folder, chosen evenly by name.

    Raises:
        DataError: the folder holds no clips, although it may not lack them.
    """
    if not path.is_dir():
        return [ClipFile(path=path)]
    try:
        clips = find_clips([path / "Videos" if (path / "Videos").is_dir() else path])
    except DataError:
        if may_lack:
            return []
        raise
    return _choose(clips, most)


def _choose(found: Sequence[Found], most: int) -> list[Found]:
    """Return at most so many of the clips or videos that were found, evenly spaced."""
    chosen = np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)
    return [found[index] for index in chosen]


def measure_appearance(frames_NHW: NDArray[np.uint8], *, successive: bool = True) -> dict[str, float]:
    """Return the figures that REAL_RANGES names, for one clip; a figure that cannot be computed is NaN.

    The correlation of successive frames uses all frames, but only the pixels that are bright on average. If the
    frames are not `successive`, it is NaN. The other figures use evenly spaced frames.
    """
    stills = frames_NHW[evenly_spaced(len(frames_NHW))].astype(np.float64)
    lit = frames_NHW.mean(axis=0) > LIT
    pairs = pairwise(frames_NHW) if successive else ()
    correlations = [_correlation(before[lit], after[lit]) for before, after in pairs]
    figures = (
        *(stills.mean(), stills.std(axis=(1, 2)).mean(), (stills < DARK).mean()),
        *np.percentile(stills, [50, 95, 99], axis=(1, 2)).mean(axis=1),
        mean_without_nan(correlations),
        mean_without_nan(_correlation(still[:, :-1], still[:, 1:]) for still in stills),
        mean_without_nan(_correlation(still[:-1], still[1:]) for still in stills),
    )
    return {name: float(figure) for name, figure in zip(REAL_RANGES, figures, strict=True)}


def _correlation(first: NDArray[np.number], second: NDArray[np.number]) -> float:
    """Return Pearson's correlation of two arrays; NaN if one is empty or constant."""
    if first.size == 0 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
