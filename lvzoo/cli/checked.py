"""Prints what `lvzoo data check` found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lvzoo.errors import name_some

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lvzoo.types.audit import Audit, Summary

MOST_NAMES: Final = 10
"""How many findings of one quirk or check are printed; --json prints all."""


def list_lines(audit: Audit) -> Iterator[str]:
    """Yield the lines of an audit: tables of the splits and frames, then each quirk and check with its findings."""
    summary = audit.summary
    yield f"{summary.name} ({summary.version}){', synthetic' * summary.synthetic}"
    yield ""
    yield from _list_splits(summary)
    yield ""
    yield from _list_counts(audit)
    if summary.absent:
        names = " or ".join(summary.absent)
        yield from (
            "",
            f"no {names} split: `lvzoo eval` can test models on this data set, but nothing can be trained",
        )
    if not summary.quirks and not audit.found:
        yield from ("", "nothing unusual was found")
    for quirk in summary.quirks:
        title = f"{'excluded' if quirk.excluded else 'noted'}: {quirk.quirk}"
        found = [f"{each.name}{': ' * bool(each.detail)}{each.detail}" for each in quirk.findings]
        yield from _list_findings(title, found)
    for check in audit.found:
        title = f"{'leak' if check.leak else 'odd'}: {check.name}: {check.limit}"
        yield from _list_findings(title, [str(oddity) for oddity in check.oddities])


def list_failures(audit: Audit, undecoded: Sequence[str]) -> Iterator[str]:
    """Yield one line for each reason why the data set should not be used as it is; `undecoded` names videos."""
    for split, reason in audit.summary.errors.items():
        yield f"failed: {split}: {reason}"
    if undecoded:
        names = name_some(undecoded)
        yield f"failed: {names}: not decoded, or not completely; copy them again from their source"
    for check in audit.leaks:
        names = name_some([str(oddity) for oddity in check.oddities], separator="; ")
        yield f"failed: {check.name}: {names}; put both into one split, or leave one out"


def _list_splits(summary: Summary) -> Iterator[str]:
    yield f"{'SPLIT':<7}{'VIDEOS':>8}{'FRAMES':>8}  FINGERPRINT"
    for split, counts in summary.splits.items():
        yield f"{split:<7}{counts.videos:>8,}{counts.frames:>8,}  {counts.fingerprint}"


def _list_counts(audit: Audit) -> Iterator[str]:
    splits = list(audit.summary.splits)
    width = max(map(len, audit.counts)) + 2
    yield f"{'COUNT':<{width}}" + "".join(f"{split.upper():>8}" for split in splits)
    for name, counts in audit.counts.items():
        yield f"{name:<{width}}" + "".join(f"{counts[split]:>8,}" for split in splits)


def _list_findings(title: str, findings: Sequence[str]) -> Iterator[str]:
    yield ""
    yield f"{title} ({len(findings):,})"
    for finding in findings[:MOST_NAMES]:
        yield f"  {finding}"
    if len(findings) > MOST_NAMES:
        yield f"  and {len(findings) - MOST_NAMES:,} more; --json prints all of them"
