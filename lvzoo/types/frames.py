"""Records of the data step: labelled frames, their ultrasound sectors, and the data set that they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

Phase: TypeAlias = Literal["ED", "ES", "other"]
"""`other` is a labelled frame between ED and ES: a phantom of whole beats has them, EchoNet-Dynamic does not."""
Split: TypeAlias = Literal["train", "val", "test"]

Value = TypeVar("Value")

SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")
FRAME_SIZE_HW: Final = (112, 112)
"""Rows and columns of every frame in training and scoring. It is EchoNet-Dynamic's format."""
CONTOUR_POINTS: Final = 121
"""P. Each wall has 60 equal arc lengths, so index 60 is the apex, and K landmarks are every 120/(K-1)-th point."""
APEX_INDEX: Final = CONTOUR_POINTS // 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Sector:
    """The ultrasound sector of one video: the part of the frame that the scanner shows."""

    apex_px: tuple[float, float]
    """(x, y) where the two straight edges meet; it may lie outside the frame."""
    half_angle_deg: float
    """Angle between the sector's axis and either straight edge."""
    radius_px: float
    """Distance from the apex to the outer arc."""
    hull_px: tuple[tuple[float, float], ...]
    """(x, y) vertices of a polygon; the scan mask is this polygon, filled."""
    fitted: bool = True
    """False if the fit of the two edges failed and the standard sector is used (see `lvzoo.geometry.sector`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One irregularity in the files of a data set."""

    name: str
    """The video in which it was found, or the file with its folder ("images/p1.png") if it is about one file."""
    quirk: str
    """What is irregular, in words; findings with the same words are counted together."""
    excluded: bool
    """Whether the frame or video was left out because of it."""
    detail: str = ""

    @property
    def is_of_file(self) -> bool:
        """Whether it is about one file, whose name is then given with its folder."""
        return "/" in self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The data set that frames come from.

    `version` is the version of the data or of their reader. `fingerprint` is a hash of the decoded frames and their
    references, so equal fingerprints mean equal data. `reader_dice` is the mean Dice of the reference tracings
    against the true ventricle. Only a phantom knows the truth; for other data it is None.
    """

    name: str
    version: str
    fingerprint: str
    synthetic: bool = False
    findings: tuple[Finding, ...] = ()
    reader_dice: float | None = None

    @property
    def exclusions(self) -> tuple[Finding, ...]:
        """The findings because of which a frame or a video was left out."""
        return tuple(finding for finding in self.findings if finding.excluded)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameSet:
    """The labelled frames of one split, in memory or mapped from a file into memory that this process may change.

    Item n of every field belongs to the same frame.
    """

    frames_NHW: NDArray[np.uint8]
    """Grey levels 0..255."""
    masks_NHW: NDArray[np.bool_]
    """Reference masks: True inside the left ventricle."""
    contours_NP2: NDArray[np.float32]
    """Reference contours in pixels, P = 121 points from the left annulus over the apex (index 60) to the right
    annulus. The points of each wall are at equal arc lengths."""
    sectors: tuple[Sector, ...]
    patients: tuple[str, ...]
    """The patient of each frame. Intervals come from resampling patients, not frames."""
    videos: tuple[str, ...]
    frame_indices: tuple[int, ...]
    """Position of each frame in its video, from 0."""
    phases: tuple[Phase, ...]
    source: Source
    spacing_mm: tuple[float, ...] | None = None
    """Pixel size of each frame, or None if the data set does not give one."""
    listed_efs: tuple[float | None, ...] | None = None
    """Ejection fraction of each frame's video in percent, as the data set lists it; None where it lists none."""
    views: tuple[str, ...] | None = None
    """The view of each frame, such as "4CH"; "" where it is not known, None if the data set names no views."""
    qualities: tuple[str, ...] | None = None
    """The picture quality of each frame in the data set's own words, such as "Good", "Medium" or "Poor"; "" where it
    is not known, None if the data set does not grade its pictures."""

    def __len__(self) -> int:
        """N, the number of frames."""
        return len(self.videos)

    def take(self, indices: Sequence[int]) -> FrameSet:
        """Return some of the frames, in the given order. The source stays that of the whole set."""
        places = list(indices)
        return replace(
            self,
            frames_NHW=self.frames_NHW[places],
            masks_NHW=self.masks_NHW[places],
            contours_NP2=self.contours_NP2[places],
            sectors=tuple(self.sectors[n] for n in places),
            patients=tuple(self.patients[n] for n in places),
            videos=tuple(self.videos[n] for n in places),
            frame_indices=tuple(self.frame_indices[n] for n in places),
            phases=tuple(self.phases[n] for n in places),
            spacing_mm=_take(self.spacing_mm, places),
            listed_efs=_take(self.listed_efs, places),
            views=_take(self.views, places),
            qualities=_take(self.qualities, places),
        )


def _take(values_N: tuple[Value, ...] | None, places: Sequence[int]) -> tuple[Value, ...] | None:
    return None if values_N is None else tuple(values_N[n] for n in places)
