"""Summarises a data set for `lvzoo data check`: how much of it is used, and every quirk with its count and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lvzoo.data.quirks import FAILURES
from lvzoo.errors import DataError, NoSplitError
from lvzoo.interfaces import Dataset
from lvzoo.types import SPLITS, Finding, Source, Split


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

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings on videos and frames that could not be decoded."""
        texts = [quirk.text for quirk in FAILURES]
        return tuple(finding for quirk in self.quirks if quirk.quirk in texts for finding in quirk.findings)


def summarise(dataset: Dataset) -> Summary:
    """Load every split, and count its videos, frames and findings. A data set may have a test split alone.

    Raises:
        DataError: files are missing or do not parse, there is no test split, or no split has a usable frame.
    """
    errors: dict[Split, DataError] = {}
    splits: dict[Split, SplitCounts] = {}
    # An ordered set, because findings that belong to no split come with each split
    findings: dict[Finding, None] = {}
    source: Source | None = None
    for split in SPLITS:
        try:
            frames = dataset.load(split)
        except NoSplitError:
            if split == "test":
                raise
            continue
        except DataError as error:
            errors[split] = error
            continue
        source = frames.source
        splits[split] = SplitCounts(
            videos=len(set(frames.videos)), frames=len(frames), fingerprint=source.fingerprint
        )
        findings |= dict.fromkeys(source.findings)
    if source is None:
        raise next(iter(errors.values()))
    return Summary(
        name=source.name,
        version=source.version,
        synthetic=source.synthetic,
        splits=splits,
        quirks=_group_by_quirk(findings),
        errors={split: str(error) for split, error in errors.items()},
    )


def _group_by_quirk(findings: Iterable[Finding]) -> tuple[QuirkCount, ...]:
    groups: dict[tuple[str, bool], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.quirk, finding.excluded), []).append(finding)
    counts = [
        QuirkCount(quirk=quirk, excluded=excluded, findings=tuple(found))
        for (quirk, excluded), found in groups.items()
    ]
    return tuple(sorted(counts, key=lambda count: (not count.excluded, -len(count.findings))))
