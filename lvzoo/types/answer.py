"""The answer for one clip: contours, sizes, beats, ejection fraction, and how far to trust them.

`lvzoo.workflows.predictor` makes it, and everything that is written for a clip is written from it. Letters are those
of `lvzoo.types`: N frames, P points of an outline. Lengths are in px of the clip, not of the frames of 112 x 112 that
a model sees. A frame that could not be measured has NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NO_MEDICAL_DEVICE: Final = "lvzoo is not a medical device: for research only, never for the care of a patient"
"""It stands on every page and in every file that states an ejection fraction."""

LEAST_DICE: Final = 0.8
"""A frame is trusted from this expected Dice."""

Role: TypeAlias = Literal["answer", "check"]
"""`answer`: the masks are this model's, or the mean of these models'. `check`: a second opinion, for the trust."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelUsed:
    """A model that took part: its name, the SHA-256 of its weights, and what it was trained on."""

    name: str
    weights: str
    trained_on: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipBeat:
    """One beat. `ed` and `es` are positions in the arrays of the answer; None where the clip does not show them.

    `reason` says why the beat gives no ejection fraction; it is None for a beat that is used. The ejection fraction,
    the volumes and the fractional area change are None if it is not used.
    """

    number: int
    """From 1, in order of time."""
    ed: int | None
    es: int | None
    ed_time_s: float | None
    es_time_s: float | None
    edv_px3: float | None = None
    esv_px3: float | None = None
    ef_percent: float | None = None
    fac_percent: float | None = None
    trusted: bool = False
    """Whether the frames that decide its ejection fraction are trusted."""
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether the clip's answer can be trusted: one sentence, and the reasons, if not. It counts ED and ES frames."""

    trusted: bool
    text: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameTrust:
    """What Dice to expect of each frame's mask, with an 80 % interval, and what is odd about it (short words)."""

    dice_N: NDArray[np.float64]
    low_N: NDArray[np.float64]
    high_N: NDArray[np.float64]
    flags_N: tuple[tuple[str, ...], ...]

    @property
    def trusted_N(self) -> NDArray[np.bool_]:
        """Which frames are trusted. An expected Dice that is not known is none to trust."""
        return self.dice_N >= LEAST_DICE


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """The part of a clip's picture that pages and overlays show: the sector alone, unless the user asked for all."""

    left: int
    top: int
    width: int
    height: int
    shown_HW: NDArray[np.bool_] | None = None
    """Which pixels of the clip are shown; the others are black. None: all."""

    def show(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the shown part of a picture (H, W) or (H, W, 3) of the clip; the rest of its box is black."""
        box = (slice(self.top, self.top + self.height), slice(self.left, self.left + self.width))
        part = picture[box].copy()
        if self.shown_HW is not None:
            part[~self.shown_HW[box]] = 0
        return part


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipAnswer:
    """Everything that is known of a clip after it was predicted. All arrays have one item per decoded frame."""

    clip: str
    """The name of the clip's file, as it may be shown."""
    synthetic: bool
    """Whether it is a clip of the phantom."""
    lvzoo: str
    """The version of lvzoo."""
    models: tuple[ModelUsed, ...]
    size_HW: tuple[int, int]
    fps: float | None
    view: View
    frame_numbers_N: NDArray[np.int64]
    """The number of each frame in the file, from 0. Damaged frames leave gaps."""
    times_s_N: NDArray[np.float64] | None
    """None if the times are not known."""
    outlines: tuple[NDArray[np.float32] | None, ...]
    """The outline of each frame's mask: a closed polygon (P, 2), (x, y) px; None for an empty mask."""
    check_outlines: tuple[NDArray[np.float32] | None, ...]
    """The outline of the second opinion, likewise; empty if there is none."""
    areas_px2_N: NDArray[np.float64]
    lengths_px_N: NDArray[np.float64]
    volumes_px3_N: NDArray[np.float64]
    """By the method of disks."""
    trust: FrameTrust
    beats: tuple[ClipBeat, ...]
    ef_percent: float | None
    """Mean over the beats used; None without a whole beat, and then `ef_reason` says why."""
    ef_sd_percent: float | None
    ef_median_percent: float | None
    fac_percent: float | None
    heart_rate_bpm: float | None
    ef_reason: str | None
    mm_per_px: float | None
    """The size of a pixel where its calibration is trusted; None otherwise, and then `no_ml_reason` says why."""
    no_ml_reason: str | None
    verdict: Verdict
    warnings: tuple[str, ...]

    @property
    def ml_per_px3(self) -> float | None:
        """The factor from px³ to millilitres; None where the calibration is not trusted."""
        return None if self.mm_per_px is None else self.mm_per_px**3 / 1000
