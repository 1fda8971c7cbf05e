"""Sorts the findings of a data set, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lvzoo.types import FrameSet


def find(frames: FrameSet) -> dict[str, list[str]]:
    """Return the names and details of the findings by their texts."""
    found: dict[str, list[str]] = {}
    for finding in frames.source.findings:
        found.setdefault(finding.quirk, []).append(f"{finding.name}: {finding.detail}".removesuffix(": "))
    return found
