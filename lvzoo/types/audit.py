"""Records of `lvzoo data check`: what was read from a data set, which checks were made, and what they found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lvzoo.types.frames import SPLITS

if TYPE_CHECKING:
    from lvzoo.types.frames import Finding, Phase, Split


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitCounts:
    """How many videos and frames of a split are used."""

    videos: int
    frames: int
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QuirkCount:
    """One quirk, whether frames are left out for it, and its findings."""

    quirk: str
    excluded: bool
    findings: tuple[Finding, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The videos in which the quirk was found, each once."""
        return tuple(dict.fromkeys(finding.name for finding in self.findings))


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A data set in numbers. Quirks for which frames are left out come first, and frequent ones before rare ones."""

    name: str
    version: str
    synthetic: bool
    splits: Mapping[Split, SplitCounts]
    """The splits that the data set has and that can be used."""
    quirks: tuple[QuirkCount, ...]
    errors: Mapping[Split, str] = field(default_factory=dict)
    """The splits that the data set has but that cannot be used, each with the reason."""

    @property
    def absent(self) -> tuple[Split, ...]:
        """The splits that the data set does not have."""
        return tuple(split for split in SPLITS if split not in self.splits and split not in self.errors)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a labelled frame is: in which split and video, and at which position of the split's `FrameSet`."""

    split: Split
    patient: str
    video: str
    frame: int
    phase: Phase
    index: int

    def __str__(self) -> str:
        """Return the place in words: "0X12 (train), frame 46, ED".

        The patient is named if the name of the video lacks it.
        """
        patient = "" if self.patient in self.video else f"patient {self.patient}, "
        return f"{patient}{self.video} ({self.split}), frame {self.frame}, {self.phase}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Oddity:
    """One frame, video or patient that somebody should look at."""

    place: Place
    """The frame, or the first frame of the video or patient."""
    detail: str
    """What was measured, in words."""
    strangeness: float
    """How strange it is, from 0 on. 1 is just beyond the limit of the check."""
    like: Place | None = None
    """The other frame, if two frames are alike."""

    def __str__(self) -> str:
        """Return the oddity in one line."""
        other = "" if self.like is None else f", and {self.like}"
        return f"{self.place}{other}{': ' * bool(self.detail)}{self.detail}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check and everything that it found, the strangest first."""

    name: str
    """What is odd, in words."""
    limit: str
    """From where on it is odd, in words."""
    oddities: tuple[Oddity, ...] = ()
    leak: bool = False
    """Whether a finding means that the test split is not independent of the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """Everything that `lvzoo data check` says about a data set."""

    summary: Summary
    counts: Mapping[str, Mapping[Split, int]]
    """The number of patients, and that of the frames of each phase, view and quality: "view 4CH" by split."""
    checks: tuple[Check, ...]
    """Every check that was made, also those that found nothing."""
    extremes: tuple[Oddity, ...] = ()
    """The frames at the ends of what was measured, whether beyond a limit or not."""

    @property
    def leaks(self) -> tuple[Check, ...]:
        """The checks that found that splits are not independent of each other."""
        return tuple(check for check in self.checks if check.leak and check.oddities)

    @property
    def found(self) -> tuple[Check, ...]:
        """The checks that found something; leaks come first."""
        return tuple(
            sorted((check for check in self.checks if check.oddities), key=lambda check: not check.leak)
        )

    def as_json(self) -> dict[str, Any]:
        """Return everything in the form of JSON; the fields of the summary stand at the top."""
        return {
            **dataclasses.asdict(self.summary),
            "counts": {name: dict(counts) for name, counts in self.counts.items()},
            "checks": [dataclasses.asdict(check) for check in self.checks],
            "extremes": [dataclasses.asdict(oddity) for oddity in self.extremes],
        }
