"""Summarises a data set for `lvzoo data check`: how much of it is used, and every quirk with its count and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lvzoo.data.quirks import FAILURES
from lvzoo.errors import DataError, NoSplitError
from lvzoo.interfaces import Dataset
from lvzoo.types import SPLITS, Finding, FrameSet, Split
from lvzoo.types.audit import QuirkCount, SplitCounts, Summary


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The splits that a data set has: their frames, or the reason why a split cannot be used."""

    frames: Mapping[Split, FrameSet]
    errors: Mapping[Split, DataError]


def load_splits(dataset: Dataset) -> Loaded:
    """Load every split that a data set has. It may have a test split alone.

    Raises:
        DataError: files are missing or do not parse, there is no test split, or no split has a usable frame.
    """
    errors: dict[Split, DataError] = {}
    frames: dict[Split, FrameSet] = {}
    for split in SPLITS:
        try:
            frames[split] = dataset.load(split)
        except NoSplitError:
            if split == "test":
                raise
        except DataError as error:
            errors[split] = error
    if not frames:
        raise next(iter(errors.values()))
    return Loaded(frames=frames, errors=errors)


def summarise(loaded: Loaded) -> Summary:
    """Count the videos, frames and findings of each split."""
    # An ordered set, because findings that belong to no split come with each split
    findings: dict[Finding, None] = {}
    for frames in loaded.frames.values():
        findings |= dict.fromkeys(frames.source.findings)
    source = list(loaded.frames.values())[-1].source
    return Summary(
        name=source.name,
        version=source.version,
        synthetic=source.synthetic,
        splits={
            split: SplitCounts(
                videos=len(set(frames.videos)), frames=len(frames), fingerprint=frames.source.fingerprint
            )
            for split, frames in loaded.frames.items()
        },
        quirks=_group_by_quirk(findings),
        errors={split: str(error) for split, error in loaded.errors.items()},
    )


def find_undecoded(summary: Summary) -> list[str]:
    """Return the names of the videos that could not be decoded, or not completely, each once."""
    texts = [quirk.text for quirk in FAILURES]
    return list(
        dict.fromkeys(name for quirk in summary.quirks if quirk.quirk in texts for name in quirk.names)
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
