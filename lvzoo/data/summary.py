"""What `lvzoo data check` tells: how much of a data set can be used, and every quirk with its count and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvzoo.types import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lvzoo.interfaces import Dataset
    from lvzoo.types import Finding, Source, Split


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitCounts:
    """How much of a split is used."""

    videos: int
    frames: int
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QuirkCount:
    """One quirk, whether it costs frames, and each finding of it."""

    quirk: str
    excluded: bool
    findings: tuple[Finding, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The videos in which it was found, each once."""
        return tuple(dict.fromkeys(finding.name for finding in self.findings))


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A data set in numbers; the quirks that cost frames come first, the frequent before the rare."""

    name: str
    version: str
    synthetic: bool
    splits: Mapping[Split, SplitCounts]
    quirks: tuple[QuirkCount, ...]


def summarise(dataset: Dataset) -> Summary:
    """Load every split and count what is there.

    Raises:
        DataError: files are missing or do not parse, or a split has no usable frame.
    """
    splits: dict[Split, SplitCounts] = {}
    findings: dict[Finding, None] = {}  # an ordered set: what is of no split is found in each of them
    source: Source | None = None
    for split in SPLITS:
        frames = dataset.load(split)
        source = frames.source
        splits[split] = SplitCounts(
            videos=len(set(frames.videos)), frames=len(frames), fingerprint=source.fingerprint
        )
        findings |= dict.fromkeys(source.findings)
    assert source is not None  # noqa: S101 - there are splits
    return Summary(
        name=source.name,
        version=source.version,
        synthetic=source.synthetic,
        splits=splits,
        quirks=_grouped(findings),
    )


def _grouped(findings: Iterable[Finding]) -> tuple[QuirkCount, ...]:
    groups: dict[tuple[str, bool], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.quirk, finding.excluded), []).append(finding)
    counts = [
        QuirkCount(quirk=quirk, excluded=excluded, findings=tuple(found))
        for (quirk, excluded), found in groups.items()
    ]
    return tuple(sorted(counts, key=lambda count: (not count.excluded, -len(count.findings))))
