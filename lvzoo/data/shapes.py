"""Measures the shape of the ventricles in tracings, and compares it with the shape in real clips.

`lvzoo.geometry.shape` defines the figures. A video is measured on its masks of ED and ES.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvzoo.data.figures import Statistic, null_for_nan, say_synthetic, summarise
from lvzoo.errors import DataError, NoSplitError, name_some
from lvzoo.geometry.shape import LEAST_PIXELS, measure_shape
from lvzoo.interfaces import Dataset
from lvzoo.types import SPLITS, Finding, FrameSet, Phase

LOG = logging.getLogger("lvzoo.data")

Origin: TypeAlias = Literal["tracings", "predicted masks"]
NO_PAIR: Final = "ED or ES is not traced"
NO_SHAPE: Final = f"at ED or ES, the mask is too small (fewer than {LEAST_PIXELS} pixels), or in pieces"


class MeanSd(NamedTuple):
    """Mean and standard deviation."""

    mean: float
    sd: float

    @property
    def range(self) -> tuple[float, float]:
        """Everything within one SD of the mean."""
        return self.mean - self.sd, self.mean + self.sd


REAL_SHAPES: Final[Mapping[str, MeanSd]] = MappingProxyType(
    {
        "ED width at 10%": MeanSd(0.55, 0.09),
        "ED width at 25%": MeanSd(0.76, 0.10),
        "ED width at 50%": MeanSd(0.88, 0.10),
        "ED width at 75%": MeanSd(0.99, 0.02),
        "ED width at 90%": MeanSd(0.89, 0.08),
        "ES width at 10%": MeanSd(0.49, 0.08),
        "ES width at 25%": MeanSd(0.63, 0.08),
        "ES width at 90%": MeanSd(0.93, 0.08),
        "ED length by width": MeanSd(1.57, 0.14),
        "ES length by width": MeanSd(1.66, 0.13),
        "ES length by ED length": MeanSd(0.82, 0.06),
        "apex moves in, of the ED length": MeanSd(0.065, 0.037),
        "base moves up, of the ED length": MeanSd(0.118, 0.030),
        "tilt of the axis, degrees": MeanSd(16, 9),
        "centre x, px": MeanSd(62, 3),
        "centre y, px": MeanSd(52, 7),
        "ED area, px": MeanSd(1690, 520),
        "ES area, px": MeanSd(1020, 430),
        "fractional area change": MeanSd(0.41, 0.10),
    }
)
"""Measured on nine public demonstration clips of EchoNet-Dynamic, as its authors' model segments them.

The widths of ES at 50 and 75 % are not known.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shapes:
    """The shapes of the ventricles of a number of videos, and where their masks come from."""

    source: str
    origin: Origin
    videos: int
    """How many videos were measured."""
    synthetic_videos: int
    """How many of them are from a phantom."""
    statistics: tuple[Statistic, ...]
    """Empty if no video was measured."""
    findings: tuple[Finding, ...] = ()
    """The videos that could not be measured, with the reason."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of the videos that could not be measured, without those of single files."""
        return tuple(dict.fromkeys(each.name for each in self.findings if not each.is_of_file))

    @property
    def title(self) -> str:
        """The source and the number of videos in words; it says if some or all of them are synthetic."""
        kind = say_synthetic(self.synthetic_videos, self.videos, what="videos")
        files = len({each.name for each in self.findings if each.is_of_file})
        parts = [f"{len(self.left_out):,} more"] if self.left_out else []
        parts += [f"{files:,} file{'s' * (files != 1)}"] if files else []
        lost = f" ({' and '.join(parts)} left out)" if parts else ""
        videos = f"{self.videos:,} video{'s' * (self.videos != 1)}"
        return f"{self.source}{kind}: shape in the {self.origin} of {videos}{lost}"

    def as_json(self) -> dict[str, object]:
        """Return everything in the form of JSON; NaN becomes null, because JSON has no NaN."""
        return {
            "source": self.source,
            "origin": self.origin,
            "synthetic": self.synthetic_videos > 0,
            "videos": self.videos,
            "synthetic_videos": self.synthetic_videos,
            "statistics": {
                each.name: {
                    "mean": null_for_nan(each.mean),
                    "sd": null_for_nan(each.sd),
                    "real": REAL_SHAPES[each.name]._asdict() if each.name in REAL_SHAPES else None,
                    "as_real": each.as_real,
                }
                for each in self.statistics
            },
            "findings": [asdict(finding) for finding in self.findings],
        }


def summarise_shapes(
    measured: Mapping[str, Mapping[str, float] | None],
    *,
    source: str,
    origin: Origin,
    synthetic: Collection[str],
    findings: Sequence[Finding] = (),
) -> Shapes:
    """Return the shapes of videos, given by name as `measure_shape` returns them: None for masks without one.

    `synthetic` names the videos that are from a phantom; `findings` says why further videos have no masks. Warnings
    name the videos that are left out.
    """
    known = {video: shape for video, shape in measured.items() if shape is not None}
    small = [Finding(name=video, quirk=NO_SHAPE, excluded=True) for video in measured if video not in known]
    shapes = Shapes(
        source=source,
        origin=origin,
        videos=len(known),
        synthetic_videos=sum(video in synthetic for video in known),
        statistics=summarise(list(known.values()), {name: real.range for name, real in REAL_SHAPES.items()}),
        findings=(*findings, *small),
    )
    _warn_of_left_out(shapes)
    return shapes


def _warn_of_left_out(shapes: Shapes) -> None:
    """Warn once for each reason why videos have no shape."""
    for quirk in dict.fromkeys(finding.quirk for finding in shapes.findings):
        names = [
            f"{each.name} ({each.detail})" if each.detail else each.name
            for each in shapes.findings
            if each.quirk == quirk
        ]
        LOG.warning("%s: left out of the shape: %s: %s", shapes.source, quirk, name_some(names))


def measure_tracings(dataset: Dataset, source: str) -> Shapes | None:
    """Return the shapes of all traced videos of a data set; None, and a warning, if no split can be read.

    A video needs a traced frame of ED and one of ES. If it has several, the first of each is used.
    """
    measured: dict[str, Mapping[str, float] | None] = {}
    synthetic: set[str] = set()
    # An ordered set, because findings that belong to no split come with each split
    findings: dict[Finding, None] = {}
    for frames in _load_splits(dataset, source):
        videos = set(frames.videos)
        pairs, incomplete = _pair_masks(frames)
        measured |= {video: measure_shape(*pair) for video, pair in pairs.items()}
        untraced = [each for each in frames.source.exclusions if each.name not in videos]
        findings |= dict.fromkeys([*incomplete, *untraced])
        if frames.source.synthetic:
            synthetic |= videos
    if not measured and not findings:
        return None
    return summarise_shapes(
        measured, source=source, origin="tracings", synthetic=synthetic, findings=tuple(findings)
    )


def _load_splits(dataset: Dataset, source: str) -> Iterator[FrameSet]:
    """Yield the splits that a data set has; a warning says why one of them cannot be read."""
    for split in SPLITS:
        try:
            frames = dataset.load(split)
        except NoSplitError:
            continue
        except DataError as error:
            LOG.warning("%s: no shapes of the split %r: %s", source, split, error)
        else:
            yield frames


def _pair_masks(
    frames: FrameSet,
) -> tuple[dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]], list[Finding]]:
    """Return the masks of ED and ES of each video that has both, and a finding for each other video."""
    masks: dict[str, dict[Phase, NDArray[np.bool_]]] = {}
    for video, phase, mask_HW in zip(frames.videos, frames.phases, frames.masks_NHW, strict=True):
        masks.setdefault(video, {}).setdefault(phase, mask_HW)
    whole = {video: each for video, each in masks.items() if "ED" in each and "ES" in each}
    incomplete = [
        Finding(name=video, quirk=NO_PAIR, excluded=True, detail=f"only {', '.join(each)}")
        for video, each in masks.items()
        if video not in whole
    ]
    return {video: (each["ED"], each["ES"]) for video, each in whole.items()}, incomplete
