"""What the data step hands on: labelled frames, their sectors, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Phase: TypeAlias = Literal["ED", "ES", "other"]
"""`other` is any frame beside them: EchoNet-Dynamic has none that are labelled, a phantom of whole beats does."""
Split: TypeAlias = Literal["train", "val", "test"]

SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")
FRAME_SIZE_HW: Final = (112, 112)
"""Rows and columns of every frame that is trained on and scored: EchoNet-Dynamic's format."""
CONTOUR_POINTS: Final = 121
"""P: 60 equal arc lengths on each wall, so that index 60 is the apex and K landmarks are every 120/(K-1)-th."""
APEX_INDEX: Final = CONTOUR_POINTS // 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Sector:
    """The ultrasound sector of one video.

    The scan mask is the filled polygon `hull_px` ((x, y) vertices). `fitted` is False where the fit of the
    two straight edges failed and the standard sector stands in (science of the fit: `lvzoo.geometry.sector`).
    """

    apex_px: tuple[float, float]
    half_angle_deg: float
    radius_px: float
    hull_px: tuple[tuple[float, float], ...]
    fitted: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One quirk of the files, by name: what was found in which video, and whether it cost the frame or video."""

    name: str
    quirk: str
    excluded: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where frames come from. `fingerprint` is a hash of the decoded frames and references themselves.

    `reader_dice` is the mean Dice of the tracings against the truth, where there is a truth: on a phantom.
    """

    name: str
    version: str
    fingerprint: str
    synthetic: bool = False
    findings: tuple[Finding, ...] = ()
    reader_dice: float | None = None

    @property
    def exclusions(self) -> tuple[Finding, ...]:
        """The findings that cost a frame or a video."""
        return tuple(finding for finding in self.findings if finding.excluded)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameSet:
    """The labelled frames of one split, in memory; row n of every field belongs to the same frame.

    `contours_NP2` runs left annulus -> apex -> right annulus in P = 121 points: index 60 is the apex, and
    the points of each wall stand at equal arc lengths. `spacing_mm` is the pixel size of each frame, or None
    where the data set has none.
    """

    frames_NHW: NDArray[np.uint8]
    masks_NHW: NDArray[np.bool_]
    contours_NP2: NDArray[np.float32]
    sectors: tuple[Sector, ...]
    patients: tuple[str, ...]
    videos: tuple[str, ...]
    frame_indices: tuple[int, ...]
    phases: tuple[Phase, ...]
    source: Source
    spacing_mm: tuple[float, ...] | None = None

    def __len__(self) -> int:
        """N, the number of frames."""
        return len(self.videos)
